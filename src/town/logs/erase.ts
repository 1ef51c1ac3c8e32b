// Erasing texts from what happened: the log, the recordings and the caches of a town that is down.
//
// Owns:      the order: refuse, write the log anew, tell of it in a record, clean what lies beside it, change places.
// Does not:  erase in backups, worktrees, git objects, forks, or what an agent program keeps of its own: the answer names
//            what of these may still hold it.
// Always:    refused or failed, nothing has changed in the log. The record that tells of it never repeats a text.

import { existsSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Entry, type Erased, eraseEntries, LogError, openLog } from '../../../eventlog/index.ts'
import { machineAt } from '../../actors/index.ts'
import { OVERSEER, TOWN } from '../../events/address.ts'
import type { LogRecord } from '../../events/record.ts'
import { recordOf } from '../../events/upcasters.ts'
import { applyAll, createProjections } from '../../projections/index.ts'
import { hostPid } from '../../pty/host-files.ts'
import { openSystem } from '../../system/system.ts'
import { machineClock } from '../clock.ts'
import { townFiles } from '../files.ts'
import { openTown } from '../open.ts'
import { TownError } from '../town-error.ts'
import { backupsOf } from './backups.ts'
import { filesBelow, holds, takeOut } from './recordings.ts'
import { withoutTexts } from './texts.ts'

export type EraseWish = {
  /** Records to erase in; null: in all that hold one of `texts`. */
  readonly seqs: readonly number[] | null
  /** What is erased, wherever it stands in them; null: all that somebody wrote in them. */
  readonly texts: readonly string[] | null
  readonly reason: string
}

export type Erasure = {
  /** The record that tells of it. */
  readonly seq: number
  /** Records in which something was erased. */
  readonly erased: readonly number[]
  /** Other records that still hold one of the texts. */
  readonly alsoIn: readonly number[]
  /** Files of the town, besides the log, from which it was taken. */
  readonly files: readonly string[]
  /** Files of the town that still hold it, worktrees among them; they were not touched. */
  readonly leftIn: readonly string[]
  /** Backups that go as far as an erased record; they were not touched. */
  readonly backups: readonly string[]
}

/** Records that are told of in one record. */
const TOLD_AT_ONCE = 1_000
/** Of what is erased because somebody wrote it, this is worth looking for in other files. */
const SOUGHT_CHARS_MIN = 8
const ALSO_MAX = 1_000

/**
 * @throws {TownError} TOWN_UP, TOWN_BUSY, RECORD_NOT_FOUND, TEXT_NOT_FOUND, REASON_TELLS; what opening the town throws
 */
export async function eraseRecords(dir: string, wish: EraseWish): Promise<Erasure> {
  const town = resolve(dir)
  const files = townFiles(town)
  const { texts, reason } = wish
  if (texts?.some((text) => reason.includes(text)))
    throw new TownError('REASON_TELLS', 'The reason holds what is to be erased.')
  if (hostPid(town) !== null)
    throw new TownError('TOWN_UP', 'Sessions of the town still write; end it with gt down, and erase then.')
  await refuseUnknown(town, wish)

  const wanted = wish.seqs === null ? null : new Set(wish.seqs)
  const found = new Set<string>()
  const alsoIn: number[] = []
  let changed: string[] = []
  let told = 0
  try {
    const { erased } = await eraseEntries(files.log, {
      erase({ seq, line }): Entry | undefined {
        const isWanted = wanted === null || wanted.has(seq)
        if (!isWanted && (texts === null || alsoIn.length >= ALSO_MAX)) return undefined
        const left = withoutTexts(JSON.parse(line) as LogRecord, texts)
        if (left === null) return undefined
        if (!isWanted) {
          alsoIn.push(seq)
          return undefined
        }
        for (const text of left.erased) found.add(text)
        return left.record
      },
      async finish(draft, some) {
        if (some.length === 0)
          throw new TownError(
            'TEXT_NOT_FOUND',
            'There is nothing to erase in these records; nothing was changed.',
          )
        told = await tell(draft, some, reason)
        for (const cache of [files.checkpoint, files.oldCheckpoint, files.past])
          rmSync(cache, { recursive: true, force: true })
        changed = clean(files.own, texts ?? sought(found))
      },
    })
    const seqs = erased.map(({ seq }) => seq)
    return {
      seq: told,
      erased: seqs,
      alsoIn,
      files: changed,
      leftIn: stillIn(town, texts ?? sought(found)),
      backups: backupsOf(town)
        .filter(({ seq }) => seq >= (seqs[0] ?? 0))
        .map((backup) => backup.dir),
    }
  } catch (error) {
    if (error instanceof LogError && error.code === 'LOG_LOCKED')
      throw new TownError('TOWN_UP', 'The town has its log open; end it with gt down, and erase then.', error)
    throw error
  }
}

const sought = (found: ReadonlySet<string>): string[] =>
  [...found].filter((text) => text.length >= SOUGHT_CHARS_MIN)

/** Also brings the log to this build's machines, with the backup that comes before that. */
async function refuseUnknown(dir: string, { seqs }: EraseWish): Promise<void> {
  const town = await openTown(dir).catch((error: unknown) => {
    if (!(error instanceof TownError) || error.code !== 'TOWN_BUSY') throw error
    throw new TownError('TOWN_UP', 'The town has its log open; end it with gt down, and erase then.', error)
  })
  const { head } = town.log
  await town.close()
  const unknown = seqs?.find((seq) => !Number.isSafeInteger(seq) || seq < 1 || seq > head.seq)
  if (unknown !== undefined)
    throw new TownError('RECORD_NOT_FOUND', `There is no record ${unknown}; nothing was erased.`)
}

/** Folds all that is left, which must be possible, and appends the record. Answers its seq. */
async function tell(draft: string, erased: readonly Erased[], reason: string): Promise<number> {
  const log = await openLog(draft)
  try {
    const projections = createProjections()
    for await (const { line } of log.read()) applyAll(projections, recordOf(line))
    const system = await openSystem({ log, clock: machineClock, machines: machineAt, onRecord: () => {} })
    const messages = []
    for (let n = 0; n < erased.length; n += TOLD_AT_ONCE) {
      const records = erased.slice(n, n + TOLD_AT_ONCE)
      messages.push({ to: TOWN, message: { type: 'town.erase', reason, records } })
    }
    const id = `erase.${system.seq}.${erased[0]?.digest.slice(0, 16)}`
    const taken = await system.take({ id, by: OVERSEER, messages })
    if (!taken.accepted) throw new Error(`Broken invariant: ${taken.refusal.message}`)
    const { seq } = system
    await system.close()
    return seq
  } finally {
    await log.close()
  }
}

/** Recordings, notes and diaries below `.gt`. The log is written anew, and backups and programs are what they were. */
function clean(own: string, texts: readonly string[]): string[] {
  if (texts.length === 0) return []
  const changed: string[] = []
  for (const path of filesBelow(own, KEPT_APART)) if (takeOut(path, texts)) changed.push(path)
  return changed
}

const KEPT_APART: ReadonlySet<string> = new Set([
  'log',
  'log.erasing',
  'log.erasing-from',
  'log.before-erasing',
  'backups',
  'program',
])

/** Objects of git are compressed: nothing can be seen in them from outside. */
const NOT_SEEN_INTO: ReadonlySet<string> = new Set(['program', '.git', 'objects', 'node_modules'])

function stillIn(dir: string, texts: readonly string[]): string[] {
  if (texts.length === 0 || !existsSync(dir)) return []
  const left: string[] = []
  for (const path of filesBelow(dir, NOT_SEEN_INTO)) if (holds(path, texts)) left.push(path)
  return left
}
