import { afterEach, beforeEach, expect, test } from 'vitest'
import { linesAfter } from '../../src/cli/commands/peek.ts'
import type { Terminals } from '../../src/ports/terminals.ts'
import { FIRST_SESSION } from '../api/town.ts'
import { type CliTown, createCliTown } from './town.ts'

let town: CliTown
let looks = 0
beforeEach(async () => {
  town = await createCliTown()
  looks = 0
})
afterEach(() => town.close())

const work = async (): Promise<string> => {
  const bead = await town.bead('a')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
  return bead
}

/** What the screen shows at each look; at the last the session has ended. */
function shows(screens: readonly string[], atTheLast: () => Promise<unknown>): void {
  const peek: Terminals['peek'] = async () => {
    const screen = screens[Math.min(looks++, screens.length - 1)] ?? ''
    if (looks === screens.length) await atTheLast()
    return screen
  }
  Object.assign(town.town, { terminals: { peek } })
}
const isOver = async (): Promise<void> => {
  const exited = { type: 'session.exited', ending: { kind: 'exited', exitCode: 0 } }
  await town.town.system.take({ id: 'over', by: 'host', messages: [{ to: FIRST_SESSION, message: exited }] })
}

test('peek of a session that has ended is answered from its recording', async () => {
  await work()
  expect((await town.gtInSession('done')).code).toBe(0)
  await isOver()
  expect(await town.gt('peek', 'nux')).toMatchObject({ code: 0, out: `recorded of ${FIRST_SESSION}\n` })
  Object.assign(town.town, { terminals: { peek: () => Promise.reject(new Error('SESSION_UNKNOWN')) } })
  expect(JSON.parse((await town.gt('peek', 'nux', '--json')).out)).toMatchObject({
    session: FIRST_SESSION,
    state: 'ended',
    text: `recorded of ${FIRST_SESSION}`,
  })
})

test('peek --follow prints each line once as it comes, and ends with the session', async () => {
  await work()
  shows(['one\ntwo', 'one\ntwo\nthree', 'one\ntwo\nthree', 'three\nfour'], isOver)
  expect(await town.gt('peek', 'nux', '--follow')).toMatchObject({ code: 0, out: 'one\ntwo\nthree\nfour\n' })
})

test('peek --follow --json is one document a line', async () => {
  await work()
  shows(['one', 'one\ntwo'], isOver)
  const { out } = await town.gt('peek', 'nux', '-f', '--json')
  expect(
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(['one', 'two'].map((line) => ({ agent: 'shop/polecats/nux', session: FIRST_SESSION, line })))
})

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => `line ${from + n}`)

test.each([
  ['more below', numbered(0, 9), numbered(0, 12), numbered(9, 12)],
  ['a window that has moved on', numbered(0, 400), numbered(100, 500), numbered(400, 500)],
  ['nothing new', numbered(0, 400), numbered(0, 400), []],
  ['a prompt painted anew', [...numbered(0, 30), '> a'], [...numbered(0, 30), '> ab'], ['> ab']],
  ['another screen altogether', numbered(0, 50), ['x', 'y'], ['x', 'y']],
  ['a first line', [], ['x'], ['x']],
])('the lines after %s', (_, before, now, wanted) => {
  expect(linesAfter(before, now)).toEqual(wanted)
})
