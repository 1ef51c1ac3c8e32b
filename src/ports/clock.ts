// Time and chance, as the system sees them. Production wires the machine's; the simulator wires its own.

/** Milliseconds since the epoch, and timers that may be called off. */
export interface Clock {
  /** Wall clock, in ms since the epoch. May go backwards; the system never lets `at` do so. */
  now(): number
  /** Calls `fire` once after `ms`; the returned function calls it off. */
  after(ms: number, fire: () => void): () => void
}

/** Names nobody can guess twice. */
export interface Ids {
  /** `length` characters of [a-z0-9], random. */
  random(length: number): string
}
