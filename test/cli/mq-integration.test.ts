// gt mq integration, against a town in memory: what it makes, what it says, and what keeps a branch from landing.

import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Message } from '../../src/events/index.ts'
import { BASE, HEAD, message } from '../support/messages.ts'
import { type CliTown, createCliTown } from './town.ts'

let town: CliTown
beforeEach(async () => {
  town = await createCliTown()
})
afterEach(() => town.close())

let turns = 0
async function says(epic: string, each: Message): Promise<void> {
  turns += 1
  const said = {
    id: `i-${turns}`,
    by: 'worker',
    messages: [{ to: `shop/integration/${epic}`, message: each }],
  }
  expect(await town.town.system.take(said, { settled: true })).toMatchObject({ accepted: true })
}
const stateOf = (epic: string) => town.town.system.owner(`shop/integration/${epic}`)?.value
/** What `gt` says when the remote has answered, once it was asked. */
async function answered(epic: string, asked: string, each: Message, ...argv: string[]) {
  const running = town.gt('mq', 'integration', ...argv)
  await expect.poll(() => stateOf(epic)).toBe(asked)
  await says(epic, each)
  return await running
}
async function epicWithChild() {
  const epic = await town.bead('Checkout', { type: 'epic' })
  const child = await town.bead('Sum the cart', { parent: epic })
  return { epic, child }
}
const created = message('branch.created', { head: BASE, base: BASE })

test('gt mq integration create makes a branch for an epic, once, and says what came of it', async () => {
  const { epic, child } = await epicWithChild()
  const made = await answered(epic, 'creating', created, 'create', epic)
  expect(made).toMatchObject({ code: 0, err: '' })
  expect(made.out).toContain(`integration/${epic} begins at ${BASE.slice(0, 12)}`)
  const again = await town.gt('mq', 'integration', 'create', epic, '--json')
  expect([again.code === 0, again.err]).toEqual([false, expect.stringContaining('INTEGRATION_EXISTS')])
  for (const [bead, code] of [
    [child, 'NOT_AN_EPIC'],
    ['sh-99', 'BEAD_NOT_FOUND'],
  ] as const)
    expect((await town.gt('mq', 'integration', 'create', bead, '--json')).err).toContain(code)
  expect((await town.gtInSession('mq', 'integration', 'create', epic)).code).not.toBe(0)
  // What the remote says against it is said, and another one may be asked for.
  const other = await town.bead('Search', { type: 'epic' })
  const no = message('branch.notCreated', { code: 'BRANCH_EXISTS', message: 'It has commits of others.' })
  const refused = await answered(other, 'creating', no, 'create', other, '--branch', 'taken')
  expect([refused.code === 0, refused.err]).toEqual([
    false,
    expect.stringContaining('It has commits of others.'),
  ])
  const then = await answered(other, 'creating', created, 'create', other, '--branch', 'free')
  expect(then.out).toContain('free begins at')
})

test('gt mq integration status says how far it is, what is below it, and what keeps it from landing', async () => {
  const { epic, child } = await epicWithChild()
  expect((await town.gt('mq', 'integration', 'status', epic, '--json')).err).toContain(
    'INTEGRATION_NOT_FOUND',
  )
  await answered(epic, 'creating', created, 'create', epic)
  const open = await town.gt('mq', 'integration', 'status', epic)
  expect(open.out).toContain(`integration/${epic} of ${epic}, rig shop: open`)
  expect(open.out).toContain('2 ahead of main, 1 behind')
  expect(open.out).toContain('1 beads below it: 0 landed on it, 1 not closed')
  expect(open.out).toMatch(new RegExp(`not yet: .*${child}`))
  expect((await town.gt('mq', 'integration', 'status')).out).toContain(`integration/${epic}`)
  await town.gt('bead', 'close', child, '--reason', 'done by hand')
  expect((await town.gt('mq', 'integration', 'status', epic)).out).toContain(
    `it may land: gt mq integration land ${epic}`,
  )
  const past = JSON.parse((await town.gt('mq', 'integration', 'status', epic, '--json')).out)
  expect(past).toMatchObject({ epic, mayLand: true, reasons: [], apart: { ahead: 2, behind: 1 } })
})

test('gt mq integration land hands it in only when nothing is against it, then or at the remote', async () => {
  const { epic, child } = await epicWithChild()
  expect((await town.gt('mq', 'integration', 'land', epic, '--json')).err).toContain('INTEGRATION_NOT_FOUND')
  await answered(epic, 'creating', created, 'create', epic)
  const early = await town.gt('mq', 'integration', 'land', epic, '--json')
  expect([early.code === 0, early.err]).toEqual([false, expect.stringContaining('INTEGRATION_NOT_READY')])
  expect(early.err).toContain(child)
  await town.gt('bead', 'close', child, '--reason', 'done by hand')
  expect((await town.gtInSession('mq', 'integration', 'land', epic)).code).not.toBe(0)
  const late = message('branch.seen', { head: HEAD, reasons: ['main has all of it already.'] })
  const nothing = await answered(epic, 'looking', late, 'land', epic)
  expect([nothing.code === 0, nothing.err]).toEqual([false, expect.stringContaining('has all of it already')])
  expect(stateOf(epic)).toBe('open')
  const seen = message('branch.seen', { head: HEAD, reasons: [] })
  const landing = await answered(epic, 'looking', seen, 'land', epic)
  expect(landing).toMatchObject({ code: 0, err: '' })
  expect(landing.out).toContain(`integration/${epic} stands in line for main as mr-1`)
  expect(stateOf(epic)).toBe('landing')
  expect((await town.gt('mq', 'list')).out).toContain(epic)
})
