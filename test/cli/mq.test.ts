import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Message } from '../../src/events/index.ts'
import { gateResult, message } from '../support/messages.ts'
import { type CliTown, createCliTown } from './town.ts'

let town: CliTown
beforeEach(async () => {
  town = await createCliTown()
})
afterEach(() => town.close())

let turns = 0
/** The Refinery of shop hears this. */
async function hears(...messages: Message[]): Promise<void> {
  for (const each of messages) {
    turns += 1
    const said = { id: `t-${turns}`, by: 'worker', messages: [{ to: 'shop/refinery', message: each }] }
    const { accepted } = await town.town.system.take(said, { settled: true })
    expect(accepted).toBe(true)
  }
}
const built = message('merge.built')
const ran = (outcome: 'passed' | 'failed', of: string | null = built.mergeRequest) =>
  message('gates.ran', { mergeRequest: of, results: [gateResult(outcome)] })

test('gt mq freeze says who keeps a target from changing, and why, wherever one looks; gt mq thaw ends it', async () => {
  const frozen = await town.gt('mq', 'freeze', 'shop', '--reason', 'the release is being cut')
  expect(frozen).toMatchObject({ code: 0, err: '' })
  expect(frozen.out).toContain('main of shop is frozen: work waits until gt mq thaw shop.')
  for (const asked of [['status'], ['mq', 'list'], ['status', '--at', String(town.town.system.seq)]])
    expect((await town.gt(...asked)).out).toMatch(
      /! main of shop is frozen .*the release is being cut.*gt mq thaw/s,
    )
  const { items } = (await town.get('/v1/rigs')).body
  expect(items[0]).toMatchObject({
    target: { state: 'frozen', reason: 'frozen by overseer: the release is being cut' },
    frozen: { by: 'overseer', reason: 'the release is being cut' },
  })
  const again = await town.gt('mq', 'freeze', 'shop')
  expect(again.code).toBe(1)
  expect(again.err).toMatch(
    /main of shop is frozen already, since .* by overseer: the release is being cut\./,
  )
  expect((await town.gt('mq', 'thaw')).out).toBe('Work lands on main of shop again.\n')
  expect(await town.gt('mq', 'thaw', '--json')).toMatchObject({
    code: 1,
    err: expect.stringContaining('TARGET_NOT_FROZEN'),
  })
  expect((await town.gt('mq', 'list')).out).not.toContain('!')
})

test('an agent freezes nothing', async () => {
  const bead = await town.bead('Fix the cart')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
  expect((await town.gtInSession('mq', 'freeze', 'shop')).code).not.toBe(0)
  expect((await town.get('/v1/rigs')).body.items[0].frozen).toBeNull()
})

test('a target that is red by itself waits for the person, with the gate and the commit', async () => {
  expect((await town.gt('mq', 'retest', 'shop', '--json')).err).toContain('TARGET_NOT_RED')
  await hears(message('MERGE_READY'), built, ran('failed'), ran('failed', null))
  const { code, out } = await town.gt('status')
  expect(code).toBe(1)
  expect(out).toContain('main of shop is red by itself (test), so nothing lands')
  expect((await town.gt('mq', 'list')).out).toContain(`test fails on it since ${built.base.slice(0, 7)}`)
  expect((await town.gt('mq', 'retest', 'shop')).out).toContain('main of shop is tested')
})

test('work that waits for a yes is in the inbox without a time, and lands or goes back by the answer', async () => {
  const set = await town.gt('config', 'set', 'gates.review', '{"approval":"person"}', '--rig', 'shop')
  expect(set.err).toBe('')
  expect((await town.gt('rig', 'show', 'shop')).out).toContain(
    'npm test and review (you are asked) must pass first',
  )
  await hears(message('MERGE_READY'), built, ran('passed'))
  const { out } = await town.gt('inbox')
  expect(out).toContain('1  shop/refinery (sh-1): May bead sh-1 land on main? (review)')
  expect(out).toMatch(/d-shop-1, for \S+, without a time/)
  expect(out).toContain('gt answer 1 approve|refuse')
  expect(await town.gt('answer', '1', 'allow')).toMatchObject({ code: 1 })
  expect((await town.gt('answer', '1', 'approve')).out).toBe(
    'd-shop-1: approved. The Refinery (merge queue) lands sh-1.\n',
  )
  const pushes = town.town.system.openEffects().filter(({ kind }) => kind === 'target.push')
  expect(pushes).toMatchObject([{ params: { commit: built.commit } }])
})

test('a no goes back with the note', async () => {
  await town.gt('config', 'set', 'gates.review', '{"approval":"person"}', '--rig', 'shop')
  await hears(message('MERGE_READY'), built, ran('passed'))
  const refused = await town.gt('answer', 'd-shop-1', 'refuse', '--note', 'not before the release')
  expect(refused.out).toBe('d-shop-1: refused. sh-1 goes back to its worker, with your note.\n')
  const { items } = (await town.get('/v1/merge-queue')).body
  expect(items).toMatchObject([
    { state: 'failed', reason: { message: 'review: refused by overseer: not before the release' } },
  ])
})
