// Looks at the disk when work would begin, and tells the Mayor when that changes anything.
//
// Owns:      when the disk is looked at.
// Does not:  decide what comes of it: the Mayor does (MAYOR-30).
// Always:    no timer in a quiet town. One runs only while beads wait for room. A disk that cannot be asked changes nothing.

import type { MayorContext } from '../actors/mayor/books.ts'
import { isNews } from '../actors/mayor/room.ts'
import { MAYOR, TOWN } from '../events/address.ts'
import { floorBytes } from '../events/disk-floor.ts'
import type { AnyFact, Json, LogRecord } from '../events/record.ts'
import type { Clock } from '../ports/clock.ts'
import type { Disk } from '../ports/disk.ts'
import { dispatchQueue } from '../projections/dispatch.ts'
import type { Projections } from '../projections/index.ts'
import { type System, SystemError } from '../system/types.ts'
import { machineClock } from './clock.ts'
import { machineDisk } from './room.ts'

/** Facts with which room goes, or after which a place may go to somebody else. */
const TRIGGERS: ReadonlySet<string> = new Set([
  'TownStarted',
  'TownSettingChanged',
  'DispatchStarted',
  'AttemptBegun',
  'SessionEnded',
  'WorkSubmitted',
  'MergeBuilding',
  'MergeLanded',
])

const waitsForRoom = ({ type, waitingFor }: AnyFact): boolean =>
  type === 'DispatchWaiting' && (waitingFor as { kind?: unknown } | null)?.kind === 'disk'

/** Between two looks while beads wait for room, ms. */
const LOOK_MS = 60_000

export interface RoomWatch {
  /** Looks now. Never rejects; one look at a time. */
  look(): Promise<void>
  /** Is shown every record, after the projections have it. */
  record(record: LogRecord): void
  close(): void
}

export function createRoomWatch(town: {
  readonly dir: string
  readonly system: System
  readonly projections: Projections
  readonly trouble: (code: string, message: string) => void
  readonly disk?: Disk
  readonly clock?: Clock
}): RoomWatch {
  const { dir, system, projections, trouble, disk = machineDisk, clock = machineClock } = town
  let looking: Promise<void> | null = null
  let cancel: (() => void) | null = null
  let closed = false
  let isTold = false

  async function lookOnce(): Promise<void> {
    try {
      const { freeBytes: free, totalBytes, filesFree } = await disk.room(dir)
      const settings = (system.owner(TOWN)?.context.settings ?? {}) as Readonly<Record<string, Json>>
      // Where no file can be made there is no room, however many bytes are free.
      const freeBytes = filesFree === 0 ? 0 : free
      const seen = { freeBytes, floorBytes: floorBytes(settings['disk.floor'], totalBytes), totalBytes }
      const context = (system.owner(MAYOR)?.context ?? {}) as MayorContext
      isTold = false
      if (closed || !isNews(context, seen)) return
      await system.take({
        id: `disk.${system.seq}.${process.pid}`,
        by: TOWN,
        messages: [{ to: MAYOR, message: { type: 'disk.seen', ...seen } }],
      })
    } catch (error) {
      if (closed || error instanceof SystemError || isTold) return
      // It is not known to be full, so nobody is kept from beginning.
      isTold = true
      trouble('DISK_NOT_CHECKED', `The room on the disk could not be asked: ${String(error)}`)
    } finally {
      lookAgain()
    }
  }

  /** Somebody else may make room, and no record says so. */
  function lookAgain(): void {
    cancel?.()
    cancel = null
    const waits = dispatchQueue(projections.dispatch.rows).some(
      ({ waitingFor }) => waitingFor?.kind === 'disk',
    )
    if (!closed && waits) cancel = clock.after(LOOK_MS, () => void look())
  }

  async function look(): Promise<void> {
    looking ??= lookOnce().finally(() => {
      looking = null
    })
    return looking
  }

  return {
    look,
    record({ facts }) {
      if (facts.some(({ type }) => TRIGGERS.has(type))) void look()
      else if (facts.some(waitsForRoom)) lookAgain()
    },
    close() {
      closed = true
      cancel?.()
    },
  }
}
