// Sealing: 512 entries become one row, smaller and quicker to read, that gives back every line (rule L10).
//
// Owns:      preparing the batch that replaces the unsealed rows of one run.
// Does not:  write it: that is the appender's turn.
// Always:    the rows to be deleted were checked, and the compressed text was unpacked and compared, before.

import { chainAfter } from '../chain.ts'
import type { Position } from '../engine.ts'
import { SEGMENT_ENTRIES } from '../seal-policy.ts'
import { LogError } from '../types.ts'
import { FORMAT, formatRow } from './database.ts'
import { seqKey, seqOf } from './keys.ts'
import { decodeRow, encodeRow, isDamaged } from './row.ts'
import type { RawRow } from './scan.ts'
import { packLines } from './segment.ts'
import { crcOfValue, encodeSegmentInfo, type Operation } from './values.ts'

export type SealBatch = {
  readonly operations: Operation[]
  readonly end: Position
}

/** What a batch leaves of a commit that goes on behind the run. */
export function restOf({ operations, end }: SealBatch): RawRow | undefined {
  for (const one of operations) {
    const last = seqOf(one.key) ?? 0
    if (one.type === 'put' && last > end.seq) return { last, key: one.key, value: one.value }
  }
  return undefined
}

/** `rows` are those that hold the run after `from`. @throws {LogError} LOG_DAMAGED */
export async function prepareSegment(
  rows: AsyncIterable<RawRow>,
  from: Position,
  format: number,
): Promise<SealBatch> {
  const to = from.seq + SEGMENT_ENTRIES
  const operations: SealBatch['operations'] = []
  const lines: string[] = []
  let chain = from.chain
  for await (const { key, last, value } of rows) {
    const row = decodeRow(key, last, value)
    if (isDamaged(row)) throw damaged(row.seq, row.message)
    if (row.first !== from.seq + lines.length + 1) {
      throw damaged(from.seq + lines.length + 1, 'An entry is missing before it could be sealed.')
    }
    if (!row.before.equals(chain)) throw damaged(row.first, `The chain is broken at entry ${row.first}.`)
    const mine = row.lines.slice(0, to - row.first + 1)
    for (const line of mine) {
      chain = chainAfter(chain, line)
      lines.push(line)
    }
    const rest = row.lines.slice(mine.length)
    if (rest.length > 0) {
      // A commit across the end of the run: what lies behind stays as a row of its own, under the same key.
      const kept = { before: chain, after: row.after, lines: rest }
      operations.push({ type: 'put', key, value: encodeRow(key, kept, Buffer.from(rest.join('\n'))) })
    } else if (!chain.equals(row.after)) {
      throw damaged(row.first, `The chain does not fit the entries ${row.first} to ${last}.`)
    } else if (last !== to) operations.push({ type: 'del', key })
  }
  if (lines.length !== SEGMENT_ENTRIES)
    throw damaged(from.seq + lines.length + 1, 'The run to be sealed is not full.')

  const text = Buffer.from(lines.join('\n'))
  const packed = await packLines(lines, text)
  const key = seqKey('r', to)
  const value = encodeRow(key, { before: from.chain, after: chain, lines }, text, packed)
  const infoKey = seqKey('s', to)
  const info = { count: lines.length, bytes: text.length, after: chain, rowCrc: crcOfValue(value) }
  operations.push(
    { type: 'put', key, value },
    { type: 'put', key: infoKey, value: encodeSegmentInfo(infoKey, info) },
    // From now on a build that does not know this kind of row must not open the log.
    ...(format < FORMAT ? [formatRow()] : []),
  )
  return { operations, end: { seq: to, chain } }
}

function damaged(seq: number, message: string): LogError {
  return new LogError('LOG_DAMAGED', message, { details: { problems: [{ seq, kind: 'chain', message }] } })
}
