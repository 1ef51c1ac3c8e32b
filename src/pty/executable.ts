// Says before a start why it cannot work, because after a fork nobody can say it well.

import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import path from 'node:path'
import { TerminalError } from '../ports/terminals.ts'
import type { WorkerSpec } from './protocol.ts'

/**
 * The absolute path of the program that `command` names.
 * @throws {TerminalError} NOT_STARTED with the reason alone: whoever shows it says that it was not started.
 */
export function findExecutable({ command, cwd, env }: WorkerSpec): string {
  if (!isFolder(cwd)) throw notStarted(`The folder ${cwd} does not exist`)
  const name = command[0] ?? ''
  const candidates = name.includes('/')
    ? [path.resolve(cwd, name)]
    : (env.PATH ?? '').split(':').map((folder) => path.join(folder, name))
  const file = candidates.find(isExecutable)
  if (file === undefined) {
    throw notStarted(
      name.includes('/')
        ? `The program ${name} is not an executable file`
        : `The program ${name} was not found on PATH (${env.PATH ?? 'not set'})`,
    )
  }
  const interpreter = interpreterOf(file)
  if (interpreter !== null && !isExecutable(interpreter)) {
    throw notStarted(`The program ${file} asks for the interpreter ${interpreter}, which is not there`)
  }
  return file
}

function notStarted(reason: string): TerminalError {
  return new TerminalError('NOT_STARTED', `${reason}.`)
}

function isFolder(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** The absolute path behind `#!` in the first line, or null. */
function interpreterOf(file: string): string | null {
  const head = Buffer.alloc(256)
  let length: number
  try {
    const descriptor = openSync(file, 'r')
    length = readSync(descriptor, head)
    closeSync(descriptor)
  } catch {
    // May be run but not read: it is no script.
    return null
  }
  return /^#!\s*(\/[^\s]+)/.exec(head.toString('latin1', 0, length))?.[1] ?? null
}
