// A log out of an export: the same lines, in a folder of its own.

import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Head, importLines, LogError } from '../../../eventlog/index.ts'
import { TownError } from '../town-error.ts'
import { linesOf } from './lines-of.ts'

export type Imported = { readonly dir: string; readonly records: number; readonly head: Head }

/**
 * Makes a log in `dir`, which is empty or not there, of the lines of `file` (`-`: standard input).
 * @throws {TownError} IMPORT_BROKEN with `details.line`, FOLDER_NOT_EMPTY; nothing is left then. Whatever reading the
 *   file throws.
 */
export async function importLog(
  file: string,
  dir: string,
  onProgress: (records: number) => void = () => {},
): Promise<Imported> {
  const place = resolve(dir)
  mkdirSync(dirname(place), { recursive: true })
  try {
    const head = await importLines(place, linesOf(file), { onProgress })
    return { dir: place, records: head.seq, head }
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    if (error.code === 'LOG_EXISTS')
      throw new TownError('FOLDER_NOT_EMPTY', `${place} is not empty, and a log needs a folder of its own.`)
    if (error.code === 'ENTRY_INVALID' || error.code === 'ENTRY_TOO_LARGE')
      throw new TownError('IMPORT_BROKEN', error.message, error, { line: error.details.line })
    throw error
  }
}
