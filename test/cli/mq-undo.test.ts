import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Message } from '../../src/events/index.ts'
import { BEAD, COMMIT, gateResult, MERGE_REQUEST, message } from '../support/messages.ts'
import { type CliTown, createCliTown } from './town.ts'

let town: CliTown
beforeEach(async () => {
  town = await createCliTown()
})
afterEach(() => town.close())

let turns = 0
async function tells(to: string, ...messages: Message[]): Promise<void> {
  for (const each of messages) {
    turns += 1
    const said = { id: `t-${turns}`, by: 'worker', messages: [{ to, message: each }] }
    expect(await town.town.system.take(said, { settled: true })).toMatchObject({ accepted: true })
  }
}
const hears = (...messages: Message[]) => tells('shop/refinery', ...messages)
const ready = message('MERGE_READY')
const built = message('merge.built')
const green = message('gates.ran', { results: [gateResult('passed')] })
const of = (bead: string, n: number): Message => ({
  ...ready,
  bead,
  sandbox: `shop/polecats/nux/sandboxes/${n}`,
})
const made = (bead: string, priority: number, needs: string[] = []) =>
  tells(`beads/${bead}`, message('bead.create', { title: `Do ${bead}`, priority, needs }))

test('gt mq next says who lands next, why others wait, and the sum term by term', async () => {
  for (const [bead, priority, needs] of [
    [BEAD, 2, []],
    ['sh-2', 2, []],
    ['sh-3', 0, []],
    ['sh-4', 0, ['sh-2']],
  ] as const)
    await made(bead, priority, [...needs])
  await hears(message('refinery.bead', { bead: 'sh-3', priority: 0, needs: [] }))
  await hears(message('refinery.bead', { bead: 'sh-4', priority: 0, needs: ['sh-2'] }))
  await hears(of(BEAD, 1), of('sh-2', 2), of('sh-3', 3), of('sh-4', 4))
  const { out } = await town.gt('mq', 'next')
  expect(out).toContain('mr-1: sh-1 is being built.')
  expect(out).toContain('Next is mr-3: sh-3 Do sh-3')
  expect(out).toContain('mr-4: sh-4 waits: It needs sh-2, which is in the queue as mr-2.')
  const explained = (await town.gt('mq', 'next', 'shop', '--explain')).out
  expect(explained).toContain('the highest sum lands first')
  expect(explained).toMatch(/1 +mr-3 +sh-3 +1400 +1000 +0 +\+400 +0 +0 +0/)
  expect(explained).toMatch(/3 +mr-2 +sh-2 +1200 +1000 +0 +\+200/)
  const at = String(town.town.system.seq)
  const asked = JSON.parse((await town.gt('mq', 'next', '--json', '--at', at)).out)
  expect(asked).toMatchObject({ order: 'score', next: { id: 'mr-3', sum: { score: 1_400 } } })
  // What is said is what the Refinery does.
  await hears(built)
  expect(town.town.system.owner('shop/refinery')?.context.current).toBe('shop/merge-requests/mr-3')
  await town.gt('config', 'set', 'mq.order', 'fifo', '--rig', 'shop')
  expect((await town.gt('mq', 'next', '--explain')).out).toContain('lined up as they came')
})

test('gt mq reject takes work out of the queue with the reason, and an agent cannot', async () => {
  await made(BEAD, 2)
  await hears(ready)
  expect((await town.gtInSession('mq', 'reject', BEAD)).code).not.toBe(0)
  const rejected = await town.gt('mq', 'reject', BEAD, '--reason', 'not wanted')
  expect(rejected).toMatchObject({ code: 0, err: '' })
  expect(rejected.out).toContain('mr-1 is out of the queue: sh-1 is open again')
  expect((await town.gt('mq', 'show', 'mr-1')).out).toMatch(/rejected.*\n.*\n +rejected: not wanted/)
  expect((await town.gt('mq', 'reject', 'mr-1', '--json')).err).toContain('NOT_IN_QUEUE')
  expect((await town.gt('feed')).out).toContain('is rejected: not wanted')
})

test('gt mq revert names what stands on it, and what it reverted says so when that has landed', async () => {
  await made(BEAD, 2)
  await made('sh-5', 2, [BEAD])
  await tells(`beads/${BEAD}`, message('bead.neededBy', { bead: 'sh-5' }))
  await hears(ready, built)
  expect((await town.gt('mq', 'revert', BEAD, '--json')).err).toContain('NOT_LANDED')
  await hears(green, message('target.advanced'))
  const asked = await town.gt('mq', 'revert', COMMIT.slice(0, 9), '--reason', 'it breaks the checkout')
  expect(asked).toMatchObject({ code: 0, err: '' })
  expect(asked.out).toBe(`mr-2 takes ${BEAD} out of main: gt mq show mr-2\nThen these wait again: sh-5\n`)
  expect((await town.gt('mq', 'revert', 'mr-1', '--json')).err).toContain('REVERT_QUEUED')
  const mergeRequest = MERGE_REQUEST.replace('mr-1', 'mr-2')
  const again = { ...built, mergeRequest, commit: 'e'.repeat(40), head: 'f'.repeat(40) }
  await hears(again, { ...green, mergeRequest }, { ...message('target.advanced'), mergeRequest })
  const { items } = (await town.get('/v1/merge-queue')).body
  expect(items).toMatchObject([
    { id: 'mr-1', state: 'reverted', revertedBy: { mergeRequest, reason: 'it breaks the checkout' } },
    { id: 'mr-2', state: 'landed', reverts: [{ bead: BEAD, commit: COMMIT }] },
  ])
  const bead = (await town.get(`/v1/beads/${BEAD}`)).body
  expect(bead).toMatchObject({ status: 'open', commit: null })
  expect((await town.get('/v1/beads/sh-5')).body).toMatchObject({ openNeeds: [BEAD] })
  expect((await town.gt('why', BEAD)).out).toContain('it is open again: taken back: it breaks the checkout')
  expect((await town.gt('mq', 'revert', 'mr-1', '--json')).err).toContain('ALREADY_REVERTED')
  expect((await town.gt('mq', 'revert', 'mr-2', '--json')).err).toContain('REVERT_OF_REVERT')
})
