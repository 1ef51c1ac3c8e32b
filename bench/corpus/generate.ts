// The corpus: as many records as are asked for, of a town that goes on for ever.
//
// Always:    the same seed gives the same lines, however many are taken; nothing that was handed on is kept.

import type { LogRecord } from '../../src/events/record.ts'
import type { System } from '../../src/system/types.ts'
import { keepBeads } from './beads.ts'
import { answering } from './effects.ts'
import { settle } from './rigs.ts'
import { sessions } from './sessions.ts'
import { keepUp } from './upkeep.ts'
import { World } from './world.ts'

/** Lines of one handing over, about. */
const BATCH_LINES = 2_000

/** `onLines` gets NDJSON lines without their newlines, in order; nothing happens in the town until it resolves. */
export async function generate(options: {
  readonly records: number
  readonly seed: number
  readonly onLines: (lines: readonly string[]) => Promise<void> | void
  /** Sees each record as the town does that makes it, which then stands just behind it. */
  readonly onRecord?: (record: LogRecord, system: System | null) => void
  /** Asked now and then: fewer are enough. */
  readonly ended?: () => boolean
}): Promise<void> {
  const { records, seed, onLines, onRecord, ended = () => false } = options
  const world = new World(seed)
  if (onRecord !== undefined) world.onRecord = onRecord
  await world.open((made) => answering(made, sessions(made)))
  void settle(world)
  keepBeads(world)
  keepUp(world)
  let handed = 0
  let waiting: string[] = []
  const hand = (): Promise<void> | undefined => {
    const lines = waiting.slice(0, records - handed)
    waiting = []
    handed += lines.length
    return onLines(lines) as Promise<void> | undefined
  }
  await world.scheduler.run({
    until: Number.POSITIVE_INFINITY,
    done: () => world.sink.seq >= records || ended(),
    afterEach: () => {
      for (const line of world.sink.take()) waiting.push(line)
      return waiting.length >= BATCH_LINES ? hand() : undefined
    },
  })
  if (handed < records) await hand()
  // Nobody is left to wait for anything.
  void world.system.close()
}
