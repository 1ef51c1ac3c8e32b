// Looking at a log that no daemon has open: a town's own, or a copy.

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type VerifyReport, verifyLog } from '../../eventlog/index.ts'
import { townFiles } from './files.ts'

/** Checks a log whole. `dir` is a town, or a folder that holds a copy of a log. Changes nothing. */
export function verifyLogIn(dir: string): Promise<VerifyReport> {
  const town = townFiles(resolve(dir))
  const place = existsSync(town.log)
    ? town.log
    : existsSync(join(dir, 'log'))
      ? join(dir, 'log')
      : resolve(dir)
  return verifyLog(place)
}
