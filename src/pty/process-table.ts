// What src/pty needs to know about processes; one implementation per operating system.

/** A process for as long as it lives: a pid is given to others later, a pid with its start is not. */
export type ProcessIdentity = {
  readonly pid: number
  /** When it started, in the system's own unit; only ever compared for equality. */
  readonly start: string
}

/** What one pass over all processes saw. Zombies do not live, and whoever looks is not seen. */
export type ProcessLook = {
  /** Every living process whose environment holds all these `NAME=value` entries. */
  withMarker(entries: readonly string[]): ProcessIdentity[]
  /** Every living process of the terminal session that `leader` leads; empty when it leads none any more. */
  inSessionOf(leader: ProcessIdentity): ProcessIdentity[]
  /** Whether it lived. */
  lives(one: ProcessIdentity): boolean
  /** What that variable of its environment was; null when it had none, or may not be read. */
  variable(one: ProcessIdentity, name: string): string | null
}

export type ProcessTable = {
  /** One pass over all processes. It costs a few ms for each hundred of them, whatever it is asked afterwards. */
  look(): ProcessLook
  /** As of a look of its own. */
  withMarker(entries: readonly string[]): ProcessIdentity[]
  /** The living process of that pid, or null. */
  identify(pid: number): ProcessIdentity | null
  /** What each living process is: its command line, and behind it the path of its program where the system tells. */
  commandLines(): { readonly pid: number; readonly line: string }[]
  /** Names this boot of the machine: a start is only comparable within one boot. */
  bootId(): string
}
