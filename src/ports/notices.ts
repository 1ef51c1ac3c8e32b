// Telling the person by a program: the worker process behind src/git, for the daemon starts none while its log is open.

export interface Notices {
  /** Runs a program with `env` and nothing else, `input` on its standard input, for at most 20 s. */
  notify(input: {
    readonly command: readonly string[]
    readonly env: Readonly<Record<string, string>>
    readonly input: string
  }): Promise<NoticeOutcome>
}

export type NoticeOutcome =
  | { readonly kind: 'done' }
  /** There is no such program, or it may not be run. */
  | { readonly kind: 'notStarted'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string }
