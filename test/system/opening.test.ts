// A start that has nothing but the log.

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { EventLog } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import { recordOf } from '../../src/events/upcasters.ts'
import { digestInto, partsOf } from '../../src/past/parts.ts'
import { createRebuild } from '../../src/past/rebuild.ts'
import { applyAll, applyMany, createProjections, type Projections } from '../../src/projections/index.ts'
import { openSystem } from '../../src/system/system.ts'
import type { SystemCheckpoint } from '../../src/system/types.ts'
import { linesOfHistory } from '../support/past-histories.ts'
import { logOf } from '../support/past-properties.ts'

class Stop extends Error {}

function digestOf(system: SystemCheckpoint, projections: Projections): string {
  const hash = createHash('sha256')
  digestInto(hash, partsOf({ system, projections }))
  return hash.digest('hex')
}

/** A log that makes no lines. */
const inPieces = (log: EventLog): EventLog =>
  new Proxy(log, {
    get(all, name) {
      if (name === 'read') throw new Error('It was read line by line.')
      const found: unknown = Reflect.get(all, name)
      return typeof found === 'function' ? found.bind(all) : found
    },
  })

test('[P1] [SYS-18] a start without a checkpoint folds the log in pieces, to the state that a replay has', async () => {
  const lines = await linesOfHistory(3)
  const rebuild = createRebuild(null)
  rebuild.fold(lines.map(recordOf))
  const right = digestOf(rebuild.checkpoint(), rebuild.projections)
  const log = await logOf(lines)
  for (const together of [true, false]) {
    const projections = createProjections()
    let found = ''
    const opening = openSystem({
      log: inPieces(log),
      machines: machineAt,
      clock: { now: () => 0, after: () => () => {} },
      onRecord: (record) => applyAll(projections, record),
      ...(together ? { onOpening: (records) => applyMany(projections, records) } : {}),
      first(folded) {
        found = digestOf(folded, projections)
        throw new Stop()
      },
    })
    await expect(opening).rejects.toThrow(Stop)
    expect(found).toBe(right)
  }
})

test('a projection that fails at the opening is told, and the town opens', async () => {
  const log = await logOf((await linesOfHistory(3)).slice(0, 50))
  const told: string[] = []
  const system = await openSystem({
    log,
    machines: machineAt,
    clock: { now: () => 0, after: () => () => {} },
    onRecord: () => {},
    onOpening() {
      throw new Error('no')
    },
    onTrouble: ({ message }) => told.push(message),
  })
  expect(system.seq).toBeGreaterThanOrEqual(50)
  expect(told[0]).toBe('Record 1 could not be shown.')
  await system.close()
})
