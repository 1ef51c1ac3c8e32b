// What may happen to a merge queue, drawn by chance and the same for the same seed.

import fc from 'fast-check'

/** `hot` changes what everybody changes; `left` and `right` are green alone, and red together. */
const KINDS = ['good', 'hot', 'red', 'left', 'right', 'empty'] as const
export type Kind = (typeof KINDS)[number]

export type Command =
  /** A bead is worked on and handed in. `forced`: its branch is made another one right afterwards. */
  | { readonly does: 'submit'; readonly kind: Kind; readonly file: number; readonly forced: boolean }
  /** All who were sent back hand in something else. */
  | { readonly does: 'rework'; readonly kind: Kind }
  /** So many pieces of git work are carried out, the oldest first, or another one. */
  | { readonly does: 'work'; readonly steps: number; readonly which: number }
  | { readonly does: 'outside'; readonly kind: 'good' | 'hot' | 'red' | 'mend' }
  | { readonly does: 'reject' | 'revert' | 'again'; readonly which: number }
  | { readonly does: 'flaky'; readonly runs: number }
  | { readonly does: 'freeze' | 'thaw' | 'retry' | 'retest' }
  | { readonly does: 'pass'; readonly minutes: number }
  /** The daemon and the worker are killed. `carriesOut`: the oldest piece of git work was done, and nobody heard it. */
  | { readonly does: 'crash'; readonly carriesOut: boolean }

export type Sequence = {
  readonly batch: number
  readonly cache: boolean
  readonly commands: readonly Command[]
}

const which = fc.nat({ max: 7 })
const one = <D extends string>(...does: readonly D[]) => fc.record({ does: fc.constantFrom(...does) })

const submit: fc.Arbitrary<Command> = fc.record({
  does: fc.constant('submit' as const),
  kind: fc.oneof(
    { weight: 5, arbitrary: fc.constant('good' as const) },
    { weight: 4, arbitrary: fc.constantFrom(...KINDS) },
  ),
  file: fc.nat({ max: 6 }),
  forced: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
})

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 10, arbitrary: submit },
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constant('work' as const),
      steps: fc.integer({ min: 1, max: 6 }),
      which: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: which }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('rework' as const), kind: fc.constantFrom(...KINDS) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('outside' as const),
      kind: fc.constantFrom('good', 'good', 'hot', 'red', 'mend'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ does: fc.constantFrom('reject', 'revert', 'revert', 'again'), which }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('flaky' as const), runs: fc.integer({ min: 1, max: 2 }) }),
  },
  { weight: 3, arbitrary: one('freeze', 'thaw', 'thaw', 'retry', 'retest') },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('pass' as const), minutes: fc.integer({ min: 1, max: 10 }) }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('crash' as const), carriesOut: fc.boolean() }) },
)

export const sequences = (minLength: number, maxLength: number): fc.Arbitrary<Sequence> =>
  fc.record({
    batch: fc.constantFrom(1, 2, 4, 8),
    cache: fc.boolean(),
    commands: fc
      .tuple(submit, fc.array(command, { minLength: minLength - 1, maxLength: maxLength - 1, size: 'max' }))
      .map(([first, others]) => [first, ...others]),
  })
