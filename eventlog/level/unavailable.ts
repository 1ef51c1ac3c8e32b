// What keeps a file from being read now, and is no damage: no room, no right, too many open files, an error of the disk.

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
