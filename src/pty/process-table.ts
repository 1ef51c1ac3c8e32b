// What src/pty needs to know about processes; one implementation per operating system.

/** A process for as long as it lives: a pid is given to others later, a pid with its start is not. */
export type ProcessIdentity = {
  readonly pid: number
  /** When it started, in the system's own unit; only ever compared for equality. */
  readonly start: string
}

export type ProcessTable = {
  /** Every living process whose environment holds all these `NAME=value` entries. Zombies do not live. */
  withMarker(entries: readonly string[]): ProcessIdentity[]
  /** Every living process of the terminal session that `leader` leads; empty when it leads none any more. */
  inSessionOf(leader: ProcessIdentity): ProcessIdentity[]
  /** The living process of that pid, or null. */
  identify(pid: number): ProcessIdentity | null
  /** What each living process is: its command line, and behind it the path of its program where the system tells. */
  commandLines(): { readonly pid: number; readonly line: string }[]
  /** Names this boot of the machine: a start is only comparable within one boot. */
  bootId(): string
}
