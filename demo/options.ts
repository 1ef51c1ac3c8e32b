// The words after `npm run demo --`.

import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'

export type Options = {
  readonly seed: number
  /** The person's own repository, or null for the package that the demo builds. */
  readonly repo: string | null
  /** The person's own agent program, or null for the small programs of the demo. */
  readonly agent: 'claude' | null
  /** Most that the agent program may use up, in US dollars. */
  readonly capUsd: number
}

export const USAGE = ['[--seed N] [--repo PATH]', '--agent claude [--cap 2usd]'] as const

/** @throws {TypeError} with a sentence for the person. */
export function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      repo: { type: 'string' },
      agent: { type: 'string' },
      cap: { type: 'string' },
    },
    strict: true,
  })
  const seed = values.seed === undefined ? randomInt(1, 10_000) : Number(values.seed)
  if (!Number.isSafeInteger(seed) || seed < 0) throw new TypeError('--seed needs a whole number')
  const { agent = null, repo = null } = values
  if (agent !== null && agent !== 'claude')
    throw new TypeError(`--agent is claude, not ${JSON.stringify(agent)}`)
  if (agent !== null && repo !== null)
    throw new TypeError('--agent works on the package of the demo, not on --repo')
  if (agent === null && values.cap !== undefined)
    throw new TypeError('--cap is for --agent: the small programs cost nothing')
  return { seed, repo, agent, capUsd: capOf(values.cap ?? '2usd') }
}

function capOf(text: string): number {
  const amount = Number(/^(\d+(?:\.\d{1,2})?)(?:usd)?$/i.exec(text)?.[1])
  if (!(amount > 0 && amount <= 1_000)) throw new TypeError('--cap needs an amount like 2usd')
  return amount
}
