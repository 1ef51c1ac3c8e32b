// Every command that reads takes a moment.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { FIRST_SESSION, tokenOf } from '../api/town.ts'
import { type CliTown, createCliTown } from './town.ts'

const AGENT = 'shop/polecats/nux'

let town: CliTown
let bead: string
/** Moments that were asked about. */
let asked: unknown[]
beforeEach(async () => {
  town = await createCliTown()
  bead = await town.bead('Fix the cart')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
  asked = []
  const { past } = town.town
  Object.assign(town.town, {
    past: {
      read(...[ask, signal]: Parameters<typeof past.read>) {
        asked.push(ask.query.at)
        return past.read(ask, signal)
      },
    },
  })
})
afterEach(() => town.close())

const READS: readonly (readonly string[])[] = [
  ['status'],
  ['recap'],
  ['rig', 'list'],
  ['rig', 'show', 'shop'],
  ['config', 'list'],
  ['config', 'get', 'agents.default'],
  ['bead', 'show', 'BEAD'],
  ['bead', 'list'],
  ['bead', 'ready'],
  ['bead', 'blocked'],
  ['bead', 'search', 'cart'],
  ['bead', 'dep', 'tree', 'BEAD'],
  ['scheduler', 'list'],
  ['feed'],
  ['agents'],
  ['polecat', 'list'],
  ['polecat', 'show', 'nux'],
  ['crew', 'list'],
  ['plan', 'list'],
  ['trash', 'list'],
  ['trash', 'show', 'nux.1'],
  ['peek', 'nux'],
  ['mq', 'list'],
  ['gates', 'report'],
  ['mail', 'inbox'],
  ['nudge', 'list'],
  ['cv'],
  ['cv', 'nux'],
  ['costs'],
  ['budget', 'list'],
  ['inbox'],
  ['escalate', 'list'],
  ['history', 'BEAD'],
  ['diff', '1'],
  ['why', 'BEAD'],
  ['why', 'BEAD', '--cost'],
  ['log'],
  ['log', 'stats'],
  ['hook', 'nux'],
]

test.each(READS.map((words) => [words.join(' '), words] as const))('[P4] gt %s --at', async (_, words) => {
  await town.ask('POST', '/v1/events', { type: 'note', data: { text: 'on my way' } }, tokenOf(FIRST_SESSION))
  const { seq } = town.town.system
  const { code, err } = await town.gt(
    ...words.map((word) => (word === 'BEAD' ? bead : word)),
    '--at',
    String(seq),
  )
  // It may be that nothing is there to be shown; the moment itself is taken.
  expect(`${code} ${err}`).not.toMatch(/^2 |POSITION|no moment/)
  expect(asked.length, err).toBeGreaterThan(0)
  for (const at of asked) expect(at).toBe(String(seq))
})

test('a screen of before cannot be followed', async () => {
  const { code, err } = await town.gt('peek', AGENT, '--follow', '--at', '3')
  expect(code).toBe(2)
  expect(err).toContain('--follow')
})
