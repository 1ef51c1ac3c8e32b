// Checking a database: every value against its checksum, every entry against the chain, the end against the head file.
//
// Owns:      finding damage and naming the entry it concerns.
// Does not:  repair, or throw: whatever is wrong becomes a problem of the report.
// Always:    a problem's seq is the first entry concerned; 0 if it concerns none.

import { CHAIN_START, chainAfter } from '../chain.ts'
import type { Position } from '../engine.ts'
import type { ErasedEntries } from '../erased.ts'
import { lineHasSeq } from '../line.ts'
import { SEGMENT_ENTRIES } from '../seal-policy.ts'
import type { LogProblem, LogProblemKind } from '../types.ts'
import { hashOf } from './append-ids.ts'
import { type ArchiveFile, archivesIn, lostIn } from './archive.ts'
import type { FoundHead } from './head-file.ts'
import { seqKey, seqOf } from './keys.ts'
import { decodeRow, isDamaged, type Row } from './row.ts'
import type { Scan } from './scan.ts'
import {
  crcOfValue,
  decodeIdBatch,
  decodeIdHashes,
  decodeIdPlace,
  decodeIdRun,
  decodeSegmentInfo,
  type SegmentInfo,
} from './values.ts'

export type Segments = {
  /** Files that hold the first of them. */
  readonly archives: readonly ArchiveFile[]
  /** By the seq of the last entry. */
  readonly infos: ReadonlyMap<number, SegmentInfo>
  /** Where the unbroken run of segments from the first entry ends. */
  readonly end: Position
  readonly bytes: number
}

/** Reads what is known of the sealed segments, without reading them. */
export async function checkSegments(scan: Scan, problems: LogProblem[]): Promise<Segments> {
  const archives = await archivesIn(scan, problems)
  const archived = archives.at(-1)
  const infos = new Map<number, SegmentInfo>()
  let end: Position = archived
    ? { seq: archived.last, chain: archived.after }
    : { seq: 0, chain: CHAIN_START }
  let bytes = archives.reduce((sum, { bytesOfLines }) => sum + bytesOfLines, 0)
  for await (const scanned of scan('s')) {
    const wanted = end.seq + SEGMENT_ENTRIES
    if ('unreadable' in scanned) {
      problems.push(
        problem(wanted, 'undecodable', `The segments from entry ${end.seq + 1} on cannot be listed.`),
      )
      continue
    }
    const last = seqOf(scanned.key)
    const info = decodeSegmentInfo(scanned.key, scanned.value)
    if (last === undefined || !info) {
      problems.push(
        problem(end.seq + 1, 'checksum', `What is known of the segment after entry ${end.seq} is damaged.`),
      )
      if (last === wanted) end = { seq: last, chain: end.chain }
      continue
    }
    if (last !== wanted) {
      problems.push(
        problem(end.seq + 1, 'gap', `The segment of the entries ${end.seq + 1} to ${wanted} is missing.`),
      )
    }
    infos.set(last, info)
    bytes += info.bytes + 1
    end = { seq: last, chain: info.after }
  }
  return { archives, infos, end, bytes }
}

export type RowsReport = { readonly end: Position; readonly bytes: number }

/** Checks every row after `from`; `segments` are compared with the rows met. */
export async function checkRows(
  scan: Scan,
  from: Position,
  problems: LogProblem[],
  options: {
    readonly segments?: Segments
    /** What the head file says. */
    readonly known?: Position | undefined
    readonly onProgress?: ((seq: number) => void) | undefined
    readonly erased?: ErasedEntries
    /** Each row that is sound. */
    readonly onRow?: (key: Buffer, value: Buffer) => void
  } = {},
): Promise<RowsReport> {
  const { known, segments } = options
  let seq = from.seq
  let bytes = 0
  // Unknown after damage, until the next row says where it began.
  let chain: Buffer | undefined = from.chain
  let endChain = from.chain
  let stopped: { readonly seq: number; readonly why: string } | undefined
  for await (const scanned of scan('r', seqKey('r', from.seq + 1))) {
    if ('unreadable' in scanned) {
      const why = text(scanned.unreadable)
      if (scanned.passed) {
        problems.push(problem(0, 'undecodable', `LevelDB cannot read a part of its tables: ${why}`))
        continue
      }
      stopped = { seq, why }
      chain = undefined
      continue
    }
    const last = seqOf(scanned.key)
    if (last === undefined || last <= seq) {
      problems.push(problem(seq + 1, 'undecodable', `A row after entry ${seq} has a key that cannot be.`))
      continue
    }
    const row = decodeSafely(scanned.key, last, scanned.value)
    if (isDamaged(row)) {
      const archive = segments?.archives.find((file) => file.first <= last && last <= file.last)
      const found = archive
        ? lostIn(archive, scanned.value.length > 0 ? row.seq : undefined)
        : problem(row.seq, 'checksum', row.message)
      // A file that is cut off lacks all of its last rows.
      if (problems.at(-1)?.message !== found.message) problems.push(found)
      seq = last
      chain = undefined
      continue
    }
    bytes += row.bytes + 1
    const wanted = seq + 1
    if (row.first > wanted) {
      const which =
        row.first - 1 === wanted ? `Entry ${wanted} is` : `The entries ${wanted} to ${row.first - 1} are`
      problems.push(problem(wanted, 'gap', `${which} missing.`))
      chain = undefined
    } else if (row.first < wanted && seq !== from.seq) {
      problems.push(problem(row.first, 'gap', `The entries from ${row.first} to ${seq} are there twice.`))
      chain = undefined
    }
    chain = checkRow(row, chain, from, problems, known)
    if (options.erased) for (const [n, line] of row.lines.entries()) options.erased.line(row.first + n, line)
    endChain = chain
    const info = row.sealed ? segments?.infos.get(last) : undefined
    const archived = last <= (segments?.archives.at(-1)?.last ?? 0)
    if (row.sealed && segments && !archived && (!info || info.rowCrc !== crcOfValue(scanned.value))) {
      problems.push(
        problem(
          row.first,
          'checksum',
          `The segment of the entries ${row.first} to ${last} is not the one that was sealed.`,
        ),
      )
    }
    seq = last
    options.onRow?.(scanned.key, scanned.value)
    options.onProgress?.(seq)
  }
  if (stopped) {
    // At the very end nothing need be missing: then it is the store that is damaged, and no entry.
    const concerned = seq > stopped.seq || (known !== undefined && known.seq > seq)
    const message = `LevelDB cannot read on after entry ${stopped.seq}: ${stopped.why}`
    problems.push(problem(concerned ? stopped.seq + 1 : 0, 'undecodable', message))
  }
  return { end: { seq, chain: endChain }, bytes }
}

/** Checks that the log reaches as far as the head file says, and as was acknowledged. */
export function checkHead(
  endSeq: number,
  logId: string,
  found: FoundHead,
  problems: LogProblem[],
  acknowledged = 0,
): void {
  if (acknowledged > endSeq) {
    problems.push(
      problem(
        endSeq + 1,
        'head',
        `The entries ${endSeq + 1} to ${acknowledged} were acknowledged and are missing.`,
      ),
    )
  } else if (found.state !== 'found') {
    problems.push(
      problem(
        0,
        'head',
        `The head file is ${found.state}: whether the end of the log was lost cannot be seen.`,
      ),
    )
  } else if (found.logId !== logId) {
    problems.push(problem(0, 'head', 'The head file belongs to another log.'))
  } else if (found.seq > endSeq) {
    const seq = endSeq + 1
    const which = found.seq === seq ? `Entry ${seq} is` : `The entries ${seq} to ${found.seq} are`
    problems.push(problem(seq, 'head', `${which} missing from the end: the head file has seen them.`))
  }
}

/** Checks the rows by which append ids are found again. */
export async function checkIds(scan: Scan, problems: LogProblem[]): Promise<void> {
  for await (const scanned of scan('i')) {
    if ('unreadable' in scanned) {
      problems.push(problem(0, 'undecodable', `Append ids cannot be read: ${text(scanned.unreadable)}`))
    } else if (!decodeIdPlace(scanned.key, scanned.value)) {
      const seq = scanned.value.length >= 6 ? scanned.value.readUIntBE(0, 6) : 0
      problems.push(problem(seq, 'checksum', `The append id of entry ${seq} is damaged.`))
    }
  }
  await checkPackedIds(scan, problems)
  for await (const scanned of scan('x')) {
    if ('unreadable' in scanned) {
      problems.push(
        problem(0, 'undecodable', `The order of append ids cannot be read: ${text(scanned.unreadable)}`),
      )
    } else if (!decodeIdBatch(scanned.key, scanned.value)) {
      const seq = seqOf(scanned.key) ?? 0
      problems.push(problem(seq, 'checksum', `The list of append ids at entry ${seq} is damaged.`))
    }
  }
}

async function checkPackedIds(scan: Scan, problems: LogProblem[]): Promise<void> {
  const hashes = new Map<number, readonly number[]>()
  for await (const scanned of scan('h')) {
    if ('unreadable' in scanned) {
      const why = text(scanned.unreadable)
      problems.push(problem(0, 'undecodable', `What append ids hash to cannot be read: ${why}`))
      continue
    }
    const last = seqOf(scanned.key) ?? 0
    const known = decodeIdHashes(scanned.key, scanned.value)
    if (known) hashes.set(last, known.hashes)
    else
      problems.push(problem(last, 'checksum', `What the append ids up to entry ${last} hash to is damaged.`))
  }
  for await (const scanned of scan('p')) {
    if ('unreadable' in scanned) {
      const why = text(scanned.unreadable)
      problems.push(problem(0, 'undecodable', `Packed append ids cannot be read: ${why}`))
      continue
    }
    const last = seqOf(scanned.key) ?? 0
    const run = decodeIdRun(scanned.key, scanned.value)
    if (!run) {
      problems.push(problem(last, 'checksum', `The append ids up to entry ${last} are damaged.`))
      hashes.delete(last)
      continue
    }
    const known = hashes.get(last) ?? []
    hashes.delete(last)
    if (known.length !== run.length || run.some(([id], n) => hashOf(id) !== known[n]))
      problems.push(problem(last, 'checksum', `The append ids up to entry ${last} would not be found again.`))
  }
  for (const last of hashes.keys())
    problems.push(problem(last, 'gap', `The append ids up to entry ${last} are missing.`))
}

function checkRow(
  row: Row,
  chainBefore: Buffer | undefined,
  from: Position,
  problems: LogProblem[],
  known: Position | undefined,
): Buffer {
  const startsInside = row.first <= from.seq
  if (chainBefore && !startsInside && !chainBefore.equals(row.before)) {
    problems.push(
      problem(
        row.first,
        'chain',
        `The chain is broken between the entries ${row.first - 1} and ${row.first}.`,
      ),
    )
  }
  let chain = row.before
  let seq = row.first
  let named = false
  for (const line of row.lines) {
    chain = chainAfter(chain, line)
    if (!lineHasSeq(line, seq) && !named) {
      problems.push(problem(seq, 'undecodable', `Entry ${seq} says it is another one.`))
      named = true
    }
    if (seq === from.seq && !chain.equals(from.chain)) {
      problems.push(problem(seq, 'chain', `The chain at entry ${seq} is not the one that was known.`))
    }
    if (known && known.seq === seq && !chain.equals(known.chain)) {
      problems.push(problem(seq, 'chain', `The chain at entry ${seq} is not the one in the head file.`))
    }
    seq += 1
  }
  if (!named && (!chain.equals(row.after) || seq !== row.last + 1)) {
    problems.push(
      problem(row.first, 'chain', `The chain does not fit the entries ${row.first} to ${row.last}.`),
    )
  }
  return row.after
}

function decodeSafely(key: Buffer, last: number, value: Buffer) {
  try {
    return decodeRow(key, last, value)
  } catch (error) {
    const message = `The row that ends at entry ${last} cannot be unpacked: ${text(error)}`
    return { damaged: true, seq: last, message } as const
  }
}

function problem(seq: number, kind: LogProblemKind, message: string): LogProblem {
  return { seq, kind, message }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
