// The folder that a log is to stand in.

import { open, readdir } from 'node:fs/promises'
import { LogError } from '../types.ts'
import { exists } from './database.ts'

/** @throws {LogError} LOG_EXISTS: something is there that is no empty folder. */
export async function refuseExisting(dir: string): Promise<void> {
  if (!(await exists(dir))) return
  const names = await readdir(dir).catch(() => ['a file'])
  if (names.length > 0) {
    throw new LogError(
      'LOG_EXISTS',
      `There is something in ${dir} already; open it, or choose another place.`,
      {
        details: { dir },
      },
    )
  }
}

/** What was renamed or made in it is there after a crash. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
