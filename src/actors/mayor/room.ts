// Room on the disk: below the floor nothing new begins, and it begins again by itself.
//
// Always:    a person is told once each time, and what they were told of is settled when there is room again.

import { sizeText } from '../../events/disk-floor.ts'
import type { Deciding, Event } from '../machine.ts'
import { type MayorContext, openBooks } from './books.ts'
import { dispatch, LOW_DISK } from './dispatch.ts'
import { raise } from './escalations.ts'

/** There is room again when a tenth more than the floor is free: at the floor itself it would go back and forth. */
const clear = (floorBytes: number): number => floorBytes + floorBytes / 10

const DISK_LOW = 'DISK_LOW'

export function see(context: MayorContext, event: Event<'disk.seen'>, to: Deciding<MayorContext>): void {
  const { freeBytes, floorBytes, totalBytes, meta } = event
  const books = openBooks(context, to)
  const isLow = books.get(LOW_DISK) !== undefined
  if (!isLow && freeBytes < floorBytes) {
    books.put(LOW_DISK, true)
    to.fact({ type: 'DiskLow', freeBytes, floorBytes, totalBytes })
    const reason =
      `The disk of the town has ${sizeText(freeBytes)} free, less than disk.floor (${sizeText(floorBytes)}): ` +
      'no new work begins. Make room, or lower the floor.'
    raise(
      context,
      { ...event, type: 'escalation.raise', bead: null, agent: null, code: DISK_LOW, reason },
      to,
    )
    return dispatch(books, to, meta.at)
  }
  if (isLow && freeBytes >= clear(floorBytes)) {
    books.drop(LOW_DISK)
    to.fact({ type: 'DiskFree', freeBytes, floorBytes, totalBytes })
    for (const key of books.keys('escalation/')) {
      if (books.get<{ code: string }>(key)?.code !== DISK_LOW) continue
      books.drop(key)
      to.fact({ type: 'EscalationClosed', id: key.slice('escalation/'.length), note: 'there is room again' })
    }
    return dispatch(books, to, meta.at)
  }
  to.refuse('UNEXPECTED', 'The disk is as it was.')
}

/** Whether what was seen changes anything; asked before it is told, so that a look leaves no trace. */
export function isNews(
  context: MayorContext,
  { freeBytes, floorBytes }: { readonly freeBytes: number; readonly floorBytes: number },
): boolean {
  return context[LOW_DISK] === undefined ? freeBytes < floorBytes : freeBytes >= clear(floorBytes)
}
