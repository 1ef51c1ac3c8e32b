// Terminals, as the town sees them: the host process behind src/pty, or the simulator.
//
// A session is one program in one pseudo-terminal. It lives in the host, which outlives the daemon; after a
// restart the town asks `list()` and adopts what is there. An ending is kept by the host until it is forgotten.

import type { ScreenView } from './presets.ts'

/** How to start a session. Times in ms, sizes in character cells. */
export type SessionSpec = {
  /** Address of the session, unique for ever in this town: `shop/polecats/nux/sessions/2.1`. */
  readonly id: string
  /** Argument vector; the first is absolute or found on the PATH of `env`. No shell. */
  readonly command: readonly string[]
  readonly cwd: string
  /** The whole environment of the program; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly columns: number
  readonly rows: number
  /** asciicast v2 file that records the terminal; its folder exists. */
  readonly recording: string
  /** Values that nobody may see: blotted out of recording, screen and views. At least 8 characters each. */
  readonly secrets?: readonly string[]
}

/** How a session ended. Exactly one of these is true. */
export type SessionEnding =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'notStarted'; readonly message: string }
  /** The host that held it is gone; nobody saw it end. `survivors` still carry its marker. */
  | { readonly kind: 'lost'; readonly survivors: readonly number[] }

export type SessionInfo = {
  readonly id: string
  readonly pid: number
  /** ms since the epoch. */
  readonly startedAt: number
  readonly ending: SessionEnding | null
  /** ms since the epoch of the last output, or null. */
  readonly lastOutputAt: number | null
}

export interface Terminals {
  /**
   * Starts a session, or answers with the one of that id that already runs or has ended (safe to call twice).
   * A program that cannot be started rejects with a TerminalError NOT_STARTED.
   */
  start(spec: SessionSpec): Promise<SessionInfo>
  list(): Promise<readonly SessionInfo[]>
  /**
   * Ends a session: SIGHUP and SIGTERM to its session, SIGKILL to whatever carries its marker after `graceMs`.
   * Resolves when nothing of it is left. Safe to call twice and for an unknown id.
   */
  stop(id: string, graceMs: number): Promise<void>
  /** Forgets an ended session, so that `list()` no longer names it. */
  forget(id: string): Promise<void>
  /** The last `lines` lines as a person would see them, without control characters. */
  peek(id: string, lines: number): Promise<string>
  /** The screen as it is. */
  screen(id: string): Promise<ScreenView>
  /** Types. Rejects with INPUT_REFUSED when the program ended or does not read. */
  write(id: string, data: string): Promise<void>
  /**
   * Calls back with the screen each time a session that runs has been quiet for a second after output, or changed its
   * title. Never while nothing is printed.
   */
  onQuiet(listener: (id: string, screen: ScreenView) => void): () => void
  /** Calls back once for each session that ends from now on. */
  onEnding(listener: (id: string, ending: SessionEnding) => void): () => void
}

export type TerminalErrorCode =
  | 'NOT_STARTED'
  | 'SESSION_UNKNOWN'
  | 'HOST_GONE'
  | 'HOST_REFUSED'
  /** Something of the session was still there when the last wait ran out; the message names the processes. */
  | 'STOP_INCOMPLETE'
  /** The host still runs sessions and was not told to end them. */
  | 'HOST_BUSY'
  /** The program takes no more input: it ended, or it does not read. */
  | 'INPUT_REFUSED'
  /** The path of the host's socket does not fit into a socket address. */
  | 'SOCKET_PATH_TOO_LONG'

export class TerminalError extends Error {
  override readonly name = 'TerminalError'
  readonly code: TerminalErrorCode
  constructor(code: TerminalErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
