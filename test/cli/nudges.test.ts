import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AnyMessage } from '../../src/events/record.ts'
import { type CliTown, createCliTown } from './town.ts'

let town: CliTown
beforeEach(async () => {
  town = await createCliTown()
  const bead = await town.bead('Fix the cart')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
})
afterEach(() => town.close())

const settle = (nudge: string, message: AnyMessage) =>
  town.town.system.take({
    id: `t.${nudge}`,
    by: 'shop/polecats/nux',
    messages: [{ to: `nudges/${nudge}`, message }],
  })

test('[P6] gt nudge prints the id, and --wait the receipt', async () => {
  const { out, code } = await town.gt('nudge', 'nux', 'Look at the cart.')
  expect({ out, code }).toEqual({ out: expect.stringMatching(/^n-[0-9a-z]{8}\n$/), code: 0 })

  const waiting = town.gt('nudge', 'nux', 'And the shop.', '--wait')
  await expect.poll(async () => (await town.get('/v1/nudges')).body.items.length).toBe(2)
  const { items } = (await town.get('/v1/nudges')).body
  await settle(items.at(-1).id, { type: 'nudge.accepted', via: 'hook' })
  const taken = await waiting
  expect(taken.code).toBe(0)
  expect(taken.out).toMatch(
    /^n-\w+ accepted: from overseer to shop\/polecats\/nux \(idle\)\nqueued .*, taken \(hook\) /,
  )
})

test('[P6] gt nudge --wait ends with 1 when it was not taken, and says why', async () => {
  const waiting = town.gt('nudge', 'nux', 'Look.', '--wait', '--json')
  await expect.poll(async () => (await town.get('/v1/nudges')).body.items.length).toBe(1)
  const [{ id }] = (await town.get('/v1/nudges')).body.items
  await settle(id, { type: 'nudge.fail', code: 'AGENT_HAS_NO_SESSION', message: 'It has ended.' })
  const { code, out } = await waiting
  expect(code).toBe(1)
  expect(JSON.parse(out)).toMatchObject({ state: 'failed', failure: { code: 'AGENT_HAS_NO_SESSION' } })
})

test('an agent reads the text whole, and lists what is to it; a person takes one back', async () => {
  const id = (await town.gt('nudge', 'nux', 'two\nlines')).out.trim()
  const read = await town.gtInSession('nudge', 'read', id)
  expect(read.out).toBe(`message ${id} from overseer, word for word:\n\ntwo\nlines\n`)
  expect((await town.gtInSession('nudge', 'list')).out).toContain(id)
  expect((await town.gt('nudge', 'show', id)).out).toContain('accepted')
  const other = (await town.gt('nudge', 'nux', 'Never mind.')).out.trim()
  expect((await town.gt('nudge', 'withdraw', other)).code).toBe(0)
  expect((await town.gt('broadcast', 'Stop soon.', '--rig', 'shop')).out).toContain('shop/polecats/nux')
})

test.each([
  [['nudge', 'nux', '/quit'], 1, 'would be a command'],
  [['nudge', 'nux', 'Look.', '--mode', 'loud'], 2, '--mode takes one of'],
  [['nudge', 'nux'], 2, 'something is missing'],
  [['nudge', 'nobody', 'Look.'], 1, 'There is no agent nobody'],
])('gt %j is refused with %i', async (argv, expected, text) => {
  const { code, err } = await town.gt(...argv)
  expect(code).toBe(expected)
  expect(err).toContain(text)
})
