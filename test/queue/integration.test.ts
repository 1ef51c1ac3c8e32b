import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { beadOwner, integrationOwner, refinery } from '../../src/events/address.ts'
import { Repository, RIG } from './repository.ts'
import { QueueTown, type Waiting } from './town.ts'

const EPIC = 'sh-e'
const BRANCH = `integration/${EPIC}`

const bead = (id: string, beadType: string, parent: string | null) => ({
  to: beadOwner(id),
  message: {
    type: 'bead.create',
    rig: RIG,
    title: `Do ${id}`,
    description: '',
    beadType,
    priority: 2,
    labels: [],
    parent,
    needs: [],
  },
})

test('[REFINERY-90] [REFINERY-91] [REFINERY-93] [INTEGRATION-2] work below an epic lands on its branch beside the target, and the branch lands as a whole', async () => {
  const repository = await Repository.make()
  const town = new QueueTown(repository)
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', repository.origin, ...args], { encoding: 'utf8' }).trim()
  const rest = async () => {
    while (await town.step());
  }
  const submit = async (id: string, files: readonly (readonly [string, string])[]) => {
    const waiting = [...town.waiting.values()].find((one) => one.bead === id) as Waiting
    const head = repository.commit(waiting.branch, begun, new Map([...base, ...files]))
    await town.done(waiting, head)
  }
  const base = new Map([0, 1, 2, 3].map((n) => [`f${n}`, git('show', `main:f${n}`)] as const))
  const begun = repository.head
  const land = () =>
    town.say(
      { to: beadOwner(EPIC), message: { type: 'bead.handIn', head: begun } },
      { to: integrationOwner(RIG, EPIC), message: { type: 'integration.land', method: 'merge' } },
      { to: refinery(RIG, EPIC), message: { type: 'refinery.seal', epic: EPIC } },
    )
  try {
    await town.install({})
    await town.say(bead(EPIC, 'epic', null))
    await town.say({
      to: integrationOwner(RIG, EPIC),
      message: { type: 'integration.create', branch: BRANCH, prefix: 'sh' },
    })
    await rest()
    expect(town.facts('IntegrationCreated')).toMatchObject([{ branch: BRANCH, base: begun }])
    for (const id of ['sh-a', 'sh-b']) town.epics.set(id, EPIC)
    for (const id of ['sh-a', 'sh-b']) await town.say(bead(id, 'task', EPIC))
    await town.say(bead('sh-c', 'task', null))
    for (const id of ['sh-a', 'sh-b', 'sh-c']) await town.sling(id)
    await submit('sh-a', [['f0', 'a']])
    await submit('sh-c', [['f1', 'c']])
    // Two targets of one rig are built at the same time.
    expect(town.pending.filter((kind) => kind === 'merge.build')).toHaveLength(2)
    // It does not land while work is in line.
    expect(await land()).toBe(false)
    await rest()
    const first = git('rev-parse', BRANCH)
    expect(git('show', '-s', '--format=%(trailers:key=Bead,valueonly)', BRANCH)).toBe('sh-a')
    expect(git('show', '-s', '--format=%(trailers:key=Bead,valueonly)', 'main')).toBe('sh-c')
    expect(git('show', 'main:f0')).toBe(base.get('f0'))

    // A bead below it is open: it stays, and says so.
    expect(await land()).toBe(true)
    await rest()
    expect(town.facts('IntegrationNotLanded')).toMatchObject([{ code: 'INTEGRATION_NOT_READY' }])
    expect(String(town.facts('IntegrationNotLanded')[0]?.message)).toContain('sh-b is not closed')
    await submit('sh-b', [['f2', 'b']])
    await rest()
    expect(git('rev-parse', `${BRANCH}^`)).toBe(first)
    const whole = git('rev-parse', BRANCH)
    const before = git('rev-parse', 'main')

    expect(await land()).toBe(true)
    await rest()
    expect(git('show', '-s', '--format=%P', 'main')).toBe(`${before} ${whole}`)
    expect(['f0', 'f1', 'f2'].map((file) => git('show', `main:${file}`))).toEqual(['a', 'c', 'b'])
    expect(town.facts('MergeLanded').map((fact) => fact.bead)).toEqual(
      expect.arrayContaining(['sh-a', 'sh-b', 'sh-c', EPIC]),
    )
    expect(town.system.owner(beadOwner(EPIC))?.value).toBe('closed')
    expect(town.facts('IntegrationBranchRemoved')).toHaveLength(1)
    expect(git('for-each-ref', '--format=%(refname:short)', 'refs/heads')).not.toContain(BRANCH)
    expect(town.trouble).toEqual([])
  } finally {
    await town.close()
    repository.remove()
  }
})
