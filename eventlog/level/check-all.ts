// Everything that is checked in a database, in one go: what verify() asks for, in whichever thread.
//
// Owns:      the order of the checks.
// Does not:  read: it is handed a scan. Look at the head file: that is compared with the end afterwards (checkHead).

import type { Position } from '../engine.ts'
import { ErasedEntries } from '../erased.ts'
import type { LogProblem } from '../types.ts'
import { checkIds, checkRows, checkSegments } from './check.ts'
import type { Scan } from './scan.ts'

export type Checked = {
  readonly problems: LogProblem[]
  readonly end: Position
  readonly erased: ErasedEntries
}

/** Checks every row after `from`; `known` is what the head file says. */
export async function checkAll(
  scan: Scan,
  options: {
    readonly from: Position
    readonly known: Position | undefined
    readonly onProgress?: ((seq: number) => void) | undefined
  },
): Promise<Checked> {
  const problems: LogProblem[] = []
  const erased = new ErasedEntries()
  const segments = await checkSegments(scan, problems)
  const { end } = await checkRows(scan, options.from, problems, { ...options, segments, erased })
  await checkIds(scan, problems)
  return { problems, end, erased }
}
