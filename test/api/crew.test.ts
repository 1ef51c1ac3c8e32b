import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTown, HEAD, type TestTown, tokenOf } from './town.ts'

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

const ADA = 'shop/crew/ada'
const SESSION = `${ADA}/sessions/1`

async function ada(): Promise<string> {
  await town.command('crew.add', { name: 'ada', rig: 'shop' })
  await town.command('crew.start', { crew: 'ada' })
  return tokenOf(SESSION)
}

test('a crew member is added, started, shown, and stopped', async () => {
  const made = await town.command('crew.add', { name: 'ada' })
  expect(made.body).toMatchObject({ agent: ADA, rig: 'shop', branch: 'crew/ada' })
  expect((await town.command('crew.add', { name: 'ada' })).body.code).toBe('CREW_EXISTS')
  const [row] = (await town.get('/v1/agents?role=crew')).body.items
  expect(row).toMatchObject({ address: ADA, role: 'crew', rig: 'shop', state: 'idle', session: null })
  const started = await town.command('crew.start', { crew: 'ada' })
  expect(started.body).toMatchObject({ agent: ADA, session: SESSION, resumed: false })
  expect((await town.get('/v1/agents/crew%2Fada')).body).toMatchObject({ state: 'working', session: SESSION })
  expect((await town.command('crew.start', { crew: ADA })).body.code).toBe('CREW_AT_WORK')
  expect((await town.command('crew.stop', { crew: 'shop/ada' })).body).toMatchObject({ session: SESSION })
})

test('a name that is none, a rig that is none, and a crew member that is none are refused', async () => {
  expect((await town.command('crew.add', { name: '../x' })).body.code).toBe('NAME_INVALID')
  expect((await town.command('crew.add', { name: 'ada', branch: '-x' })).body.code).toBe('NAME_INVALID')
  expect((await town.command('crew.add', { name: 'ada', rig: 'nowhere' })).body.code).toBe('RIG_NOT_FOUND')
  expect((await town.command('crew.start', { crew: 'nobody' })).body.code).toBe('CREW_NOT_FOUND')
  expect((await town.command('crew.stop', { crew: 'nobody' })).body.code).toBe('CREW_NOT_FOUND')
  expect((await town.command('mayor.stop')).body.code).toBe('AGENT_HAS_NO_SESSION')
})

test('a crew member makes and changes beads of its rig, and hands none over', async () => {
  await town.command('rig.add', { name: 'farm', source: '/code/farm' })
  const theirs = await town.bead('Theirs', { rig: 'farm' })
  const token = await ada()
  const made = await town.command('bead.create', { title: 'Mine' }, token)
  expect(made.body).toMatchObject({ rig: 'shop' })
  const { id } = made.body
  expect((await town.get(`/v1/beads/${id}`, token)).body.createdBy).toBe(ADA)
  for (const [name, input] of [
    ['bead.update', { bead: id, title: 'Ours' }],
    ['bead.comment', { bead: id, text: 'Now.' }],
    ['bead.label', { bead: id, add: ['ui'] }],
  ] as const)
    expect([name, (await town.command(name, input, token)).status]).toEqual([name, 200])
  for (const [name, input] of [
    ['bead.create', { title: 'Mine', rig: 'farm' }],
    ['bead.update', { bead: theirs, title: 'Ours' }],
    ['bead.comment', { bead: theirs, text: 'Now.' }],
    ['bead.label', { bead: theirs, add: ['ui'] }],
    ['bead.close', { bead: id }],
    ['sling', { beads: [id] }],
    ['crew.stop', { crew: 'ada' }],
    ['plan.propose', { beads: [{ key: 'a', rig: 'farm', title: 'Theirs' }] }],
  ] as const)
    expect([name, (await town.command(name, input, token)).body.code]).toEqual([name, 'FORBIDDEN'])
  const plan = { beads: [{ key: 'a', rig: 'shop', title: 'Ours' }] }
  expect((await town.command('plan.propose', plan, token)).status).toBe(200)
})

test('a crew member reads its own rig, and lists without a rig are of that one', async () => {
  await town.command('rig.add', { name: 'farm', source: '/code/farm' })
  const theirs = await town.bead('Theirs', { rig: 'farm' })
  const own = await town.bead('Own', { rig: 'shop' })
  const token = await ada()
  const { items } = (await town.get('/v1/beads', token)).body
  expect(items.map((one: { id: string }) => one.id)).toEqual([own])
  expect((await town.get(`/v1/beads/${own}`, token)).status).toBe(200)
  expect((await town.get('/v1/agents', token)).status).toBe(200)
  for (const path of [`/v1/beads/${theirs}`, '/v1/beads?rig=farm', '/v1/status', '/v1/agents/mayor'])
    expect([path, (await town.get(path, token)).body.code]).toEqual([path, 'FORBIDDEN'])
})

test('nudges reach a crew member and the Mayor; a crew member speaks to its rig and to the Mayor', async () => {
  await town.command('sling', { beads: [await town.bead('Work')] })
  const token = await ada()
  await town.command('mayor.start')
  for (const to of ['shop/crew/ada', 'crew/ada', 'mayor'])
    expect([to, (await town.command('nudge.send', { to, text: 'Hello' })).status]).toEqual([to, 200])
  for (const to of ['mayor', 'shop/polecats/nux'])
    expect((await town.command('nudge.send', { to, text: 'Hello' }, token)).status).toBe(200)
  const polecat = tokenOf('shop/polecats/nux/sessions/1.1')
  expect((await town.command('nudge.send', { to: 'mayor', text: 'Hi' }, polecat)).body.code).toBe('FORBIDDEN')
})

test('nobody starts while everybody is stopped', async () => {
  await town.command('crew.add', { name: 'ada' })
  await town.command('estop')
  expect((await town.command('crew.start', { crew: 'ada' })).body.code).toBe('STOPPED')
  expect((await town.command('mayor.start')).body.code).toBe('STOPPED')
})

test('whom a person directs is told by gt prime who and where it is, and has nothing to hand in', async () => {
  const token = await ada()
  const { body } = await town.command('prime', {}, token)
  expect(body).toMatchObject({ address: ADA, role: 'crew', rig: 'shop', bead: null, branch: 'crew/ada' })
  expect(body.rules[0]).toContain('You are shop/crew/ada, a crew member of gt in the project shop.')
  for (const name of ['done', 'hook'])
    expect([name, (await town.command(name, {}, token)).body.code]).toEqual([name, 'AGENT_HAS_NO_WORK'])
  await town.command('mayor.start')
  const { rules } = (await town.command('prime', {}, tokenOf('mayor/sessions/1'))).body
  expect(rules.join(' ')).toContain('gt plan propose <file.json>')
})

const stopped = async (session = SESSION) => {
  const ending = { kind: 'exited', exitCode: 0 } as const
  const message = { type: 'session.exited', ending } as const
  await town.town.system.take({ id: `end ${session}`, by: 'host', messages: [{ to: session, message }] })
}
const remove = (more: object = {}) => town.command('crew.remove', { crew: 'ada', ...more })

test('[P5] [CREW-9] a crew member that runs, or has work that was not handed in, is removed with a yes alone', async () => {
  const token = await ada()
  expect((await remove()).body.code).toBe('CREW_AT_WORK')
  await town.command('crew.stop', { crew: 'ada' })
  await stopped()
  town.worktree.state = { ...town.worktree.state, commits: 1, dirty: ['a.txt', 'b.txt'] }
  const refused = (await remove()).body
  expect(refused).toMatchObject({
    code: 'WORK_NOT_SUBMITTED',
    details: { commits: 1, dirty: ['a.txt', 'b.txt'] },
  })
  expect(refused.detail).toContain('1 commit and 2 changed files')
  town.worktree.gone = true
  expect((await remove()).body.code).toBe('WORK_NOT_SUBMITTED')
  expect((await town.command('crew.remove', { crew: 'ada', yes: true }, token)).body.code).toBe('FORBIDDEN')
  expect((await town.get('/v1/agents?role=crew')).body.items).toHaveLength(1)
  const removed = await remove({ yes: true, reason: 'she has left' })
  expect(removed.body).toMatchObject({ agent: ADA, branch: 'crew/ada', entry: 'shop.crew.ada.1', files: 3 })
  expect((await town.get('/v1/agents?role=crew')).body.items).toEqual([])
  expect((await town.get('/v1/trash')).body.items).toMatchObject([
    {
      id: 'shop.crew.ada.1',
      agent: ADA,
      bead: null,
      kind: 'removed',
      undo: false,
      why: 'removed: she has left',
    },
  ])
  const [last] = (await town.get('/v1/feed')).body.items.slice(-1)
  expect(last).toMatchObject({ type: 'CrewRemoved', summary: expect.stringContaining('she has left') })
  const back = await town.command('trash.restore', { entry: 'ada.1' })
  expect(back.body).toMatchObject({ entry: 'shop.crew.ada.1', name: 'restored/shop.crew.ada.1' })
})

test('[CREW-9] removed while it runs, its session is ended first; clean and at rest it needs no yes', async () => {
  await ada()
  const asked = remove({ yes: true })
  await expect.poll(() => town.town.system.owner(ADA)?.value).toBe('leaving')
  expect((await town.get('/v1/agents?role=crew')).body.items).toHaveLength(1)
  expect((await town.command('crew.start', { crew: 'ada' })).body.code).toBe('CREW_NOT_READY')
  await stopped()
  expect((await asked).body).toMatchObject({ agent: ADA })
  town.worktree.state = { ...town.worktree.state, commits: 0 }
  await town.command('crew.add', { name: 'ada' })
  expect((await remove()).body).toMatchObject({ entry: 'shop.crew.ada.2' })
  expect((await remove()).body.code).toBe('CREW_NOT_FOUND')
})

test('[P2] a removal whose answer was lost is answered again, and done once', async () => {
  await ada()
  await town.command('crew.stop', { crew: 'ada' })
  await stopped()
  const [first, again] = [await remove({ yes: true, id: 'r-1' }), await remove({ yes: true, id: 'r-1' })]
  expect(again.body).toMatchObject({ entry: first.body.entry, commit: first.body.commit })
})

test('prime says what was kept of the worktree last, and how to look at it', async () => {
  const token = await ada()
  expect((await town.command('prime', {}, token)).body).not.toHaveProperty('checkpoint')
  const kept = { ref: 'refs/gt/checkpoints/x', commit: HEAD, files: 2, changed: 3 }
  const message = { type: 'crew.checkpointed', ...kept } as const
  await town.town.system.take({ id: 'kept', by: 'worker', messages: [{ to: ADA, message }] })
  const { checkpoint } = (await town.command('prime', {}, token)).body
  expect(checkpoint).toMatchObject({
    id: 'shop.crew.ada.1',
    commit: HEAD,
    files: 2,
    look: `git diff HEAD ${HEAD}`,
  })
  expect(Date.parse(checkpoint.at)).toBeGreaterThan(0)
})
