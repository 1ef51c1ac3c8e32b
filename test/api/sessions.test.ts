import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTown, FIRST_SESSION, HEAD, OPERATOR, type TestTown, tokenOf } from './town.ts'

let town: TestTown
let bead: string
const token = tokenOf(FIRST_SESSION)

beforeEach(async () => {
  town = await createTown()
  bead = await town.bead('Fix the cart', { description: 'It loses things.' })
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
})
afterEach(() => town.close())

test('prime says all an agent needs to begin', async () => {
  const { body } = await town.command('prime', {}, token)
  expect(body).toMatchObject({
    address: 'shop/polecats/nux',
    role: 'polecat',
    rig: 'shop',
    bead: { id: bead, title: 'Fix the cart', description: 'It loses things.' },
    attempt: 1,
    reason: 'first',
    target: 'main',
    gates: [{ name: 'test', command: ['npm', 'test'] }],
    mailUnread: 0,
  })
  expect(body.rules.length).toBeGreaterThan(2)
})

describe('[P9] who speaks is what the token says', () => {
  test('without a token, with an unknown one, and for an agent what is for a person, is refused', async () => {
    expect((await town.ask('GET', '/v1/status', undefined, null)).body.code).toBe('TOKEN_MISSING')
    expect((await town.get('/v1/status', 'stolen')).body.code).toBe('TOKEN_UNKNOWN')
    expect((await town.command('bead.close', { bead }, token)).body.code).toBe('FORBIDDEN')
    expect((await town.get('/v1/status', token)).body.code).toBe('FORBIDDEN')
    expect((await town.command('done', {}, OPERATOR)).body.code).toBe('NOT_IN_A_SESSION')
  })

  test('an agent reads its own bead, hook, rig and mail, and no other', async () => {
    const other = await town.bead('another')
    const status = async (url: string) => (await town.get(url, token)).status
    expect(await status(`/v1/beads/${bead}`)).toBe(200)
    expect(await status('/v1/hooks/shop%2Fpolecats%2Fnux')).toBe(200)
    expect(await status('/v1/rigs/shop')).toBe(200)
    expect(await status('/v1/mail?agent=shop%2Fpolecats%2Fnux')).toBe(200)
    expect(await status(`/v1/beads/${other}`)).toBe(403)
    expect(await status('/v1/hooks/shop%2Fpolecats%2Fslit')).toBe(403)
    expect(await status('/v1/mail')).toBe(403)
    expect(await status('/v1/records')).toBe(403)
    expect(await status('/v1/records/stream')).toBe(403)
  })

  test('the author of a record is the token, whatever the body says', async () => {
    const { body } = await town.command(
      'report',
      { type: 'note', data: { text: 'I am the overseer' } },
      token,
    )
    expect((await town.get(`/v1/records/${body.seq}`)).body.by).toBe('shop/polecats/nux')
    const forged = await town.command('report', { type: 'note', data: { text: 'x' }, by: 'overseer' }, token)
    expect(forged.body.code).toBe('INPUT_INVALID')
  })
})

test('[P9] a secret in what an agent posts is blotted out before it is recorded', async () => {
  const secrets = [`ghp_${'a1B2'.repeat(9)}`, 'an-operators-own-secret']
  const { body } = await town.command(
    'report',
    { type: 'x.mine', data: { [secrets[0] as string]: ['I used', ...secrets] } },
    token,
  )
  const record = JSON.stringify((await town.get(`/v1/records/${body.seq}`)).body)
  expect(record).toContain(`ghp_${'*'.repeat(36)}`)
  expect(record).toContain('"I used"')
  for (const secret of secrets) expect(record).not.toContain(secret)
})

describe('done', () => {
  test('submits, once for each id, also when the worktree is gone by the second time', async () => {
    const first = await town.command('done', { id: 'done-1' }, token)
    expect(first.body).toMatchObject({ bead, status: 'COMPLETED', head: HEAD })
    town.worktree.gone = true
    const again = await town.command('done', { id: 'done-1' }, token)
    expect(again).toEqual(first)
    const records = (await town.get(`/v1/history/${bead}`)).body.items
    expect(
      records.filter((one: { message: { type: string } }) => one.message.type === 'session.done'),
    ).toHaveLength(1)
  })

  test('a dirty worktree, one without a commit, and a second done are refused and change nothing', async () => {
    const before = town.town.system.seq
    town.worktree.state = { ...town.worktree.state, dirty: ['src/cart.ts'] }
    const dirty = await town.command('done', {}, token)
    expect(dirty.body).toMatchObject({ code: 'WORKTREE_DIRTY', details: { files: ['src/cart.ts'] } })
    expect(dirty.body.detail).toContain('src/cart.ts')
    town.worktree.state = { ...town.worktree.state, dirty: [], commits: 0 }
    expect((await town.command('done', {}, token)).body.code).toBe('NOTHING_TO_SUBMIT')
    expect(town.town.system.seq).toBe(before)
    town.worktree.state = { ...town.worktree.state, commits: 1 }
    await town.command('done', {}, token)
    expect((await town.command('done', {}, token)).body.code).toBe('SUBMITTED_ALREADY')
  })

  test('ESCALATED blocks the bead for a person, and status says so', async () => {
    await town.command('done', { status: 'ESCALATED', note: 'Which tax?' }, token)
    expect((await town.get(`/v1/beads/${bead}`)).body).toMatchObject({
      status: 'blocked',
      waitingFor: { kind: 'person' },
    })
    const { waitsForYou } = (await town.get('/v1/status')).body
    expect(waitsForYou).toMatchObject([{ bead, what: 'Which tax?' }])
  })

  test('a session that is not the one of the assignment is told that it is over', async () => {
    const later = tokenOf('shop/polecats/nux/sessions/1.2')
    for (const name of ['done', 'prime', 'hook'])
      expect((await town.command(name, {}, later)).body.code).toBe('ASSIGNMENT_OVER')
  })

  test('ids of one session are not those of another caller', async () => {
    await town.command('bead.create', { title: 'x', id: 'same' })
    expect((await town.command('done', { id: 'same' }, token)).body).toMatchObject({
      bead,
      status: 'COMPLETED',
    })
  })
})

describe('what an agent posts', () => {
  const post = (body: object) => town.ask('POST', '/v1/events', body, token)

  test('is kept and shown in the feed; the same id is kept once', async () => {
    const first = await post({ type: 'progress', data: { text: 'half way', percent: 50 }, id: 'p1' })
    expect(await post({ type: 'progress', data: { text: 'half way', percent: 50 }, id: 'p1' })).toEqual(first)
    await post({ type: 'x.mood', data: 'fine' })
    const summaries = (await town.get('/v1/feed')).body.items.map((item: { summary: string }) => item.summary)
    expect(summaries.filter((text: string) => text.includes('half way'))).toHaveLength(1)
    expect(summaries.some((text: string) => text.includes('x.mood'))).toBe(true)
  })

  test('of another type or shape is refused', async () => {
    expect((await post({ type: 'wish', data: {} })).body.code).toBe('INPUT_INVALID')
    expect((await post({ type: 'usage', data: { model: 'm' } })).body.detail).toContain('data.inputTokens')
    expect((await post({ type: 'progress', data: { text: 'x', mood: 1 } })).body.detail).toContain(
      'data.mood',
    )
  })

  test('its schemas can be read', async () => {
    const { body } = await town.get('/v1/schemas', token)
    expect(Object.keys(body.types)).toContain('testResult')
  })
})
