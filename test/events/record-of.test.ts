import { expect, test } from 'vitest'
import { createMemoryLog } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import { RECORD_VERSION } from '../../src/events/record.ts'
import { recordOf } from '../../src/events/upcasters.ts'
import { openSystem } from '../../src/system/system.ts'

const newer = { v: RECORD_VERSION + 1, actor: 'town', facts: [], effects: [] }

test('[P3] a line of a newer version is refused and not misread', () => {
  expect(() => recordOf(JSON.stringify({ seq: 1, ...newer }))).toThrow(/version 2.*newer/)
})

test('[P3] a town whose log has a record of a newer version does not open', async () => {
  const log = createMemoryLog()
  await log.append([newer], { id: 'newer' })
  const clock = { now: () => 0, after: () => () => {} }
  await expect(openSystem({ log, clock, machines: machineAt, onRecord: () => {} })).rejects.toThrow(/newer/)
})
