import { expect, test } from 'vitest'
import type { LogRecord } from '../../src/events/record.ts'
import { createLedger } from '../../src/system/ledger.ts'
import type { Turn } from '../../src/system/types.ts'
import { createSleepWatch } from '../../src/town/sleep-watch.ts'

const HOUR_MS = 3_600_000
const STARTED = { type: 'TownStarted', version: '1', downMs: 0 }

/** A town of which only the times matter. */
function watched() {
  const told: Turn[] = []
  let elapsedMs = 0
  let wallMs = Date.UTC(2027, 2, 1, 8)
  let seq = 0
  const watch = createSleepWatch({
    system: {
      take: (turn) => {
        told.push(turn)
        return Promise.resolve({ accepted: true, records: [], repeated: false })
      },
    },
    elapsed: () => elapsedMs,
    trouble: (code, message) => expect.fail(`${code} ${message}`),
  })
  return {
    slept: () => told.map(({ messages }) => messages[0]?.message.sleptMs),
    /** `wall` and `elapsed` ms go by, then a record is written. */
    record(wall: number, elapsed: number, facts: readonly object[] = []) {
      wallMs += wall
      elapsedMs += elapsed
      seq += 1
      watch.record({ seq, at: new Date(wallMs).toISOString(), facts } as unknown as LogRecord)
      return this
    },
  }
}

test('[TOWN-10] a machine that sleeps for eight hours is told of once, and for how long', () => {
  const town = watched()
    .record(0, 0, [STARTED])
    .record(10_000, 10_000)
    .record(8 * HOUR_MS, 5_000)
  expect(town.slept()).toEqual([8 * HOUR_MS - 5_000])
  expect(town.record(10_000, 10_000).slept()).toHaveLength(1)
})

test('[TOWN-10] what passed before the start is no sleep, and neither is a clock that stood still and is right again', () => {
  const town = watched()
    .record(0, 0)
    .record(8 * HOUR_MS, 0, [STARTED])
  // Set back by an hour: times of records stand still, then go on where the clock is.
  town
    .record(0, HOUR_MS / 2)
    .record(HOUR_MS, HOUR_MS / 2)
    .record(30_000, 1_000)
  expect(town.slept()).toEqual([])
})

test('[SYS-8] a timer that was set before the machine slept has as much left after the next start as it had', () => {
  const ledger = createLedger()
  const record = (seq: number, more: object) =>
    ledger.apply({
      seq,
      at: '2027-03-01T08:00:00.000Z',
      actor: 'town',
      from: 'up',
      to: 'up',
      message: { type: 'town.woke' },
      change: {},
      facts: [],
      effects: [],
      correlation: 1,
      ...more,
    } as unknown as LogRecord)
  const params = { event: 'session.overdue', dueAt: '2027-03-01T08:02:00.000Z', delayMs: 120_000 }
  record(1, { effects: [{ kind: 'timer', params }] })
  const { unwatched } = record(2, { facts: [{ type: 'TownWoke', sleptMs: 8 * HOUR_MS }] })
  expect(ledger.unwatchedMs - ledger.unwatchedWhenSet('1.0')).toBe(8 * HOUR_MS)
  // Those at hand have stood still with the machine.
  expect(unwatched).toBe(false)
})
