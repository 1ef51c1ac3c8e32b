import { beforeEach, expect, test } from 'vitest'
import { machineAt } from '../../src/actors/index.ts'
import type { LogRecord } from '../../src/events/record.ts'
import { createDecisions, decisions } from '../../src/projections/decisions.ts'
import { message } from '../support/messages.ts'
import { type Loop, openLoop } from './loop.ts'

const OWNER = 'decisions/d-1'
const MINUTE = 60_000
const machines = machineAt

let rows: ReturnType<typeof createDecisions>
let loop: Loop
const onRecord = (record: LogRecord) => rows.apply(record)
const value = () => loop.system.owner(OWNER)?.value
const expiresAt = () => Date.parse(decisions(rows.rows)[0]?.expiresAt ?? '')

beforeEach(async () => {
  rows = createDecisions()
  loop = await openLoop({ machines, onRecord })
  await loop.say({ to: 'town', message: message('town.install') })
  await loop.say({ to: 'town', message: message('town.start', { downMs: 0 }) })
  await loop.say({ to: OWNER, message: message('decision.open', { waitMs: 10 * MINUTE }) })
})

/** The daemon dies, and another one begins after a while. */
async function away(ms: number): Promise<void> {
  loop.clock.wall += ms
  loop = await loop.crash({ machines, onRecord: (record) => record.seq > rowsSeq && onRecord(record) })
  const { openedAfterMs } = loop.system
  await loop.say({ to: 'town', message: message('town.start', { downMs: openedAfterMs }) })
}
const rowsSeq = 3

test('[DECISION-7] it is settled when its time is over, and its row says when that is', async () => {
  await loop.clock.pass(10 * MINUTE - 1)
  expect([value(), expiresAt() - loop.clock.now()]).toEqual(['open', 1])
  await loop.clock.pass(1)
  expect(value()).toBe('expired')
})

test('[DECISION-7] time in which no daemon ran is added to it: hours away cut nothing, and settle nothing', async () => {
  await away(8 * 60 * MINUTE)
  expect(value()).toBe('open')
  expect(expiresAt() - loop.clock.now()).toBe(10 * MINUTE)
  await loop.clock.pass(10 * MINUTE - 1)
  expect(value()).toBe('open')
  await loop.clock.pass(1)
  expect(value()).toBe('expired')
})

test('[DECISION-7] it is extended by no more than what was not watched since the last record', async () => {
  await loop.clock.pass(6 * MINUTE)
  await loop.say({ to: 'town', message: message('town.set') })
  await loop.clock.pass(3 * MINUTE)
  await away(MINUTE)
  // 6 minutes were seen; 3 more, and the minute away, lie after the last record.
  expect(expiresAt() - loop.clock.now()).toBe(4 * MINUTE)
  await loop.clock.pass(4 * MINUTE - 1)
  expect(value()).toBe('open')
  await loop.clock.pass(1)
  expect(value()).toBe('expired')
})
