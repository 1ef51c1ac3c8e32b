// Wrong usage: exit code 2, and how the command is written.

export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'USAGE'
  /** The command whose help tells more, or empty. */
  readonly command: string
  constructor(message: string, command: string) {
    super(message)
    this.command = command
  }
}
