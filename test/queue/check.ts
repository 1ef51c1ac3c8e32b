// One sequence by its number, and the shortest one that breaks when it does.

import fc from 'fast-check'
import { sequences } from './commands.ts'
import { type Done, runSequence } from './sequence.ts'

/** One sequence, and the shorter ones that are tried when it breaks, ms. */
const TAKES_MS = 5 * 60_000

/** What it came to, or in words what was not as it must be. The same for the same seed. */
export async function checkSequence(
  seed: number,
  { min, max }: { readonly min: number; readonly max: number },
): Promise<Done | string> {
  let done: Done | null = null
  const property = fc.asyncProperty(sequences(min, max), async (sequence) => {
    done = await runSequence(sequence)
  })
  const { failed, counterexample, errorInstance } = await fc.check(property, {
    seed,
    numRuns: 1,
    interruptAfterTimeLimit: TAKES_MS,
  })
  if (!failed && done !== null) return done
  if (!failed) return `It did not end within ${TAKES_MS / 1_000} s.`
  return `${String(errorInstance)}\n${JSON.stringify(counterexample)}`
}
