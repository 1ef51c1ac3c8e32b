// The words after `npm run demo --`.

import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'

export type Options = {
  readonly seed: number
  /** The person's own repository, or null for the package that the demo builds. */
  readonly repo: string | null
}

/** @throws {TypeError} with a sentence for the person. */
export function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { seed: { type: 'string' }, repo: { type: 'string' } },
    strict: true,
  })
  const seed = values.seed === undefined ? randomInt(1, 10_000) : Number(values.seed)
  if (!Number.isSafeInteger(seed) || seed < 0) throw new TypeError('--seed needs a whole number')
  return { seed, repo: values.repo ?? null }
}
