// Figures of a run: medians, and ratios between what was measured in the same run.

/** The middle value; of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = Number.NaN] = [
    sorted[middle - (sorted.length % 2 === 0 ? 1 : 0)],
    sorted[middle],
  ]
  return (low + high) / 2
}

/** The value that `share` of them, from 0 to 1, do not reach. */
export const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN

export type Figure = {
  readonly name: string
  /** What was measured, with its unit. */
  readonly found: string
  /** What it is held against. */
  readonly peer: string
  readonly asked: string
  readonly holds: boolean
}

/** One line a figure; true when all hold. */
export function show(figures: readonly Figure[]): boolean {
  for (const { name, found, peer, asked, holds } of figures) {
    process.stdout.write(
      `${holds ? 'holds ' : 'FAILS '} ${name}\n         ${found}; ${peer}; asked: ${asked}\n`,
    )
  }
  return figures.every(({ holds }) => holds)
}

export const ms = (value: number): string => `${value.toFixed(1)} ms`
