// Looking at a log that no daemon has open: a town's own, or a copy.

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type VerifyReport, verifyLog } from '../../../eventlog/index.ts'
import { townFiles } from '../files.ts'

/** Checks a log whole. `dir` is a town, or a folder that holds a copy of a log. Changes nothing. */
export function verifyLogIn(dir: string): Promise<VerifyReport> {
  return verifyLog(logFolder(dir))
}

/** Where the log lies of a town, of a backup, or of a folder that is a log itself. */
export function logFolder(dir: string): string {
  const town = townFiles(resolve(dir))
  if (existsSync(town.log)) return town.log
  return existsSync(join(dir, 'log')) ? resolve(dir, 'log') : resolve(dir)
}
