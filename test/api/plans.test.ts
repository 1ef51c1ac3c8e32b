import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTown, type TestTown, tokenOf } from './town.ts'

let town: TestTown
beforeEach(async () => {
  town = await createTown()
  const owner = { name: 'Ada', email: 'ada@example.org' }
  const settings = { 'agents.default': 'mine', 'agents.mine.command': ['/bin/true'] }
  await town.town.system.take({
    id: 'install',
    by: 'overseer',
    messages: [
      { to: 'town', message: { type: 'town.install', townId: 't1', name: 'test', owner, settings } },
    ],
  })
})
afterEach(() => town.close())

const bead = (key: string, more: object = {}) => ({ key, rig: 'shop', title: `Do ${key}`, ...more })
const two = {
  title: 'A cart',
  beads: [bead('b', { needs: ['a'] }), bead('a', { acceptance: ['it works'], description: 'All of it.' })],
}
const beads = async () => (await town.get('/v1/beads')).body.items as { id: string; needs: string[] }[]
const propose = async (plan: object, token?: string) => (await town.command('plan.propose', plan, token)).body

async function mayor(): Promise<string> {
  const started = await town.command('mayor.start')
  expect(started.body).toMatchObject({ agent: 'mayor', session: 'mayor/sessions/1', resumed: false })
  return tokenOf('mayor/sessions/1')
}

test('[PLAN-1] a plan is shown whole and makes nothing; the person’s yes makes its beads, and hands them over', async () => {
  const { id, decision } = await propose(two)
  expect(await beads()).toEqual([])
  const [open] = (await town.get('/v1/decisions')).body.items
  expect(open).toMatchObject({ id: decision, kind: 'plan', choices: ['file', 'sling', 'no'], bead: null })
  expect(open.context.command).toBe('a  shop  P2  Do a\n    - [ ] it works\nb  shop  P2  Do b\n    needs a')
  const answered = await town.command('decision.answer', { decision: id, choice: 'sling' })
  const [a, b] = answered.body.plan.beads
  expect(answered.body.plan).toMatchObject({ id, state: 'slung' })
  expect((await town.get(`/v1/beads/${b}`)).body).toMatchObject({
    title: 'Do b',
    needs: [a],
    openNeeds: [a],
    stage: 'queued',
    waitingFor: { kind: 'bead', id: a },
  })
  expect((await town.get(`/v1/beads/${a}`)).body).toMatchObject({
    description: 'All of it.\n\n## Acceptance\n\n- [ ] it works',
    assignee: 'shop/polecats/nux',
    dependents: [b],
  })
  expect((await town.command('decision.answer', { decision: id, choice: 'no' })).body.code).toBe(
    'DECISION_OVER',
  )
})

test('[PLAN-2] a plan of a hundred beads that need each other is made by one answer', async () => {
  const all = Array.from({ length: 100 }, (_, n) => bead(`k${n}`, { needs: n === 0 ? [] : [`k${n - 1}`] }))
  const { id } = await propose({ beads: all.toReversed() })
  const { body } = await town.command('decision.answer', { decision: id, choice: 'file' })
  expect(body.plan.beads).toHaveLength(100)
  expect(await beads()).toHaveLength(100)
})

test('[PLAN-2] when one bead cannot be made none is, and the plan says why', async () => {
  const { id, beads: ids } = await propose(two)
  // Somebody else makes a bead with that very id.
  const create = { rig: 'shop', title: 'Mine', description: '', beadType: 'task', priority: 2 } as const
  await town.town.system.take({
    id: 'x',
    by: 'overseer',
    messages: [
      {
        to: `beads/${ids[1]}`,
        message: { type: 'bead.create', ...create, labels: [], parent: null, needs: [] },
      },
    ],
  })
  const { body } = await town.command('decision.answer', { decision: id, choice: 'sling' })
  expect(body.plan).toMatchObject({ state: 'notFiled' })
  expect(body.plan.reason).not.toBe('')
  expect((await beads()).map((one) => one.id)).toEqual([ids[1]])
})

test('what is wrong with a plan is said all at once, and nothing is changed', async () => {
  const seq = town.town.system.seq
  const { code, detail, details } = await propose({
    beads: [
      bead('a', { needs: ['b'] }),
      bead('b', { needs: ['a', 'sh-nothing'] }),
      bead('a'),
      bead('c', { rig: 'nowhere' }),
      bead('d', { agent: 'nobody' }),
    ],
  })
  expect(code).toBe('PLAN_INVALID')
  expect(detail).toContain('Two beads have the key a.')
  expect(details.problems).toEqual([
    'Two beads have the key a.',
    'c: There is no rig nowhere.',
    expect.stringContaining('b: There is no bead sh-nothing.'),
    expect.stringMatching(/^d: /),
  ])
  expect((await propose({ beads: [bead('a', { needs: ['b'] }), bead('b', { needs: ['a'] })] })).detail).toBe(
    'These would wait for each other: a needs b needs a.',
  )
  expect((await propose({ beads: [bead('a', { need: ['b'] })] })).code).toBe('INPUT_INVALID')
  expect(town.town.system.seq).toBe(seq)
})

test('needs may be beads that there are', async () => {
  const old = await town.bead('Old')
  const { id } = await propose({ beads: [bead('a', { needs: [old] })] })
  const { body } = await town.command('decision.answer', { decision: id, choice: 'file' })
  expect((await town.get(`/v1/beads/${body.plan.beads[0]}`)).body.needs).toEqual([old])
})

test('[PLAN-6] a plan as it is shown can be changed and proposed again; the first one is over', async () => {
  const token = await mayor()
  const { id } = await propose(two, token)
  const shown = (await town.get(`/v1/plans/${id}`)).body
  expect(shown.beads.map((one: { key: string; needs: string[] }) => [one.key, one.needs])).toEqual([
    ['a', []],
    ['b', ['a']],
  ])
  const changed = { title: shown.title, beads: shown.beads.slice(0, 1), replaces: id }
  const again = await propose(changed)
  expect(again.beads).toHaveLength(1)
  expect((await town.command('decision.answer', { decision: id, choice: 'sling' })).body.code).toBe(
    'DECISION_OVER',
  )
  expect((await town.get(`/v1/plans/${id}`)).body).toMatchObject({ state: 'replaced', reason: again.id })
  expect((await propose(changed)).code).toBe('PLAN_OVER')
  await town.command('decision.answer', { decision: again.id, choice: 'file' })
  // Who wrote the first one is told.
  const [nudge] = (await town.get('/v1/nudges?agent=mayor')).body.items
  expect(nudge).toMatchObject({ to: 'mayor', session: 'mayor/sessions/1' })
  expect(nudge.summary).toContain(`The answer to your plan ${again.id} is yes, filed: a is ${again.beads[0]}`)
})

test('the same call proposes once', async () => {
  const first = await propose({ ...two, id: 'call-1' })
  expect(await propose({ ...two, id: 'call-1' })).toMatchObject({ id: first.id, beads: first.beads })
  expect((await town.get('/v1/plans')).body.items).toHaveLength(1)
})

test('the Mayor reads the whole town, and makes nothing without a plan', async () => {
  const id = await town.bead('Old')
  const token = await mayor()
  for (const path of ['/v1/status', '/v1/beads', `/v1/beads/${id}`, '/v1/agents', '/v1/costs', '/v1/rigs'])
    expect([path, (await town.get(path, token)).status]).toEqual([path, 200])
  for (const path of ['/v1/settings', '/v1/records', '/v1/peek/mayor', '/v1/log/stats'])
    expect([path, (await town.get(path, token)).body.code]).toEqual([path, 'FORBIDDEN'])
  for (const [name, input] of [
    ['bead.create', { title: 'Mine' }],
    ['bead.close', { bead: id }],
    ['sling', { beads: [id] }],
    ['decision.answer', { decision: '1', choice: 'sling' }],
    ['mayor.start', {}],
    ['config.set', { key: 'agents.default', value: 'mine' }],
  ] as const)
    expect([name, (await town.command(name, input, token)).body.code]).toEqual([name, 'FORBIDDEN'])
  expect((await town.command('bead.comment', { bead: id, text: 'See the plan.' }, token)).status).toBe(200)
  expect((await town.command('done', {}, token)).body.code).toBe('AGENT_HAS_NO_WORK')
})

test('a session of the Mayor that is over speaks no more', async () => {
  const token = await mayor()
  const took = await town.command('mayor.stop')
  expect(took.body).toMatchObject({ agent: 'mayor', session: 'mayor/sessions/1' })
  await town.town.system.take({
    id: 'gone',
    by: 'host',
    messages: [
      {
        to: 'mayor/sessions/1',
        message: { type: 'session.exited', ending: { kind: 'killed', signal: 'SIGTERM' } },
      },
    ],
  })
  expect((await propose(two, token)).code).toBe('ASSIGNMENT_OVER')
  expect((await town.get('/v1/beads', token)).body.code).toBe('ASSIGNMENT_OVER')
})

test('a polecat proposes no plan, and reads none', async () => {
  await town.command('sling', { beads: [await town.bead('Work')] })
  const token = tokenOf('shop/polecats/nux/sessions/1.1')
  expect((await propose(two, token)).code).toBe('FORBIDDEN')
  expect((await town.get('/v1/plans', token)).body.code).toBe('FORBIDDEN')
})
