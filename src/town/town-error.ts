// Why a town could not be made, opened or brought up.

export type TownErrorCode =
  | 'TOWN_NOT_FOUND'
  | 'TOWN_NEWER'
  | 'TOWN_BUSY'
  | 'TOWN_UP'
  | 'FOLDER_NOT_EMPTY'
  | 'SOCKET_PATH_TOO_LONG'
  | 'DAEMON_NOT_STARTED'
  | 'BACKUP_FAILED'
  | 'PROGRAM_NOT_COPIED'
  | 'FORK_INSIDE'
  | 'FORK_BUSY'
  | 'NO_ROOM'
  | 'IMPORT_BROKEN'
  | 'RECORD_NOT_FOUND'
  | 'TEXT_NOT_FOUND'
  | 'REASON_TELLS'

export class TownError extends Error {
  override readonly name = 'TownError'
  readonly code: TownErrorCode
  readonly details: Readonly<Record<string, unknown>>
  constructor(
    code: TownErrorCode,
    message: string,
    cause?: unknown,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }
}
