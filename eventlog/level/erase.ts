// eraseEntries: a log with less in some of its entries, in the place of the one that was there.
//
// Owns:      writing the log anew without what is erased, and putting it in its place.
// Does not:  choose what is erased, or say who did it: that is an entry of whoever asks, written by `finish`.
// Always:    not a byte of what is erased is in the new files, for none of the old ones is kept. Killed at any instant, the
//            log in `dir` is the old one or the new one, whole: `settleErasure` ends what was begun.
//
//   <dir>.erasing         the new log, while it is made
//   <dir>.erasing-from    the files it is made from: LevelDB rewrites what it opens, and the old log stays as it is
//   <dir>.before-erasing  the old log, from when it gave up its place until it is removed

import { readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { chainText } from '../chain.ts'
import { digestOfLine, erasedLine } from '../erased.ts'
import { IdWindow } from '../id-window.ts'
import { type Entry, type Head, LogError, type Stored } from '../types.ts'
import { buildLog, type Put } from './build.ts'
import { copyAll, withLocked } from './copy-files.ts'
import { databasePath, exists, openDatabase, readMeta } from './database.ts'
import { LevelEngine, withSnapshot } from './engine.ts'
import { syncFolder } from './folder.ts'
import { rangeOf } from './keys.ts'

/** Digest of the line that stands there now. */
export type Erased = { readonly seq: number; readonly digest: string }

export type EraseOptions = {
  /** What is left of an entry, or undefined: it stays as it is. Called for each entry in order. */
  readonly erase: (stored: Stored) => Entry | undefined
  /**
   * Called with the folder of the new log, which it may open and append to, before that takes its place. Throws: nothing
   * has changed. It must name the digest of each erased line in an entry.
   */
  readonly finish: (dir: string, erased: readonly Erased[]) => Promise<void>
}

/**
 * Erases in the log in `dir`, which nobody has open. Takes the time and the room of writing all of it once more.
 * @throws {LogError} LOG_MISSING, LOG_LOCKED, LOG_DAMAGED, LOG_NEWER, LOG_UNAVAILABLE; whatever `finish` throws.
 */
export async function eraseEntries(
  dir: string,
  options: EraseOptions,
): Promise<{ readonly head: Head; readonly erased: readonly Erased[] }> {
  const place = resolve(dir)
  await settleErasure(place)
  if (!(await exists(databasePath(place))))
    throw new LogError('LOG_MISSING', `There is no log in ${dir}.`, { details: { dir } })
  const { draft, source, before } = places(place)
  return withLocked(place, async () => {
    await clearErasure(place)
    try {
      await copyAll(place, source, false)
      const made = await makeAnew(source, draft, options)
      await options.finish(draft, made.erased)
      await rm(source, { recursive: true })
      await syncFolder(dirname(place))
      await rename(place, before)
      // Somebody else who opens the log now ends it in the same way.
      await settleErasure(place)
      return made
    } catch (error) {
      await settleErasure(place)
      await clearErasure(place)
      throw error
    }
  })
}

/** Removes what an erasure left that was killed before the logs changed places. Only for whoever has the log in `dir` open. */
export async function clearErasure(place: string): Promise<void> {
  const { draft } = places(place)
  // The draft of the draft too.
  for (const name of await readdir(dirname(place)))
    if (name.startsWith(basename(draft)))
      await rm(join(dirname(place), name), { recursive: true, force: true })
}

/** Ends an erasure that was interrupted while the logs changed places. Whoever opens the log in `dir` calls it first. */
export async function settleErasure(place: string): Promise<void> {
  const { draft, before } = places(place)
  if (!(await exists(before))) return
  if (!(await exists(place))) {
    // Somebody else may be doing the same.
    await rename(draft, place).catch(async (error: unknown) => {
      if (!(await exists(place))) throw error
    })
    await syncFolder(dirname(place))
  }
  await rm(before, { recursive: true, force: true })
}

const places = (place: string) => ({
  draft: `${place}.erasing`,
  source: `${place}.erasing-from`,
  before: `${place}.before-erasing`,
})

async function makeAnew(
  source: string,
  draft: string,
  { erase }: EraseOptions,
): Promise<{ readonly head: Head; readonly erased: readonly Erased[] }> {
  const { logId, ids } = await besidesEntries(source)
  const engine = new LevelEngine({
    dir: source,
    now: () => 0,
    window: new IdWindow({}),
    onHeadError: () => {},
  })
  const opened = await engine.open()
  const erased: Erased[] = []
  try {
    async function* lines(): AsyncGenerator<string> {
      for await (const batch of engine.read({ after: 0, to: opened.head.seq, reverse: false })) {
        for (const stored of batch) {
          const left = erase(stored)
          if (left === undefined) {
            yield stored.line
            continue
          }
          const line = erasedLine(stored.seq, stored.line, left)
          erased.push({ seq: stored.seq, digest: digestOfLine(line) })
          yield line
        }
      }
    }
    const head = await buildLog(draft, { lines: lines(), logId, puts: ids })
    if (head.seq !== opened.head.seq || head.chain !== chainText(opened.head.chain)) {
      const message = `The chain of the log does not fit its entries; verify it before anything is erased.`
      throw new LogError('LOG_DAMAGED', message, {
        details: { problems: [{ seq: head.seq, kind: 'chain', message }] },
      })
    }
    return { head, erased }
  } finally {
    await engine.close()
  }
}

/** The id of the log, and the append ids that it remembers. */
async function besidesEntries(
  dir: string,
): Promise<{ readonly logId: string; readonly ids: readonly Put[] }> {
  const db = await openDatabase(dir, { create: false })
  try {
    const { logId } = await readMeta(db, dir)
    const ids: Put[] = []
    await withSnapshot(db, async (snapshot) => {
      for (const kind of ['i', 'x', 'h', 'p'] as const)
        for await (const [key, value] of db.iterator({ ...rangeOf(kind), snapshot })) ids.push({ key, value })
    })
    return { logId, ids }
  } finally {
    await db.close()
  }
}
