import { afterEach, beforeEach, expect, test } from 'vitest'
import type { GateResultData } from '../../src/events/define.ts'
import type { Message } from '../../src/events/index.ts'
import { BASE, COMMIT, gateResult, message } from '../support/messages.ts'
import { type CliTown, createCliTown } from './town.ts'

let town: CliTown
beforeEach(async () => {
  town = await createCliTown()
})
afterEach(() => town.close())

let turns = 0
async function hears(...messages: Message[]): Promise<void> {
  for (const each of messages) {
    turns += 1
    const said = { id: `g-${turns}`, by: 'worker', messages: [{ to: 'shop/refinery', message: each }] }
    const { accepted } = await town.town.system.take(said, { settled: true })
    expect(accepted, JSON.stringify(each)).toBe(true)
  }
}
const built = message('merge.built')
const ran = (outcome: 'passed' | 'failed', more: Partial<GateResultData> = {}) =>
  message('gates.ran', {
    mergeRequest: built.mergeRequest,
    tree: built.tree,
    results: [{ ...gateResult(outcome), version: '0123456789ab', ...more }],
  })
const report = { ran: 3, red: ['cart adds'], skipped: 0, complete: true }

test('gt gates report says how often each gate was red, and which of its tests were so by chance', async () => {
  expect((await town.gt('gates', 'report')).out).toBe('No gate has run.\n')
  await hears(message('MERGE_READY'), built)
  const { seq } = town.town.system
  await hears(
    ran('failed', { tests: report }),
    { ...ran('passed'), mergeRequest: null, tree: BASE },
    ran('passed', { tests: { ...report, red: [] } }),
  )
  const { out, code } = await town.gt('gates', 'report', '--rig', 'shop')
  expect(code).toBe(0)
  expect(out).toMatch(/GATE +VERSION +RUNS +RED +FLAKY/)
  expect(out).toMatch(/shop\/test +0123456 +3 +1 \(33 %\) +1 \(33 %\) +0 +0 +120 ms +\d\d/)
  expect(out).toContain('Flaky tests of shop/test:\n  cart adds: 1 of 1 times it was red\n')
  const { items } = JSON.parse((await town.gt('gates', 'report', '--json')).out)
  expect(items).toMatchObject([{ rig: 'shop', gate: 'test', runs: 3, red: 1, flaky: 1, required: true }])
  expect((await town.gt('gates', 'report', '-q')).out).toBe('shop/test\n')
  // As of a moment, and since one.
  expect((await town.gt('gates', 'report', '--at', String(seq))).out).toBe('No gate has run.\n')
  const since = JSON.parse((await town.gt('gates', 'report', '--since', String(seq + 1), '--json')).out)
  expect(since.items).toMatchObject([{ runs: expect.any(Number), flaky: 0, red: 0 }])
  expect((await town.gt('gates', 'report', '--rig', 'mars', '--json')).err).toContain('RIG_NOT_FOUND')
})

test('gt gates report says how much of what was tested ahead was of use', async () => {
  const said = [
    ...[message('ahead.begin'), message('ahead.ran'), message('ahead.over')],
    ...[message('ahead.begin'), message('ahead.drop')],
  ]
  for (const [n, each] of said.entries())
    await town.town.system.take(
      { id: `ahead-${n}`, by: 'worker', messages: [{ to: 'shop/ahead', message: each }] },
      { settled: true },
    )
  const { out } = await town.gt('gates', 'report')
  expect(out).toContain('Tested ahead in shop: 2, of use 1, thrown away 1 (1 cancelled).\n')
  const { ahead } = JSON.parse((await town.gt('gates', 'report', '--since', '0', '--json')).out)
  expect(ahead).toMatchObject([{ rig: 'shop', runs: 2, passed: 1, used: 1, cancelled: 1 }])
})

test('a receipt says what was skipped, known, or is advice', async () => {
  await town.command('config.set', {
    key: 'gates.docs',
    rig: 'shop',
    value: '{"command":["docs"],"paths":["docs/**"]}',
  })
  await town.command('config.set', {
    key: 'gates.style',
    rig: 'shop',
    value: '{"command":["style"],"required":false}',
  })
  const bead = await town.bead('Fix the cart')
  await hears(
    message('MERGE_READY', { bead }),
    built,
    {
      ...ran('passed'),
      results: [
        { ...gateResult('passed'), cached: { at: '2027-03-01T08:00:00.000Z', durationMs: 42 } },
        { ...gateResult('passed', 'docs'), outcome: 'skipped', exitCode: null },
        { ...gateResult('failed', 'style'), command: ['style'], required: false },
      ],
    },
    message('target.advanced', { head: COMMIT }),
  )
  const { out, err } = await town.gt('mq', 'receipt', bead)
  expect(err).toBe('')
  expect(out).toMatch(/test: npm test exited 0 after 42 ms, on this very tree at /)
  expect(out).toContain('docs: skipped, for nothing that changed concerns it')
  expect(out).toContain('style (advice): style exited 1 after 120 ms')
})
