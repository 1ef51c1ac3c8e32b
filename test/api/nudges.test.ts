import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BESIDE_PROMPT_MAX, promptContext } from '../../src/api/nudging.ts'
import { nudgeLine } from '../../src/events/nudge-line.ts'
import { createTown, FIRST_SESSION, type TestTown, tokenOf } from './town.ts'

const AGENT = 'shop/polecats/nux'
const token = tokenOf(FIRST_SESSION)
let town: TestTown

beforeEach(async () => {
  town = await createTown()
  const bead = await town.bead('Fix the cart')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
})
afterEach(() => town.close())

const send = async (text = 'Look at the cart.', more: object = {}) =>
  (await town.command('nudge.send', { to: 'nux', text, ...more })).body
const shown = async (id: string, query = '') => (await town.get(`/v1/nudges/${id}${query}`)).body
const accept = (id: string) =>
  town.town.system.take({
    id: `accept.${id}`,
    by: AGENT,
    messages: [{ to: `nudges/${id}`, message: { type: 'nudge.accepted', via: 'hook' } }],
  })

describe('[P6] a nudge', () => {
  test('is answered with its id, and its receipt says how far it has come', async () => {
    const sent = await send()
    expect(sent).toMatchObject({
      id: /^n-[0-9a-z]{8}$/.exec(sent.id)?.[0],
      to: AGENT,
      session: FIRST_SESSION,
    })
    expect(await shown(sent.id)).toMatchObject({
      id: sent.id,
      from: 'overseer',
      to: AGENT,
      mode: 'idle',
      text: 'Look at the cart.',
      settled: false,
      via: null,
    })
    await accept(sent.id)
    expect(await shown(sent.id)).toMatchObject({ state: 'accepted', via: 'hook', settled: true })
  })

  test('sent twice under one id is one nudge', async () => {
    const first = await send('Look.', { id: 'once' })
    expect((await send('Look.', { id: 'once' })).id).toBe(first.id)
    expect((await town.get('/v1/nudges')).body.items).toHaveLength(1)
  })

  test('until=settled waits for its receipt', async () => {
    const { id } = await send()
    const waiting = shown(id, '?until=settled&waitMs=5000')
    await accept(id)
    expect(await waiting).toMatchObject({ state: 'accepted', settled: true })
  })

  test('is withdrawn while nothing is typed, and the feed says so', async () => {
    const { id } = await send()
    expect((await town.command('nudge.withdraw', { nudge: id })).body).toMatchObject({ id })
    expect(await shown(id)).toMatchObject({ state: 'withdrawn', settled: true })
    const { items } = (await town.get('/v1/feed')).body
    expect(items.at(-1).summary).toBe(`message ${id} to polecat nux is taken back`)
  })

  test.each([
    ['to nobody', { to: 'nobody' }, 'AGENT_NOT_FOUND'],
    ['to an agent that does not run', { to: 'shop/refinery' }, 'AGENT_HAS_NO_SESSION'],
    ['to the person', { to: 'overseer' }, 'AGENT_HAS_NO_SESSION'],
    ['without a word', { text: ' \n' }, 'NUDGE_EMPTY'],
    ['that is too long', { text: 'x'.repeat(60_001) }, 'NUDGE_TOO_LONG'],
    ['that begins with !', { text: '!rm -rf .' }, 'NUDGE_IS_A_COMMAND'],
    ['that begins with /', { text: ' /quit' }, 'NUDGE_IS_A_COMMAND'],
    ['in a mode that is none', { mode: 'loud' }, 'INPUT_INVALID'],
  ])('%s is refused with one sentence', async (_, wrong, code) => {
    const { body } = await town.command('nudge.send', { to: 'nux', text: 'Look.', ...wrong })
    expect(body).toMatchObject({ code, detail: expect.stringMatching(/^[^\n]+\.$/) })
    expect((await town.get('/v1/nudges')).body.items).toEqual([])
  })

  test('one that is not there is not found', async () => {
    expect((await town.get('/v1/nudges/n-000000')).body.code).toBe('NUDGE_NOT_FOUND')
    expect((await town.command('nudge.read', { nudge: 'n-000000' })).body.code).toBe('NUDGE_NOT_FOUND')
  })
})

describe('[P9] an agent', () => {
  test('that reads the text has taken it, once', async () => {
    const { id } = await send('two\nlines')
    for (let n = 0; n < 2; n += 1)
      expect((await town.command('nudge.read', { nudge: id }, token)).body).toMatchObject({
        id,
        from: 'overseer',
        text: 'two\nlines',
      })
    expect(await shown(id)).toMatchObject({ state: 'accepted', via: 'call' })
  })

  test('is the author of what it sends, and reads what is to or from it alone', async () => {
    const own = (await town.command('nudge.send', { to: 'nux', text: 'to myself' }, token)).body
    expect(await shown(own.id)).toMatchObject({ from: AGENT })
    const stranger = tokenOf('shop/polecats/slit/sessions/1.1')
    expect((await town.command('nudge.read', { nudge: own.id }, stranger)).body.code).toBe('NUDGE_NOT_FOUND')
    expect((await town.get('/v1/nudges', token)).status).toBe(403)
    expect((await town.get(`/v1/nudges?agent=${encodeURIComponent(AGENT)}`, token)).body.items).toHaveLength(
      1,
    )
  })

  test('speaks to its own rig alone', async () => {
    const say = async (to: string) =>
      (await town.command('nudge.send', { to, text: 'Hello.' }, token)).body.code as unknown
    await town.command('rig.add', { name: 'farm', source: '/code/farm' })
    const bead = await town.bead('Plough', { rig: 'farm' })
    const { slung } = (await town.command('sling', { beads: [bead] })).body
    await town.working(bead)
    expect(await say(slung[0].agent)).toBe('FORBIDDEN')
    expect(await say('shop/witness')).toBe('AGENT_HAS_NO_SESSION')
    expect((await town.command('nudge.broadcast', { text: 'Hello.' }, token)).body.code).toBe('FORBIDDEN')
  })

  test('is not counted as having read what a person reads', async () => {
    const { id } = await send()
    expect((await town.command('nudge.read', { nudge: id })).body.text).toBe('Look at the cart.')
    expect((await shown(id)).settled).toBe(false)
  })
})

test('a broadcast is one nudge for each agent that runs', async () => {
  const { body } = await town.command('nudge.broadcast', { text: 'Stop soon.', id: 'all' })
  expect(body).toMatchObject({ sent: [{ to: AGENT }], refused: [] })
  expect((await town.command('nudge.broadcast', { text: 'Stop soon.', id: 'all' })).body.sent).toEqual(
    body.sent,
  )
  expect((await town.get('/v1/nudges')).body.items).toHaveLength(1)
})

describe('[P6] a prompt that names a nudge', () => {
  const caller = { session: FIRST_SESSION }
  const long = `two\nlines ${'of a long text '.repeat(100)}`

  test('is given the text that its line does not hold, word for word, as what its author wrote', async () => {
    const { id } = await send(long)
    const line = nudgeLine(id, 'overseer', long)
    for (const prompt of [
      line,
      `\n<pasted_content id="1">\n${line.replace(/(.{40})/g, '$1\n')}\n</pasted_content>`,
    ]) {
      const { nudge, reply } = await promptContext(town.town, caller, prompt)
      expect(nudge).toBe(id)
      expect(reply).toMatchObject({ kind: 'context' })
      expect(reply.kind === 'context' && reply.text.includes(`\n${long}\n`)).toBe(true)
    }
  })

  test('is given nothing more when the line holds it whole', async () => {
    const { id } = await send()
    const prompt = nudgeLine(id, 'overseer', 'Look at the cart.')
    expect(await promptContext(town.town, caller, prompt)).toEqual({ nudge: id, reply: { kind: 'none' } })
  })

  test('is told to read what is too long to stand beside it', async () => {
    const text = 'x'.repeat(BESIDE_PROMPT_MAX + 1)
    const { id } = await send(text)
    const { reply } = await promptContext(town.town, caller, nudgeLine(id, 'overseer', text))
    expect(reply).toEqual({ kind: 'context', text: expect.stringContaining(`gt nudge read ${id}`) })
  })

  test('counts only in its own session, and only with the line that was typed', async () => {
    const { id } = await send()
    const line = nudgeLine(id, 'overseer', 'Look at the cart.')
    const none = { nudge: null, reply: { kind: 'none' } }
    expect(await promptContext(town.town, { session: `${AGENT}/sessions/9.9` }, line)).toEqual(none)
    expect(await promptContext(town.town, caller, `gt ${id}: something else`)).toEqual(none)
    expect(await promptContext(town.town, caller, 'gt n-000000: x (from overseer)')).toEqual(none)
    expect(await promptContext(town.town, caller, 'a prompt of a person')).toEqual(none)
  })
})
