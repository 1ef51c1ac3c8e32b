// A full disk, told from a fault of the work: what fails for want of room says nothing of anybody.

import { statfs } from 'node:fs/promises'
import { RepositoryError } from '../ports/repositories.ts'

/** Less room than this, in bytes, and a red gate may be red for want of it. */
const ROOM_MIN = 1024 * 1024

/** An error for want of room as DISK_FULL, of the file system or in the words of git; any other as it is. */
export function asDiskFault(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code
  const said =
    error instanceof RepositoryError ? `${error.message} ${String(error.details.stderr ?? '')}` : ''
  const isFull =
    code === 'ENOSPC' || code === 'EDQUOT' || /No space left on device|Disk quota exceeded/.test(said)
  if (!isFull) return error
  return full(error instanceof Error ? error.message : String(error))
}

/** The same where git does not say why it could not write: the folder that it wrote to has next to no room. */
export async function asDiskFaultIn(folder: string, error: unknown): Promise<unknown> {
  if (!(error instanceof RepositoryError) || error.code !== 'GIT_FAILED') return asDiskFault(error)
  const found: unknown = await checkRoom(folder).catch((fault: unknown) => fault)
  return found instanceof RepositoryError ? found : asDiskFault(error)
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
): Promise<void> {
  const { bavail, bsize, ffree, files } = await roomOf(folder)
  if (bavail * bsize < ROOM_MIN) throw full(`${Math.floor((bavail * bsize) / 1024)} KB are left`)
  if (files > 0 && ffree === 0) throw full('no more files can be made')
}

const full = (why: string): RepositoryError =>
  new RepositoryError(
    'DISK_FULL',
    `There is no room for the Refinery's checkout: ${why.replace(/\.+$/, '')}.`,
  )
