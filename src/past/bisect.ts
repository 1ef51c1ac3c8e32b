// Finding the record at which something became so.
//
// Owns:      which moments are looked at.
// Does not:  know what is asked of a moment, or how the state of one is had.
// Always:    what is found is a turn: false after the record before it, true after it.

export type Answer = {
  readonly isTrue: boolean
  /** What the expression is, before it is read as true or false. */
  readonly value: unknown
}

/** The answer as of a record; 0 is before the first. */
export type Probe = (seq: number) => Promise<Answer>

export type Turn =
  | {
      readonly kind: 'turn'
      /** The record that made it true. */
      readonly seq: number
      readonly before: Answer
      readonly after: Answer
    }
  /** Both ends say the same, or it turned the other way. */
  | { readonly kind: 'none'; readonly from: Answer; readonly to: Answer }

/** Halves what lies between the ends: about log2 of its length answers. `from` < `to`. */
export async function bisect(probe: Probe, from: number, to: number): Promise<Turn> {
  let before = await probe(from)
  let after = await probe(to)
  if (before.isTrue || !after.isTrue) return { kind: 'none', from: before, to: after }
  let low = from
  let high = to
  while (high - low > 1) {
    const middle = middleOf(low, high)
    const found = await probe(middle)
    if (found.isTrue) {
      high = middle
      after = found
    } else {
      low = middle
      before = found
    }
  }
  return { kind: 'turn', seq: high, before, after }
}

/** Where a halving looks next. */
export const middleOf = (low: number, high: number): number => low + Math.floor((high - low) / 2)

/**
 * The first turn after `from`, in one pass. `changes` gives, in order, the records after `from` that can have changed
 * the answer; the last position is `to`, whether it changed anything or not.
 */
export async function firstTurn(
  probe: Probe,
  { from, changes }: { readonly from: number; readonly changes: AsyncIterable<number> },
): Promise<Turn> {
  const begin = await probe(from)
  let before = begin
  for await (const seq of changes) {
    const after = await probe(seq)
    if (!before.isTrue && after.isTrue) return { kind: 'turn', seq, before, after }
    before = after
  }
  return { kind: 'none', from: begin, to: before }
}
