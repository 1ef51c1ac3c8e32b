// A rebuilt state as JSON files in a folder: one of owners, one of promises, one for each projection.
//
// Owns:      the folder that was named.
// Always:    the folder gets all files or none: they are written beside it, and it is put in place when it is whole.

import { closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Part, partsOf } from '../../past/parts.ts'
import type { Projections } from '../../projections/index.ts'
import type { SystemCheckpoint } from '../../system/types.ts'
import { TownError } from '../town-error.ts'

/** @throws {TownError} FOLDER_NOT_EMPTY */
export function checkEmpty(dir: string): void {
  let names: readonly string[] = []
  try {
    names = readdirSync(dir)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT')
      throw new TownError('FOLDER_NOT_EMPTY', `${dir} is no folder that can be used.`, error)
  }
  if (names.length > 0)
    throw new TownError('FOLDER_NOT_EMPTY', `${dir} is not empty, and the state needs a folder of its own.`)
}

/** @throws {TownError} FOLDER_NOT_EMPTY, when somebody filled it meanwhile */
export function writeState(dir: string, system: SystemCheckpoint, projections: Projections): void {
  mkdirSync(dirname(dir), { recursive: true })
  const beside = join(dirname(dir), `.${basename(dir)}.${process.pid}.new`)
  rmSync(beside, { recursive: true, force: true })
  mkdirSync(beside, { mode: 0o700 })
  try {
    for (const [file, parts] of files(system, projections)) writeParts(join(beside, `${file}.json`), parts)
    checkEmpty(dir)
    renameSync(beside, dir)
  } catch (error) {
    rmSync(beside, { recursive: true, force: true })
    throw error
  }
}

/** `owners` and `promises`, and one file for each projection with all its parts. */
function files(system: SystemCheckpoint, projections: Projections): Map<string, Part[]> {
  const found = new Map<string, Part[]>()
  for (const part of partsOf({ system, projections })) {
    const [file = ''] = part.name.split('.')
    const parts = found.get(file)
    if (parts === undefined) found.set(file, [part])
    else parts.push(part)
  }
  return found
}

/** One row a line, so that a large state needs no large text. */
function writeParts(path: string, parts: readonly Part[]): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    let text = ''
    for (const piece of textsOf(parts)) {
      text += piece
      if (text.length < 65_536) continue
      writeSync(file, text)
      text = ''
    }
    writeSync(file, text)
  } finally {
    closeSync(file)
  }
}

function* textsOf(parts: readonly Part[]): Generator<string> {
  yield '{'
  let comma = ''
  for (const part of parts) {
    const name = part.name.split('.')[1]
    // Rows of a part without a name of its own stand in the file itself.
    if (name !== undefined) {
      yield `${comma}\n${JSON.stringify(name)}: `
      yield* part.kind === 'value' ? [JSON.stringify(part.get(''))] : rowsOf(part)
    } else {
      for (const [key, value] of part.rows()) {
        yield `${comma}\n${JSON.stringify(key)}: ${JSON.stringify(value)}`
        comma = ','
      }
    }
    comma = ','
  }
  yield '\n}\n'
}

function* rowsOf(part: Part): Generator<string> {
  const isList = part.kind === 'list'
  yield isList ? '[' : '{'
  let comma = ''
  for (const [key, value] of isList ? listed(part) : part.rows()) {
    yield `${comma}\n  ${isList ? '' : `${JSON.stringify(key)}: `}${JSON.stringify(value)}`
    comma = ','
  }
  yield isList ? ']' : '}'
}

function* listed(part: Part): Generator<readonly [string, unknown]> {
  for (let n = 0; n < part.size; n += 1) yield [String(n), part.get(String(n))]
}
