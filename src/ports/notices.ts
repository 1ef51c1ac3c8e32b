// Telling the person by a program, and asking one a question: the worker process behind src/git, for the daemon starts none while its log is open.

export interface Notices {
  /** Runs a program with `env` and nothing else, `input` on its standard input, for at most 20 s. */
  notify(input: {
    readonly command: readonly string[]
    readonly env: Readonly<Record<string, string>>
    readonly input: string
  }): Promise<NoticeOutcome>
  /**
   * Runs a program once, in an empty folder, with `env` and nothing else and no input, for at most `timeoutMs`; it ends
   * with all that it started. Gives the last megabyte of what it printed.
   */
  askOnce(input: {
    readonly command: readonly string[]
    readonly env: Readonly<Record<string, string>>
    readonly timeoutMs: number
  }): Promise<AskOutcome>
}

export type AskOutcome =
  | { readonly kind: 'printed'; readonly text: string }
  | { readonly kind: 'notStarted' | 'timedOut'; readonly message: string }

export type NoticeOutcome =
  | { readonly kind: 'done' }
  /** There is no such program, or it may not be run. */
  | { readonly kind: 'notStarted'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string }
