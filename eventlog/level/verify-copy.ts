// verifyLog: checks a log that is not open, without changing a byte of it.
//
// Owns:      a temporary copy, and what can be said when LevelDB refuses it.
// Always:    opening a LevelDB database rewrites it, and drops what it cannot read; so only a copy is ever opened.
//            The original is locked while it is copied.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { CHAIN_START, chainText } from '../chain.ts'
import type { Position } from '../engine.ts'
import { ErasedEntries } from '../erased.ts'
import { LogError, type LogProblem, type VerifyReport } from '../types.ts'
import { Archives } from './archive.ts'
import { checkHead } from './check.ts'
import { checkAll } from './check-all.ts'
import { copyLocked } from './copy-files.ts'
import { type Database, databasePath, exists, headPath, openDatabase, readMeta } from './database.ts'
import { withSnapshot } from './engine.ts'
import { settleErasure } from './erase.ts'
import { type FoundHead, readHeadFile } from './head-file.ts'
import { tablesOf } from './manifest.ts'
import { scanOf } from './scan.ts'
import { checkTable } from './table.ts'
import { checkWriteAhead } from './write-ahead.ts'

/**
 * Reports every problem of the log in `dir`; damage is never thrown.
 * @throws {LogError} LOG_MISSING, LOG_LOCKED, LOG_NEWER, LOG_UNAVAILABLE
 */
export async function verifyLog(
  dir: string,
  options: { readonly onProgress?: (seq: number) => void } = {},
): Promise<VerifyReport> {
  const place = resolve(dir)
  await settleErasure(place)
  if (!(await exists(databasePath(place))) && !(await exists(headPath(place)))) {
    throw new LogError('LOG_MISSING', `There is no log in ${dir}.`, { details: { dir } })
  }
  const scratch = await mkdtemp(join(tmpdir(), 'eventlog-verify-'))
  try {
    const copy = join(scratch, 'copy')
    await copyLocked(place, copy)
    return await verifyCopy(copy, options.onProgress)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function verifyCopy(copy: string, onProgress?: (seq: number) => void): Promise<VerifyReport> {
  const problems = await checkTables(copy)
  const found = await readHeadFile(headPath(copy))
  // LevelDB might end this process over a damaged table: what it would say is not worth that.
  if (problems.length > 0) return reportWithoutLevelDb(problems, found)
  // Before it is opened, which would drop it.
  const writeAhead = await checkWriteAhead(databasePath(copy), found)
  let erased = new ErasedEntries()
  const db = await openAtAnyRate(copy, problems)
  let end: Position = { seq: 0, chain: CHAIN_START }
  let logId = found.state === 'found' ? found.logId : ''
  if (db) {
    try {
      logId = await metaOf(db, copy, logId, problems)
      await withSnapshot(db, async (snapshot) => {
        const known = found.state === 'found' ? found : undefined
        const archives = await Archives.load(scanOf(db, snapshot), copy)
        const checked = await checkAll(scanOf(db, snapshot, archives), { from: end, known, onProgress })
        problems.push(...checked.problems)
        end = checked.end
        erased = checked.erased
      })
    } finally {
      await db.close()
    }
  }
  checkHead(end.seq, logId, found, problems)
  // The rows that are missing say it better; but the loss of a sealing, for example, leaves no gap.
  if (writeAhead && problems.length === 0) problems.push(writeAhead)
  return {
    ok: problems.length === 0,
    records: end.seq,
    head: { seq: end.seq, chain: chainText(end.chain) },
    problems: problems.sort((a, b) => a.seq - b.seq),
    ...erased.report(),
  }
}

async function checkTables(copy: string): Promise<LogProblem[]> {
  const problems: LogProblem[] = []
  const folder = databasePath(copy)
  // What a crash left half written, or not yet removed, is no part of the log.
  const tables = await tablesOf(folder)
  for (const name of await readdir(folder)) {
    if (!/\.(ldb|sst)$/.test(name) || tables?.has(name) === false) continue
    problems.push(...checkTable(name, await readFile(join(folder, name))))
  }
  return problems
}

/** `head` is what the head file says; entries outside the damaged tables were not looked at. */
function reportWithoutLevelDb(problems: LogProblem[], found: FoundHead): VerifyReport {
  const head = found.state === 'found' ? found : { seq: 0, chain: CHAIN_START }
  // Damage that concerns an entry says more than damage that concerns none.
  problems.sort((a, b) => (a.seq || Number.POSITIVE_INFINITY) - (b.seq || Number.POSITIVE_INFINITY))
  return { ok: false, records: head.seq, head: { seq: head.seq, chain: chainText(head.chain) }, problems }
}

// What LevelDB refuses it may still be able to repair. Its repair brings back what is wrong too; the checks find that.
async function openAtAnyRate(copy: string, problems: LogProblem[]): Promise<Database | undefined> {
  try {
    return await openDatabase(copy, { create: false })
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== 'LOG_DAMAGED') throw error
    problems.push({ seq: 0, kind: 'undecodable', message: `LevelDB cannot open the log: ${error.message}` })
  }
  try {
    await ClassicLevel.repair(databasePath(copy))
    return await openDatabase(copy, { create: false })
  } catch {
    return undefined
  }
}

async function metaOf(
  db: Database,
  copy: string,
  headLogId: string,
  problems: LogProblem[],
): Promise<string> {
  try {
    return (await readMeta(db, copy)).logId
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== 'LOG_DAMAGED') throw error
    problems.push({ seq: 0, kind: 'undecodable', message: error.message })
    return headLogId
  }
}
