// When the demo kills, and which bit it flips: all of it follows from --seed.

export type Moments = {
  /** After three polecats are at work, in ms. */
  readonly daemonDiesMs: number
  /** Steps that the polecat has done when it is killed. */
  readonly stepsDone: number
  /** After it has said so, in ms. */
  readonly polecatDiesMs: number
  /** Where in the file of the log, as a fraction. */
  readonly flipAt: number
  readonly flipBit: number
}

export function momentsOf(seed: number, steps: number): Moments {
  const next = chance(seed)
  return {
    daemonDiesMs: 300 + Math.floor(next() * 1_200),
    stepsDone: 2 + Math.floor(next() * Math.max(1, Math.floor(steps / 2) - 2)),
    polecatDiesMs: Math.floor(next() * 500),
    flipAt: 0.2 + next() * 0.6,
    flipBit: Math.floor(next() * 8),
  }
}

/** Mulberry32: numbers from 0 to 1, the same for the same seed. */
function chance(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
