// A scripted model on the loopback, as a test sees it, whatever API it speaks: what it is asked, and what it says.

import type { Tokens } from './model-stream.ts'

export type { Tokens } from './model-stream.ts'

type Paced = {
  /** Before the first byte. */
  readonly afterMs?: number
  /** Between pieces of its text. */
  readonly pieceMs?: number
  readonly pieces?: number
  readonly usage?: Partial<Tokens>
  readonly headers?: Readonly<Record<string, string>>
}

export type ModelReply =
  | (Paced & { readonly say: string })
  /** One shell command, run by the runtime's own tool. `escalate` is for runtimes that ask about some commands only. */
  | (Paced & { readonly run: string; readonly escalate?: string; readonly say?: string })
  | (Paced & { readonly tool: string; readonly input: object; readonly say?: string })
  /** `code` is the API's type of error (`rate_limit_error`). */
  | {
      readonly fail: { readonly status: number; readonly code: string; readonly message: string }
      readonly headers?: Readonly<Record<string, string>>
      readonly afterMs?: number
    }
  /** The connection ends: before the answer, or after `say`. */
  | { readonly drop: true; readonly say?: string; readonly afterMs?: number }

export type ModelRequest = {
  readonly at: number
  readonly kind: 'conversation' | 'subagent' | 'summary' | 'title'
  /** The conversation as the runtime names it. */
  readonly session: string
  readonly model: string
  /** What the user said last, byte for byte; without what the runtime adds of its own. */
  readonly prompt: string
  /** All that the request carries, for looking up what a model was told. */
  readonly text: string
  /** What the last tool gave back, or null. */
  readonly toolOutput: string | null
  /** Names of the tools it may use. */
  readonly tools: readonly string[]
  /** Whether the runtime gave up on the answer. */
  aborted: boolean
}

export type Model = {
  /** For ANTHROPIC_BASE_URL. */
  readonly url: string
  /** Those of conversations; `all` has the others too. */
  readonly requests: readonly ModelRequest[]
  readonly all: readonly ModelRequest[]
  /** Replies to come, in order and to whoever asks; when there are none left, the model says `Done.` */
  script(replies: readonly ModelReply[]): void
  /** Answers conversations by what they say: for several agents at once. Null falls back to the script. */
  answer(how: (request: ModelRequest) => ModelReply | null): void
  /** What it says when the runtime compacts a conversation; a summary, when nothing is said here. */
  summarises(how: ModelReply): void
  /** The first request, of those to come and those that came, that is meant. @throws when none came in time. */
  asked(meant: (request: ModelRequest) => boolean, ms?: number): Promise<ModelRequest>
  close(): Promise<void>
}
