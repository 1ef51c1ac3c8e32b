// The in-memory engine: the same promises, on a disk that a test can break.
//
// Owns:      reading and checking a MemoryDisk.
// Does not:  decide when something fails (disk.ts).
// Always:    microtasks only. A handle from before a crash changes nothing and answers nothing more.

import { CHAIN_START, chainAfter } from '../chain.ts'
import type { ArchiveStep, Commit, Engine, Opened, Position, Range, SealStep } from '../engine.ts'
import type { ErasedEntries } from '../erased.ts'
import type { IdWindow } from '../id-window.ts'
import { seqKey } from '../level/keys.ts'
import { encodeRow } from '../level/row.ts'
import { lineHasSeq } from '../line.ts'
import { pieceOf } from '../pieces.ts'
import { SEGMENT_ENTRIES } from '../seal-policy.ts'
import { type Appended, LogError, type LogProblem, type LogStats, type Piece, type Stored } from '../types.ts'
import { crcOf, type DiskState } from './disk.ts'

const READ_BATCH = 256
const ARCHIVE_RUNS_MAX = 128

export class MemoryEngine implements Engine {
  readonly #disk: DiskState
  readonly #now: () => number
  readonly #window: IdWindow
  #life = 0
  #forgotten = 0

  constructor(disk: DiskState, now: () => number, window: IdWindow) {
    this.#disk = disk
    this.#now = now
    this.#window = window
  }

  open(): Opened {
    const disk = this.#disk
    if (disk.locked)
      throw new LogError('LOG_LOCKED', 'Another log holds this memory disk; crash or close it first.')
    if (disk.full) {
      throw new LogError('LOG_UNAVAILABLE', 'The simulated disk is full; free it and open again.')
    }
    disk.locked = true
    this.#life = disk.life
    this.#forgotten = 0
    return { logId: disk.logId, head: this.#head() }
  }

  write(commit: Commit): void | Promise<void> {
    // The process of this handle is dead: nobody hears an answer.
    if (this.#dead()) return new Promise(() => {})
    const at = this.#now()
    this.#forget(commit.last, at)
    return this.#disk.write(commit, at)
  }

  findId(id: string, head: number): Appended | undefined {
    this.#refuseDead()
    const found = this.#disk.ids.get(id)
    if (!found || !this.#window.holds(found, head, this.#now())) return undefined
    return { first: found.first, last: found.last, repeated: true }
  }

  async *read({ after, to, reverse }: Range): AsyncGenerator<readonly Stored[]> {
    let low = after
    let high = to
    while (low < high) {
      this.#refuseDead()
      const batch: Stored[] = []
      const count = Math.min(READ_BATCH, high - low)
      for (let index = 0; index < count; index += 1)
        batch.push(this.#checked(reverse ? high - index : low + index + 1))
      if (reverse) high -= count
      else low += count
      yield batch
    }
  }

  async *pieces({ after, to }: Omit<Range, 'reverse'>): AsyncGenerator<Piece> {
    let first = after + 1
    for await (const batch of this.read({ after, to, reverse: false })) {
      const last = first + batch.length - 1
      const lines = batch.map(({ line }) => line)
      const row = { before: CHAIN_START, after: CHAIN_START, lines }
      const value = encodeRow(seqKey('r', last), row, Buffer.from(lines.join('\n')))
      yield pieceOf(first, last, [{ last, value }])
      first = last + 1
    }
  }

  async nextSeal(head: number): Promise<SealStep | undefined> {
    if ((this.#disk.sealed + 1) * SEGMENT_ENTRIES > head) return undefined
    return {
      apply: () => {
        this.#disk.sealed += 1
      },
    }
  }

  async nextArchive(to: number): Promise<ArchiveStep | undefined> {
    this.#refuseDead()
    const disk = this.#disk
    const first = (disk.archives.at(-1)?.last ?? 0) + 1
    const end = Math.min(to, disk.sealed * SEGMENT_ENTRIES, first - 1 + ARCHIVE_RUNS_MAX * SEGMENT_ENTRIES)
    const last = end - (end % SEGMENT_ENTRIES)
    if (last < first) return undefined
    return {
      entries: last - first + 1,
      apply: () => {
        disk.archives.push({ first, last, lost: false })
      },
    }
  }

  async verify(
    from: Position,
    head: Position,
    onProgress: (seq: number) => void,
    erased: ErasedEntries,
  ): Promise<readonly LogProblem[]> {
    this.#refuseDead()
    const problems: LogProblem[] = []
    let chain = from.chain
    let chainKnown = true
    const { lines, commits } = this.#disk
    let commit = commits.findIndex((kept) => kept.last > from.seq)
    for (let seq = from.seq + 1; seq <= head.seq; seq += 1) {
      const lost = this.#lostAt(seq)
      if (lost) {
        problems.push(lost.problem)
        seq = lost.last
        chainKnown = false
        while ((commits[commit]?.last ?? Number.POSITIVE_INFINITY) <= seq) commit += 1
        continue
      }
      const kept = lines[seq - 1]
      if (!kept) {
        problems.push({ seq, kind: 'head', message: `The entries ${seq} to ${head.seq} are missing.` })
        break
      }
      if (crcOf(kept.line) !== kept.crc) {
        problems.push({ seq, kind: 'checksum', message: `Entry ${seq} differs from its checksum.` })
        chainKnown = false
      } else if (!lineHasSeq(kept.line, seq)) {
        problems.push({ seq, kind: 'undecodable', message: `Entry ${seq} says it is another one.` })
        chainKnown = false
      }
      chain = chainAfter(chain, kept.line)
      erased.line(seq, kept.line)
      const end = commits[commit]
      if (end && end.last === seq) {
        if (chainKnown && !end.after.equals(chain)) {
          problems.push({ seq, kind: 'chain', message: `The chain is broken at entry ${seq}.` })
        }
        chain = end.after
        chainKnown = true
        commit += 1
        onProgress(seq)
      }
    }
    return problems
  }

  async stats(head: number): Promise<LogStats> {
    this.#refuseDead()
    let bytesOfLines = 0
    for (const { line } of this.#disk.lines) bytesOfLines += Buffer.byteLength(line) + 1
    const { sealed: segments, archives } = this.#disk
    return {
      records: head,
      sealed: segments * SEGMENT_ENTRIES,
      segments,
      archived: archives.at(-1)?.last ?? 0,
      archives: archives.length,
      bytesOfLines,
      bytesOnDisk: bytesOfLines,
    }
  }

  async compact(): Promise<number> {
    this.#refuseDead()
    return this.#disk.lines.reduce((sum, { line }) => sum + Buffer.byteLength(line) + 1, 0)
  }

  async copyTo(place: string): Promise<void> {
    this.#disk.copyTo(place)
  }

  close(): void {
    if (!this.#dead()) this.#disk.locked = false
    this.#life = 0
  }

  // The commits since the last sealed run are checked, as the LevelDB engine does.
  #head(): Position {
    const { lines, commits, sealed } = this.#disk
    const end = commits.at(-1)
    const lost = this.#disk.archives.find((file) => file.lost)
    if (lost) {
      this.close()
      throw damaged(problemOf(lost))
    }
    const from = sealed * SEGMENT_ENTRIES
    for (let seq = from + 1; seq <= lines.length; seq += 1) {
      try {
        this.#checked(seq)
      } catch (error) {
        this.close()
        throw error
      }
    }
    return end ? { seq: end.last, chain: end.after } : { seq: 0, chain: CHAIN_START }
  }

  #lostAt(seq: number): { readonly last: number; readonly problem: LogProblem } | undefined {
    const lost = this.#disk.archives.find((file) => file.lost && file.first <= seq && seq <= file.last)
    return lost && { last: lost.last, problem: problemOf(lost) }
  }

  #checked(seq: number): Stored {
    const lost = this.#lostAt(seq)
    if (lost) throw damaged(lost.problem)
    const kept = this.#disk.lines[seq - 1]
    if (kept && crcOf(kept.line) === kept.crc) return { seq, line: kept.line }
    const message = kept ? `Entry ${seq} differs from its checksum.` : `Entry ${seq} is missing.`
    throw new LogError('LOG_DAMAGED', message, {
      details: { problems: [{ seq, kind: kept ? 'checksum' : 'gap', message }] },
    })
  }

  #forget(head: number, now: number): void {
    const { ids, idOrder } = this.#disk
    for (;;) {
      const oldest = idOrder[this.#forgotten]
      if (!oldest || this.#window.holds(oldest, head, now)) break
      if (ids.get(oldest.id) === oldest) ids.delete(oldest.id)
      this.#forgotten += 1
    }
    if (this.#forgotten > 4096 && this.#forgotten * 2 > idOrder.length) {
      idOrder.splice(0, this.#forgotten)
      this.#forgotten = 0
    }
  }

  #dead(): boolean {
    return this.#life !== this.#disk.life
  }

  #refuseDead(): void {
    if (this.#dead()) throw new LogError('LOG_CLOSED', 'The process of this log has crashed.')
  }
}

function problemOf({ first, last }: { readonly first: number; readonly last: number }): LogProblem {
  const message = `The archive of the entries ${first} to ${last} is missing or cut off: put it back from a backup.`
  return { seq: first, kind: 'gap', message }
}

function damaged(problem: LogProblem): LogError {
  return new LogError('LOG_DAMAGED', problem.message, { details: { problems: [problem] } })
}
