import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BASE, createTown, FIRST_SESSION, HEAD, type TestTown, tokenOf } from './town.ts'

const AGENT = 'shop/polecats/nux'

let town: TestTown
let bead: string
beforeEach(async () => {
  town = await createTown()
  bead = await town.bead('Dear')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
})
afterEach(() => town.close())

const end = (session = FIRST_SESSION) =>
  town.town.system.take({
    id: `end ${session}`,
    by: 'host',
    messages: [
      { to: session, message: { type: 'session.exited', ending: { kind: 'killed', signal: 'SIGKILL' } } },
    ],
  })
const nuke = async (body: object = { agent: 'nux', yes: true }) => {
  const asked = town.command('polecat.nuke', body)
  await expect.poll(() => town.town.system.owner(`${AGENT}/sandboxes/1`)?.value).not.toBe('working')
  await end()
  return asked
}
const show = async () => (await town.get(`/v1/beads/${bead}`)).body

describe('[P5] taking work away', () => {
  test('is refused while there is work that was not handed in, and says how much', async () => {
    town.worktree.state = { ...town.worktree.state, commits: 2, dirty: ['a.txt'] }
    const answer = await town.command('polecat.nuke', { agent: 'nux' })
    expect(answer).toMatchObject({
      status: 409,
      body: { code: 'WORK_NOT_SUBMITTED', details: { commits: 2, dirty: ['a.txt'] } },
    })
    expect(answer.body.detail).toContain('2 commits and 1 changed file')
    const unkept = { count: 4, bytes: 90 * 1024 * 1024, paths: ['data/big.db', 'b', 'c', 'd'] }
    town.worktree.state = { ...town.worktree.state, commits: 0, dirty: [], unkept }
    const lost = await town.command('polecat.nuke', { agent: 'nux' })
    expect(lost.body).toMatchObject({ code: 'WORK_NOT_SUBMITTED', details: { unkept } })
    expect(lost.body.detail).toContain(
      '4 files that git ignores (90.0 MB) would not be kept: data/big.db, b, c, …',
    )
    town.worktree.gone = true
    expect((await town.command('polecat.nuke', { agent: 'nux' })).body.code).toBe('WORK_NOT_SUBMITTED')
    expect(await show()).toMatchObject({ status: 'in_progress', assignee: AGENT })
  })

  test('ends the session, keeps everything, and opens the bead; undo hooks it again', async () => {
    expect((await nuke()).body).toMatchObject({
      agent: AGENT,
      bead,
      entry: 'shop.nux.1',
      worktree: null,
      files: 3,
    })
    expect(await show()).toMatchObject({ status: 'open', assignee: null })
    expect((await town.get('/v1/trash')).body.items).toMatchObject([
      { id: 'shop.nux.1', bead, kind: 'removed', undo: true, landed: false, differing: 3 },
    ])
    const undone = await town.command('polecat.undo', { agent: 'nux' })
    expect(undone.body).toMatchObject({ agent: AGENT, bead, branch: `polecat/nux/${bead}.1` })
    await town.working(bead)
    expect(await show()).toMatchObject({ status: 'in_progress', assignee: AGENT })
    expect((await town.get('/v1/hooks/nux')).body).toMatchObject({ bead, branch: `polecat/nux/${bead}.1` })
    expect((await town.get('/v1/trash')).body.items).toMatchObject([{ kind: 'checkpoint', undo: false }])
    expect((await town.command('polecat.undo', { agent: 'nux' })).body.code).toBe('NOTHING_TO_UNDO')
  })

  test('undo is refused when the bead has gone on without it, and changes nothing', async () => {
    await nuke()
    await town.command('bead.close', { bead, reason: 'no' })
    expect((await town.command('polecat.undo', { agent: 'nux' })).body).toMatchObject({
      code: 'BEAD_NOT_OPEN',
    })
    await town.command('bead.reopen', { bead, reason: 'yes' })
    await town.command('sling', { beads: [bead] })
    expect((await town.command('polecat.undo', { agent: 'nux' })).status).toBe(409)
    expect((await town.get('/v1/hooks')).body.items).toHaveLength(1)
  })

  test('work that is handed in stays with the Refinery', async () => {
    await town.command('done', {}, tokenOf(FIRST_SESSION))
    for (const [name, body] of [
      ['polecat.nuke', { agent: 'nux', yes: true }],
      ['unsling', { bead }],
    ] as const)
      expect((await town.command(name, body)).body).toMatchObject({ code: 'WORK_IS_LANDING' })
  })

  test('off the hook the worktree stays; out of the queue nothing was begun', async () => {
    const asked = town.command('unsling', { bead })
    await expect.poll(() => town.town.system.owner(`${AGENT}/sandboxes/1`)?.value).toBe('leaving')
    await end()
    expect((await asked).body).toMatchObject({ agent: AGENT, bead, worktree: '/towns/test/w' })
    expect(await show()).toMatchObject({ status: 'open' })
    expect((await town.command('unsling', { bead })).body).toMatchObject({ code: 'BEAD_NOT_HOOKED' })
    const later = await town.bead('Later', { needs: [bead] })
    await town.command('sling', { beads: [later] })
    expect((await town.command('unsling', { bead: later })).body).toMatchObject({ agent: null, bead: later })
    expect((await town.get(`/v1/beads/${later}`)).body).toMatchObject({ status: 'open', stage: 'none' })
  })

  test('a worker that a person stopped goes on with gt start', async () => {
    await town.command('stop', { agent: 'nux' })
    await end()
    await expect.poll(() => town.town.system.owner(`${AGENT}/sandboxes/1`)?.context.keeping).toBe(false)
    expect(town.town.system.owner(`${AGENT}/sandboxes/1`)).toMatchObject({
      value: 'paused',
      context: { held: ['person'] },
    })
    await town.command('start', { agent: 'nux' })
    expect(town.town.system.owner(`${AGENT}/sandboxes/1`)).toMatchObject({
      value: 'working',
      context: { held: [] },
    })
  })

  test('is a person’s business, and of workers with work alone', async () => {
    for (const [name, body] of [
      ['polecat.nuke', { agent: 'nux' }],
      ['polecat.undo', { agent: 'nux' }],
      ['unsling', { bead }],
      ['stop', { agent: 'nux' }],
      ['trash.restore', { entry: 'shop.nux.1' }],
    ] as const)
      expect((await town.command(name, body, tokenOf(FIRST_SESSION))).status).toBe(403)
    expect((await town.get('/v1/trash', tokenOf(FIRST_SESSION))).status).toBe(403)
    expect((await town.command('polecat.nuke', { agent: 'mayor' })).body.code).toBe('AGENT_NOT_FOUND')
    expect((await town.command('polecat.undo', { agent: 'nux' })).body.code).toBe('NOTHING_TO_UNDO')
  })
})

describe('the trash', () => {
  test('[P5] lists what is kept with why, shows it, and brings it back', async () => {
    await end()
    await expect
      .poll(async () => (await town.get('/v1/trash')).body.items)
      .toMatchObject([
        {
          id: 'shop.nux.1',
          agent: AGENT,
          bead,
          kind: 'checkpoint',
          why: 'its session stopped',
          differing: 3,
        },
      ])
    expect((await town.get(`/v1/trash?bead=${bead}&rig=shop`)).body.items).toHaveLength(1)
    for (const name of ['shop.nux.1', 'nux.1', bead])
      expect((await town.get(`/v1/trash/${name}`)).body).toMatchObject({
        id: 'shop.nux.1',
        commit: HEAD,
        against: BASE,
        files: [{ path: 'a.txt' }],
      })
    expect((await town.command('trash.restore', { entry: 'nux.1' })).body).toMatchObject({
      entry: 'shop.nux.1',
      kind: 'branch',
      name: 'restored/shop.nux.1',
      commit: HEAD,
    })
    expect((await town.command('trash.restore', { entry: bead, folder: '/elsewhere' })).body).toMatchObject({
      kind: 'folder',
      path: '/elsewhere',
      files: 4,
    })
  })

  test('says what does not fit', async () => {
    expect((await town.get('/v1/trash/nobody.9')).body.code).toBe('TRASH_NOT_FOUND')
    expect((await town.command('trash.restore', { entry: 'x', branch: 'a', folder: '/b' })).body.code).toBe(
      'INPUT_INVALID',
    )
    expect((await town.command('trash.restore', { entry: 'x', commit: 'HEAD' })).body.code).toBe(
      'INPUT_INVALID',
    )
    expect((await town.get('/v1/trash?rig=none')).body.code).toBe('RIG_NOT_FOUND')
  })
})
