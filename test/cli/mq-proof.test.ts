import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Message } from '../../src/events/index.ts'
import { gateResult, message } from '../support/messages.ts'
import { type CliTown, createCliTown } from './town.ts'

let town: CliTown
beforeEach(async () => {
  town = await createCliTown()
})
afterEach(() => town.close())

const built = message('merge.built')

/** The Refinery of shop hears this. */
async function hears(...messages: Message[]): Promise<void> {
  for (const [n, each] of messages.entries()) {
    const id = `t-${town.town.system.seq}-${n}`
    const said = { id, by: 'worker', messages: [{ to: 'shop/refinery', message: each }] }
    expect((await town.town.system.take(said, { settled: true })).accepted).toBe(true)
  }
}
const tests = { ran: 7, red: [], skipped: 0, complete: true }
const land = (bead: string) =>
  hears(
    message('MERGE_READY', { bead }),
    built,
    message('gates.ran', { mergeRequest: built.mergeRequest, results: [{ ...gateResult('passed'), tests }] }),
    message('target.advanced', { head: built.commit }),
  )

test('gt mq audit holds the target against the receipts, and says by its exit whether they agree', async () => {
  const bead = await town.bead('Fix the cart')
  await land(bead)
  const asked: unknown[] = []
  const { repositories } = town.town
  if (repositories === null) throw new Error('not here')
  const { auditTarget } = repositories
  const findings = { unreceipted: [], gone: [] } as { unreceipted: object[]; gone: object[] }
  Object.assign(repositories, {
    auditTarget: async (input: Parameters<typeof auditTarget>[0]) => {
      asked.push(input)
      const counts = { unreceiptedCount: findings.unreceipted.length, goneCount: findings.gone.length }
      return { ...(await auditTarget(input)), ...findings, ...counts, stale: 'no answer' }
    },
  })
  const clean = await town.gt('mq', 'audit')
  expect(clean).toMatchObject({ code: 0, err: '' })
  expect(clean.out).toContain('each has its receipt, and each receipt its commit')
  expect(clean.out).toContain('! as it was seen last: no answer')
  expect(asked).toMatchObject([
    {
      rig: 'shop',
      target: 'main',
      since: 'b'.repeat(40),
      head: null,
      receipts: [{ commit: built.commit, base: built.base }],
    },
  ])

  // Taken back, it is on the target all the same.
  const [row] = town.town.projections.mergeQueue.rows.values()
  Object.assign(row ?? {}, { state: 'reverted' })
  await town.gt('mq', 'audit')
  expect(asked.at(-1)).toMatchObject({ receipts: [{ commit: built.commit }] })

  const who = {
    author: { name: 'Ada\u001b[2J', email: 'a@x' },
    at: '2027-01-01T10:00:00.000Z',
    title: 'By hand',
  }
  findings.unreceipted = [{ commit: 'd'.repeat(40), ...who }]
  findings.gone = [{ commit: built.commit, author: null, at: null, title: null }]
  const found = await town.gt('mq', 'audit', 'shop')
  expect(found.code).toBe(1)
  expect(found.out).toContain('1 commit without a receipt')
  expect(found.out).toMatch(/dddddddddddd {2}2027-01-01 .*Ada.* {2}By hand/)
  expect(found.out).not.toContain('\u001b')
  expect(found.out).toMatch(/1 receipt of which the commit is on main no more\n.*gt mq receipt sh-/)
  const json = JSON.parse((await town.gt('mq', 'audit', 'shop', '--json')).out)
  expect(json).toMatchObject({ ok: false, gone: [{ bead, commit: built.commit }] })

  // From a moment on, and as of one.
  const { seq } = town.town.system
  await town.gt('mq', 'audit', 'shop', '--since', String(seq))
  expect(asked.at(-1)).toMatchObject({ since: built.commit, receipts: [] })
  await town.gt('mq', 'audit', 'shop', '--at', String(seq))
  expect(asked.at(-1)).toMatchObject({ since: 'b'.repeat(40), head: built.commit })
  expect((await town.gt('mq', 'audit', 'barn', '--json')).err).toContain('RIG_NOT_FOUND')
})

test('gt mq packet says what a reviewer asks, as text, as Markdown and as JSON, now and as of a moment', async () => {
  const description = 'Sum it.\n\n## Acceptance\n\n- [ ] the sum is right\n\n## Files\n- src/cart'
  const bead = await town.bead('Fix the cart', { description })
  const ours = message('MERGE_READY', { bead })
  await hears(ours, built)
  const { seq } = town.town.system
  await hears(
    message('gates.ran', { mergeRequest: built.mergeRequest, results: [{ ...gateResult('passed'), tests }] }),
    message('target.advanced', { head: built.commit }),
  )
  const json = JSON.parse((await town.gt('mq', 'packet', bead, '--json')).out)
  expect(json).toMatchObject({
    bead: { id: bead, title: 'Fix the cart' },
    state: 'landed',
    criteria: [{ text: 'the sum is right', done: false }],
    paths: ['src/cart'],
    outside: ['a.txt'],
    change: { changed: 1, added: 1, removed: 0 },
    gates: [{ name: 'test', outcome: 'passed', tests }],
    tests: { before: null, after: { ran: 7, red: 0, skipped: 0 } },
    attempts: [{ n: 1, outcome: 'landed' }],
    cost: null,
  })
  expect(json.gates[0]).not.toHaveProperty('logTail')
  const text = (await town.gt('mq', 'packet', bead)).out
  for (const line of [
    `${bead}  Fix the cart`,
    '  [ ] the sum is right  (no evidence given)',
    '! 1 outside of the paths that the bead states',
    'tests: not counted before, 7 after',
    'cost: nothing is known',
  ])
    expect(text.split('\n')).toContain(line)
  expect((await town.gt('mq', 'packet', bead, '--markdown')).out).toMatch(/^## Fix the cart\n\nBead `/)
  const then = JSON.parse((await town.gt('mq', 'packet', bead, '--json', '--at', String(seq))).out)
  expect(then).toMatchObject({ state: 'testing', gates: [], landedAt: null, seq, change: { changed: 1 } })
  // With nobody to look into the repository the rest is told all the same.
  Object.assign(town.town, { repositories: null })
  expect((await town.gt('mq', 'packet', bead)).out).toContain('files: not counted: The town is not up')
  expect((await town.gt('mq', 'packet', 'sh-nope', '--json')).err).toContain('MERGE_REQUEST_NOT_FOUND')
})

test('[REFINERY-49] what an agent says for its work stands beside each criterion, of the commit that it submitted alone', async () => {
  await town.command('rig.add', { name: 'shop', source: '/code/shop' })
  await town.command('config.set', { key: 'agents.mine.command', value: ['/bin/true'] })
  await town.command('config.set', { key: 'agents.default', value: 'mine' })
  const description = '## Acceptance\n\n- [x] the sum is right\n- [ ] it is quick'
  const bead = await town.bead('Fix the cart', { description })
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
  expect((await town.gtInSession('prime')).out).toContain('gt done --evidence "1: ')
  const claims = [
    '--evidence',
    '1: test/sum.test.ts is green',
    '--evidence',
    'npm test',
    '--evidence',
    '7: x',
  ]
  const done = JSON.parse((await town.gtInSession('done', ...claims, '--json')).out)
  await hears(message('MERGE_READY', { bead, head: done.head }))
  const packet = async () => JSON.parse((await town.gt('mq', 'packet', bead, '--json')).out)
  expect(await packet()).toMatchObject({
    criteria: [
      { text: 'the sum is right', done: true, evidence: ['test/sum.test.ts is green'] },
      { text: 'it is quick', done: false, evidence: [] },
    ],
    evidence: ['npm test', 'x'],
  })
  const { out } = await town.gt('mq', 'packet', bead)
  expect(out).toContain('[x] the sum is right  (test/sum.test.ts is green)')
  expect(out).toContain('[ ] it is quick  (no evidence given)')
  const anew = { bead, head: 'e'.repeat(40), sandbox: 'shop/polecats/slit/sandboxes/9' }
  await hears(message('MERGE_READY', anew))
  expect(JSON.parse((await town.gt('mq', 'packet', 'mr-2', '--json')).out)).toMatchObject({ evidence: [] })
})
