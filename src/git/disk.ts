// A full disk, told from a fault of the work: what fails for want of room says nothing of anybody.

import { access, constants, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RepositoryError } from '../ports/repositories.ts'

/** Less room than this, in bytes, and a red gate may be red for want of it. */
const ROOM_MIN = 1024 * 1024

/** An error for want of room as DISK_FULL, of the file system or in the words of git; any other as it is. */
export function asDiskFault(error: unknown, what: What = CHECKOUT): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code
  const said =
    error instanceof RepositoryError ? `${error.message} ${String(error.details.stderr ?? '')}` : ''
  const isFull =
    code === 'ENOSPC' || code === 'EDQUOT' || /No space left on device|Disk quota exceeded/.test(said)
  if (!isFull) return error
  return full(error instanceof Error ? error.message : String(error), what)
}

/** The same where git does not say why it could not write: the folder that it wrote to has next to no room. */
export async function asDiskFaultIn(folder: string, error: unknown): Promise<unknown> {
  if (!(error instanceof RepositoryError) || error.code !== 'GIT_FAILED') return asDiskFault(error)
  const found: unknown = await checkRoom(folder).catch((fault: unknown) => fault)
  return found instanceof RepositoryError ? found : asDiskFault(error)
}

/** Of a worktree that was not made: a disk that is full, or may not be written to, is named; any other error as it is. */
export async function asWorktreeFault(path: string, error: unknown): Promise<unknown> {
  const folder = await nearest(path)
  const refused = await access(folder, constants.W_OK).then(
    () => null,
    ({ code }: NodeJS.ErrnoException) => code,
  )
  if (refused === 'EROFS')
    return new RepositoryError('DISK_READ_ONLY', `${folder} lies on a disk that is read-only.`)
  const known = asDiskFault(error, 'the worktree')
  if (known !== error) return known
  const full: unknown = await checkRoom(folder, statfs, 'the worktree').catch((fault: unknown) => fault)
  return full instanceof RepositoryError ? full : error
}

/** The folder itself, or the one above it that is there. */
async function nearest(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const isThere = await access(folder).then(
      () => true,
      () => false,
    )
    if (isThere || dirname(folder) === folder) return folder
  }
}

type Room = {
  readonly bavail: number
  readonly bsize: number
  readonly ffree: number
  readonly files: number
}

/** @throws RepositoryError DISK_FULL when there is next to no room in a folder */
export async function checkRoom(
  folder: string,
  roomOf: (folder: string) => Promise<Room> = statfs,
  what: What = CHECKOUT,
): Promise<void> {
  const { bavail, bsize, ffree, files } = await roomOf(folder)
  if (bavail * bsize < ROOM_MIN) throw full(`${Math.floor((bavail * bsize) / 1024)} KB are left`, what)
  if (files > 0 && ffree === 0) throw full('no more files can be made', what)
}

/** For what there is no room. */
type What = 'the Refinery’s checkout' | 'the worktree'
const CHECKOUT: What = 'the Refinery’s checkout'

const full = (why: string, what: What): RepositoryError =>
  new RepositoryError('DISK_FULL', `There is no room for ${what}: ${why.replace(/\.+$/, '')}.`)
