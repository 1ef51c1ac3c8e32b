// Building a log out of lines that exist already.
//
// Owns:      importLines; a draft beside the place, which is moved there whole.
// Does not:  decide what an entry may be (line.ts).
// Always:    the lines come back byte for byte; whatever is wrong with one of them, nothing is left behind.

import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { CHAIN_START, chainOver, chainText } from '../chain.ts'
import type { Position } from '../engine.ts'
import { ENTRY_BYTES_MAX, lineHasSeq } from '../line.ts'
import { SEGMENT_ENTRIES } from '../seal-policy.ts'
import { type Head, LogError } from '../types.ts'
import { packAllIds } from './append-ids.ts'
import { type Database, databasePath, headPath, metaRows, openDatabase } from './database.ts'
import { refuseExisting, syncFolder } from './folder.ts'
import { createHeadFile } from './head-file.ts'
import { seqKey } from './keys.ts'
import { encodeRow } from './row.ts'
import { packLines } from './segment.ts'
import { crcOfValue, encodeSegmentInfo } from './values.ts'

/** Rows of a database. */
export type Put = { readonly key: Buffer; readonly value: Buffer }

/**
 * Makes a new log in `dir`, which must not exist or be empty, of the lines of an export, each without its newline; its
 * export is byte for byte the same. Append ids are not part of an export: none is remembered.
 * @throws {LogError} ENTRY_INVALID with `details.line`, counted from 1; ENTRY_TOO_LARGE; LOG_EXISTS. Nothing is left then.
 */
export function importLines(
  dir: string,
  lines: Iterable<string> | AsyncIterable<string>,
  options: { readonly onProgress?: (seq: number) => void } = {},
): Promise<Head> {
  return buildLog(dir, { lines, logId: randomBytes(16).toString('hex'), ...options })
}

/** `puts` are written besides the lines, as they are. */
export async function buildLog(
  dir: string,
  options: {
    readonly lines: Iterable<string> | AsyncIterable<string>
    readonly logId: string
    readonly puts?: Iterable<Put>
    readonly onProgress?: (seq: number) => void
  },
): Promise<Head> {
  const { lines, logId, puts = [], onProgress } = options
  const place = resolve(dir)
  await refuseExisting(place)
  const draft = `${place}.making-${randomBytes(4).toString('hex')}`
  try {
    await mkdir(databasePath(draft), { recursive: true, mode: 0o700 })
    const db = await openDatabase(draft, { create: true })
    let head: Position
    try {
      head = await writeLines(db, lines, onProgress)
      for (const { key, value } of puts) await db.put(key, value)
      await packAllIds(db, head.seq - (head.seq % SEGMENT_ENTRIES))
      // The only one to be synced: batches reach the disk in their order.
      await db.batch(metaRows(logId), { sync: true })
    } finally {
      await db.close()
    }
    await createHeadFile(headPath(draft), logId, head)
    await syncFolder(databasePath(draft))
    await syncFolder(draft)
    await rename(draft, place)
    await syncFolder(dirname(place))
    return { seq: head.seq, chain: chainText(head.chain) }
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw error
  }
}

async function writeLines(
  db: Database,
  lines: Iterable<string> | AsyncIterable<string>,
  onProgress: ((seq: number) => void) | undefined,
): Promise<Position> {
  let head: Position = { seq: 0, chain: CHAIN_START }
  let run: string[] = []
  for await (const line of lines) {
    refuseBroken(line, head.seq + run.length + 1)
    run.push(line)
    if (run.length < SEGMENT_ENTRIES) continue
    head = await writeRun(db, head, run)
    onProgress?.(head.seq)
    run = []
  }
  return run.length === 0 ? head : writeRun(db, head, run)
}

/** A full run is sealed at once; what is left over at the end is one commit. */
async function writeRun(db: Database, head: Position, lines: readonly string[]): Promise<Position> {
  const seq = head.seq + lines.length
  const chain = chainOver(head.chain, lines)
  const text = Buffer.from(lines.join('\n'))
  const packed = lines.length === SEGMENT_ENTRIES ? await packLines(lines, text) : undefined
  const key = seqKey('r', seq)
  const value = encodeRow(key, { before: head.chain, after: chain, lines }, text, packed)
  const operations = [{ type: 'put' as const, key, value }]
  if (packed) {
    const infoKey = seqKey('s', seq)
    const info = { count: lines.length, bytes: text.length, after: chain, rowCrc: crcOfValue(value) }
    operations.push({ type: 'put', key: infoKey, value: encodeSegmentInfo(infoKey, info) })
  }
  await db.batch(operations)
  return { seq, chain }
}

function refuseBroken(line: string, seq: number): void {
  const invalid = (why: string) =>
    new LogError('ENTRY_INVALID', `Line ${seq} ${why}; nothing was imported.`, { details: { line: seq } })
  if (!lineHasSeq(line, seq)) throw invalid(`is not the entry ${seq} of an export`)
  if (line.includes('\n')) throw invalid('holds a newline')
  try {
    JSON.parse(line)
  } catch {
    throw invalid('is not JSON')
  }
  if (line.length * 3 > ENTRY_BYTES_MAX && Buffer.byteLength(line) > ENTRY_BYTES_MAX) {
    const message = `Line ${seq} has more than ${ENTRY_BYTES_MAX} bytes; nothing was imported.`
    throw new LogError('ENTRY_TOO_LARGE', message, { details: { line: seq, bytesMax: ENTRY_BYTES_MAX } })
  }
  // What is no Unicode would come back as something else.
  if (!line.isWellFormed()) throw invalid('holds half a character')
}
