// What keeps a file from being read now, and is no damage: no room, no right, too many open files, an error of the disk.

import { readFile } from 'node:fs/promises'
import { LogError } from '../types.ts'

export const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')

export function unavailable(path: string, cause: unknown): LogError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new LogError('LOG_UNAVAILABLE', `The file ${path} cannot be read now: ${reason}`, {
    cause,
    details: { path },
  })
}

/**
 * The whole file; undefined when there is none: another process that holds the log may just have removed it.
 * @throws {LogError} LOG_UNAVAILABLE: LevelDB would go on without what it cannot read
 */
export async function bytesOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw unavailable(path, error)
  }
}
