// createLog and openLog: a log in a folder.
//
// Owns:      the folder: `<dir>/db` is LevelDB's, `<dir>/head` the head file. Nobody else writes there.
// Always:    a log is created beside its place and moved there whole, so a crash never leaves half of one.

import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { CHAIN_START } from '../chain.ts'
import type { Engine } from '../engine.ts'
import { IdWindow } from '../id-window.ts'
import { Log } from '../log.ts'
import type { EventLog, LogOptions } from '../types.ts'
import { databasePath, headPath, metaRows, openDatabase } from './database.ts'
import { LevelEngine } from './engine.ts'
import { clearErasure, settleErasure } from './erase.ts'
import { refuseExisting, syncFolder } from './folder.ts'
import { createHeadFile } from './head-file.ts'

export type LevelLogOptions = LogOptions & {
  /** Puts something between the log and its engine; tests inject faults with it. */
  readonly wrapEngine?: (engine: Engine) => Engine
}

/**
 * Creates an empty log in `dir`, which must not exist or be empty, and opens it.
 * @throws {LogError} LOG_EXISTS, LOG_UNAVAILABLE
 */
export async function createLog(dir: string, options: LevelLogOptions = {}): Promise<EventLog> {
  const place = resolve(dir)
  await refuseExisting(place)
  const logId = randomBytes(16).toString('hex')
  const draft = `${place}.creating-${logId.slice(0, 8)}`
  try {
    await mkdir(databasePath(draft), { recursive: true, mode: 0o700 })
    const db = await openDatabase(draft, { create: true })
    await db.batch(metaRows(logId), { sync: true })
    await db.close()
    await createHeadFile(headPath(draft), logId, { seq: 0, chain: CHAIN_START })
    await syncFolder(draft)
    await rename(draft, place)
    await syncFolder(dirname(place))
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    await refuseExisting(place)
    throw error
  }
  return openLog(place, options)
}

/**
 * Opens the log in `dir` and checks its tail.
 * @throws {LogError} LOG_MISSING, LOG_LOCKED, LOG_DAMAGED, LOG_NEWER, LOG_UNAVAILABLE
 */
export async function openLog(dir: string, options: LevelLogOptions = {}): Promise<EventLog> {
  await settleErasure(resolve(dir))
  let log: Log | undefined
  const level = new LevelEngine({
    dir: resolve(dir),
    now: options.now ?? Date.now,
    window: new IdWindow(options),
    onHeadError: (error) => log?.failed(error),
  })
  const engine = options.wrapEngine ? options.wrapEngine(level) : level
  log = new Log(engine, await engine.open(), options, true)
  await clearErasure(resolve(dir))
  return log
}
