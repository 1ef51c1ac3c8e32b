// Copies of the log: one before a newer version writes its first record, and those that a person asks for.
//
// Owns:      <town>/.gt/backups/<date>-<version>-<seq>/ with the log and what the copy is; how many are kept.
// Does not:  decide what the new version writes (src/system/migrate.ts).
// Always:    a backup was verified before it counts, and backup.json is written last; a folder without it is no backup.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EventLog, verifyLog } from '../../../eventlog/index.ts'
import { townFiles } from '../files.ts'
import { VERSION } from '../program/version.ts'
import { TownError } from '../town-error.ts'

export type Backup = {
  /** Absolute path of the folder; `log/` in it is the copy. */
  readonly dir: string
  readonly logId: string
  /** Last record in it. */
  readonly seq: number
  readonly at: string
  /** Of the gt that wrote the log last, null when it was never up. */
  readonly version: string | null
  /** Of the gt that made the copy. */
  readonly madeBy: string
}

/** Backups in the town's own folder; the oldest go when there are more. */
const KEPT = 3

/**
 * Copies the log when another version than this one wrote it last, or when owners are about to be brought along.
 * @throws {TownError} BACKUP_FAILED
 */
export async function backUpBeforeFirstRecord(
  dir: string,
  town: { readonly log: EventLog; readonly version: string | null; readonly migrates: number },
): Promise<Backup | null> {
  const { log, version, migrates } = town
  const another = version !== null && version !== VERSION
  // A command that opens the town while it is down writes no version: once is enough.
  const copied = () =>
    backupsOf(dir).some((one) => one.logId === log.logId && one.version === version && one.madeBy === VERSION)
  if (migrates === 0 && (!another || copied())) return null
  return backUpLog(dir, { log, version, to: null })
}

/**
 * Copies the log to `to` (a folder that is empty or not there), or to the town's own folder.
 * @throws {TownError} BACKUP_FAILED
 */
export async function backUpLog(
  dir: string,
  {
    log,
    version,
    to,
  }: { readonly log: EventLog; readonly version: string | null; readonly to: string | null },
): Promise<Backup> {
  const at = new Date().toISOString()
  const place = to ?? freePlace(dir, `${at.slice(0, 10)}-${version ?? 'new'}-${log.head.seq}`)
  try {
    mkdirSync(place, { recursive: true, mode: 0o700 })
    if (readdirSync(place).length > 0) {
      throw new TownError(
        'FOLDER_NOT_EMPTY',
        `${place} is not empty, and a backup needs a folder of its own.`,
      )
    }
    const { seq } = await log.backup(join(place, 'log'))
    const { problems } = await verifyLog(join(place, 'log'))
    if (problems[0] !== undefined) throw new Error(`record ${problems[0].seq}: ${problems[0].message}`)
    const backup = { logId: log.logId, seq, at, version, madeBy: VERSION }
    writeFileSync(join(place, 'backup.json'), `${JSON.stringify(backup, null, 2)}\n`, { mode: 0o600 })
    if (to === null) forgetOld(dir)
    return { dir: place, ...backup }
  } catch (error) {
    if (error instanceof TownError) throw error
    rmSync(place, { recursive: true, force: true })
    const reason = error instanceof Error ? error.message : String(error)
    throw new TownError('BACKUP_FAILED', `The log could not be backed up to ${place}: ${reason}`, error)
  }
}

/** Backups in the town's own folder, oldest first. */
export function backupsOf(dir: string): readonly Backup[] {
  const { backups } = townFiles(dir)
  return names(backups)
    .flatMap((name): Backup[] => {
      const place = join(backups, name)
      try {
        return [{ ...(JSON.parse(readFileSync(join(place, 'backup.json'), 'utf8')) as Backup), dir: place }]
      } catch {
        return []
      }
    })
    .sort((a, b) => (a.at < b.at ? -1 : 1))
}

/** Also takes away what was interrupted: nobody else makes backups while this town is open. */
function forgetOld(dir: string): void {
  const { backups } = townFiles(dir)
  const kept = new Set(
    backupsOf(dir)
      .slice(-KEPT)
      .map((one) => one.dir),
  )
  for (const name of names(backups)) {
    const place = join(backups, name)
    if (!kept.has(place)) rmSync(place, { recursive: true, force: true })
  }
}

function freePlace(dir: string, name: string): string {
  const { backups } = townFiles(dir)
  const taken = new Set(names(backups))
  for (let n = 1; ; n += 1) {
    const free = n === 1 ? name : `${name}-${n}`
    if (!taken.has(free)) return join(backups, free)
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
