// Where a fork may be made.
//
// Owns:      the refusals before anything is written, and the mark of a fork that is being made.
// Always:    a folder with the mark is no town. It says so, and is cleared when a fork is made there again.

import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { statfs } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'
import { processes } from '../../pty/processes.ts'
import { townFiles } from '../files.ts'
import { checkSocketPath } from '../install.ts'
import { TownError } from '../town-error.ts'

/** In `.gt/` of a fork that is not whole yet. */
const MARK = 'forking.json'

type Mark = { readonly of: string; readonly seq: number; readonly pid: number }

/**
 * Whether a fork may be made in `dir`, an absolute path; changes nothing. `apartFrom`: folders that it may not be in.
 * @throws {TownError} FOLDER_NOT_EMPTY, FORK_INSIDE, FORK_BUSY, SOCKET_PATH_TOO_LONG
 */
export function checkPlace(dir: string, apartFrom: readonly string[]): void {
  checkSocketPath(dir)
  const full = join(deepestReal(dirname(dir)), basename(dir))
  checkApart(dir, apartFrom)
  for (let above = full; dirname(above) !== above; above = dirname(above)) {
    if (above !== full && existsSync(townFiles(above).identity))
      throw new TownError(
        'FORK_INSIDE',
        `${dir} is inside the town ${above}, and a fork lies apart from every town.`,
      )
  }
  const found = lstatSync(full, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isDirectory()) throw notEmpty(dir)
  const names = readdirSync(full)
  if (names.length === 0) return
  const mark = readMark(full)
  if (mark === null || existsSync(townFiles(full).identity)) throw notEmpty(dir)
  if (isAlive(mark.pid))
    throw new TownError('FORK_BUSY', `Another gt is just making a fork in ${dir} (process ${mark.pid}).`)
}

/** @throws {TownError} FORK_INSIDE */
export function checkApart(dir: string, others: readonly string[]): void {
  const full = join(deepestReal(dirname(dir)), basename(dir))
  for (const other of others) {
    const path = relative(deepestReal(other), full)
    if (path === '' || (path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path)))
      throw new TownError(
        'FORK_INSIDE',
        `${dir} is inside ${other}, which belongs to the town that would be forked.`,
      )
  }
}

const notEmpty = (dir: string): TownError =>
  new TownError('FOLDER_NOT_EMPTY', `${dir} is not empty, and a fork needs a folder of its own.`)

/** @throws {TownError} NO_ROOM */
export async function checkRoom(dir: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(deepestThere(dir))
  const free = bavail * bsize
  if (free < bytes)
    throw new TownError(
      'NO_ROOM',
      `A fork in ${dir} needs about ${mebibytes(bytes)} MB, and ${mebibytes(free)} MB are free there.`,
    )
}

const mebibytes = (bytes: number): number => Math.ceil(bytes / 1024 / 1024)

/** Whether files of one can be linked into the other. */
export const onOneDisk = (left: string, right: string): boolean =>
  statSync(deepestThere(left)).dev === statSync(deepestThere(right)).dev

/** Takes the place: what an interrupted fork left there goes. */
export function begin(dir: string, of: string, seq: number): void {
  const own = townFiles(dir).own
  if (readMark(dir) !== null) {
    // The mark last: until then the folder is a fork that is not whole.
    for (const name of readdirSync(dir))
      if (name !== basename(own)) rmSync(join(dir, name), { recursive: true, force: true })
    for (const name of readdirSync(own))
      if (name !== MARK) rmSync(join(own, name), { recursive: true, force: true })
  }
  mkdirSync(own, { recursive: true, mode: 0o700 })
  writeFileSync(join(own, MARK), `${JSON.stringify({ of, seq, pid: process.pid } satisfies Mark)}\n`)
}

/** It is a town from here on. */
export const end = (dir: string): void => rmSync(join(townFiles(dir).own, MARK), { force: true })

/** Nothing is left of it; a folder that was there before stays, empty. */
export function giveUp(dir: string): void {
  for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true, force: true })
}

function readMark(dir: string): Mark | null {
  try {
    return JSON.parse(readFileSync(join(townFiles(dir).own, MARK), 'utf8')) as Mark
  } catch {
    return null
  }
}

/** The folder with links followed, as far as it is there. */
function deepestReal(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return folder === dirname(folder) ? folder : join(deepestReal(dirname(folder)), basename(folder))
  }
}

/** The folder, or the first above it that is there. */
const deepestThere = (folder: string): string =>
  existsSync(folder) || folder === dirname(folder) ? folder : deepestThere(dirname(folder))

/** One that took the number of a process that is gone is none of ours. */
const isAlive = (pid: number): boolean =>
  pid !== process.pid && processes.commandLines().some((one) => one.pid === pid && /\bfork\b/.test(one.line))
