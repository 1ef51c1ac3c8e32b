// repairLog: what can be saved of a damaged log, as a new one.
//
// Owns:      following the chain through whatever rows are left, and saying which entries are gone.
// Does not:  touch the log that is damaged: it is copied while its lock is held.
// Always:    the new log holds exactly the entries before the first that is lost, with the same lines, chain and id.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CHAIN_START, chainAfter } from '../chain.ts'
import { lineHasSeq } from '../line.ts'
import { type Head, LogError, type Stored } from '../types.ts'
import { archivePath } from './archive.ts'
import { buildLog } from './build.ts'
import { copyLocked } from './copy-files.ts'
import { databasePath, exists, headPath, refuseNewer } from './database.ts'
import { settleErasure } from './erase.ts'
import { refuseExisting } from './folder.ts'
import { readHeadFile } from './head-file.ts'
import { decodeRow, isDamaged } from './row.ts'
import { bytesOfRow, type FoundRow, type Salvage, salvage } from './salvage.ts'

export type Span = { readonly first: number; readonly last: number }

export type RepairReport = {
  /** Where the repaired log ends. */
  readonly head: Head
  /** Entries of which no readable copy is left. What the head file never saw cannot be known to be lost. */
  readonly lost: readonly Span[]
  /** Entries behind the first loss that can be read: no chain leads to them, so they are not in the repaired log. */
  readonly behind: readonly Span[]
}

/**
 * Makes a log in `into`, which must not exist or be empty, of everything in `dir` before the first entry that is lost.
 * `onBehind` is given the readable entries behind it, in order.
 * @throws {LogError} LOG_MISSING, LOG_LOCKED, LOG_EXISTS, LOG_NEWER, LOG_UNAVAILABLE
 */
export async function repairLog(
  dir: string,
  into: string,
  options: { readonly onBehind?: (stored: Stored) => void } = {},
): Promise<RepairReport> {
  const place = resolve(dir)
  await settleErasure(place)
  if (!(await exists(databasePath(place)))) {
    throw new LogError('LOG_MISSING', `There is no log in ${dir} that could be repaired.`, {
      details: { dir },
    })
  }
  await refuseExisting(resolve(into))
  const scratch = await mkdtemp(join(tmpdir(), 'eventlog-repair-'))
  try {
    const copy = join(scratch, 'copy')
    await copyLocked(place, copy)
    const headFile = await readHeadFile(headPath(copy))
    const found = await salvage(databasePath(copy), archivePath(copy))
    refuseNewer(dir, found.format)
    const known = headFile.state === 'found' ? headFile : undefined
    const logId = found.logId ?? known?.logId
    if (logId === undefined) {
      throw new LogError('LOG_DAMAGED', `Nothing in ${dir} tells which log this is; it cannot be repaired.`, {
        details: { dir },
      })
    }
    const walk = new Walk(found.rows)
    const head = await buildLog(into, {
      lines: walk.sound(),
      logId,
      puts: idsUpTo(found, () => walk.seq),
    })
    return { head, ...(await behind(walk, known?.seq ?? 0, options.onBehind)) }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function* idsUpTo({ ids }: Salvage, seq: () => number): Generator<Salvage['ids'][number]> {
  for (const id of ids) if (id.last <= seq()) yield id
}

async function behind(
  walk: Walk,
  headSeq: number,
  onBehind: ((stored: Stored) => void) | undefined,
): Promise<Pick<RepairReport, 'lost' | 'behind'>> {
  const lost: Span[] = []
  const spans: Span[] = []
  for (;;) {
    const end = walk.seq
    if (!walk.leap()) break
    let first: number | undefined
    for await (const line of walk.sound()) {
      first ??= walk.seq
      onBehind?.({ seq: walk.seq, line })
    }
    if (first === undefined) continue
    lost.push({ first: (spans.at(-1)?.last ?? end) + 1, last: first - 1 })
    spans.push({ first, last: walk.seq })
  }
  const last = spans.at(-1)?.last ?? walk.reached
  if (headSeq > last) lost.push({ first: last + 1, last: headSeq })
  return { lost, behind: spans }
}

/** Goes through the entries from row to row, wherever the chain leads. */
class Walk {
  /** The last entry that was given out. */
  seq = 0
  /** The last entry of the first unbroken part. */
  reached = 0
  #chain = CHAIN_START
  readonly #rows: readonly FoundRow[]
  /** Rows before this one lie wholly behind. */
  #from = 0

  constructor(rows: readonly FoundRow[]) {
    this.#rows = [...rows].sort((a, b) => a.first - b.first || b.last - a.last)
  }

  /** The lines from here on, as far as they lie in one chain; `seq` is that of the line given out last. */
  async *sound(): AsyncGenerator<string> {
    for (;;) {
      const lines = await this.#next()
      if (lines === undefined) break
      for (const line of lines) {
        this.#chain = chainAfter(this.#chain, line)
        this.seq += 1
        yield line
      }
    }
    if (this.reached === 0) this.reached = this.seq
  }

  /** Goes on at the next row behind a loss; false when there is none. */
  leap(): boolean {
    const next = this.#rows.find((row) => row.first > this.seq + 1)
    if (!next) return false
    this.seq = next.first - 1
    this.#chain = next.before
    return true
  }

  /** What the next entries are, by a row that continues the chain. */
  async #next(): Promise<readonly string[] | undefined> {
    const wanted = this.seq + 1
    while ((this.#rows[this.#from]?.last ?? wanted) < wanted) this.#from += 1
    for (let index = this.#from; index < this.#rows.length; index += 1) {
      const row = this.#rows[index] as FoundRow
      if (row.first > wanted) break
      if (row.last < wanted) continue
      const lines = await linesOf(row)
      let chain = row.before
      let seq = row.first
      for (const line of lines ?? []) {
        if (seq === wanted) break
        chain = chainAfter(chain, line)
        seq += 1
      }
      if (lines && chain.equals(this.#chain)) return lines.slice(wanted - row.first)
    }
    return undefined
  }
}

/** Undefined if the row does not hold what it says. */
async function linesOf(row: FoundRow): Promise<readonly string[] | undefined> {
  try {
    const found = decodeRow(row.key, row.last, await bytesOfRow(row))
    if (isDamaged(found) || found.lines.length !== row.last - row.first + 1) return undefined
    let chain = row.before
    for (const [index, line] of found.lines.entries()) {
      if (!lineHasSeq(line, row.first + index)) return undefined
      chain = chainAfter(chain, line)
    }
    return chain.equals(row.after) ? found.lines : undefined
  } catch {
    return undefined
  }
}
