// The log: whole, and copied somewhere not too long ago.

import { statSync } from 'node:fs'
import { townFiles } from '../files.ts'
import { backupsOf } from '../logs/backups.ts'
import { type Check, type Examined, type Found, notChecked, ok, reasonOf } from './types.ts'

const DAY_MS = 24 * 60 * 60_000
/** A town that is younger has not much to lose. */
const YOUNG_DAYS = 7
const BACKUP_DAYS = 30

export const logChecks: readonly Check[] = [
  { group: 'log', name: 'log.sound', run: async (town) => isSound(town) },
  { group: 'log', name: 'log.backup', run: async ({ dir }) => isBackedUp(dir, Date.now()) },
]

function isSound({ log, daemon }: Examined): Found {
  switch (log.kind) {
    case 'sound':
      return ok(`All ${log.records} records of the log are as they were written.`)
    case 'damaged':
      return {
        state: 'error',
        sentence: 'The log is damaged.',
        items: log.problems,
        cure: 'gt log verify says where; gt log repair saves what can be saved, to another folder',
      }
    case 'notChecked':
      return { ...notChecked(log.why), cure: 'gt log verify reads it whole' }
    case 'open': {
      const met =
        daemon.kind === 'answers' ? daemon.troubles.filter(({ code }) => code.startsWith('LOG_')) : []
      if (met.length === 0) return ok('The daemon has the log open, and has met no damage.')
      return {
        state: 'error',
        sentence: 'The daemon has trouble with its log.',
        items: met.map(({ code, message }) => `${code}: ${message}`),
        cure: 'gt log verify',
      }
    }
  }
}

/** @param now ms since the epoch */
export function isBackedUp(dir: string, now: number): Found {
  try {
    const last = backupsOf(dir).at(-1)
    const age = last === undefined ? null : now - Date.parse(last.at)
    const cure = 'gt log backup <folder on another disk>'
    if (age !== null && age <= BACKUP_DAYS * DAY_MS) return ok(`The last copy of the log is of ${last?.at}.`)
    if (age !== null)
      return {
        state: 'warning',
        sentence: `The last copy of the log in the town is ${Math.floor(age / DAY_MS)} days old.`,
        cure,
      }
    const { birthtimeMs, mtimeMs } = statSync(townFiles(dir).identity)
    const young = now - (birthtimeMs > 0 ? birthtimeMs : mtimeMs) < YOUNG_DAYS * DAY_MS
    if (young) return ok('The town is young, and its log was not copied yet.')
    return { state: 'warning', sentence: 'The town has no copy of its log.', cure }
  } catch (error) {
    return notChecked(reasonOf(error))
  }
}
