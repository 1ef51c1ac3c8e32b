// What is looked at where the money of real agents is: what was counted, what it cost, and what rests.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { TestTown } from '../support/town.ts'
import type { Tokens } from './model-stream.ts'
import { PATIENCE_MS, type Said } from './town.ts'

export type Cost = { tokens: Tokens; costUsd: number | null; requests: number; unpriced: number }
export type Costs = { readonly items: readonly (Cost & { key: string })[]; readonly total: Cost }
type Gt = { gt(...args: readonly string[]): Promise<Said> }

export const costsBy = async (town: Gt, by: string): Promise<Costs> => shown(town, 'costs', '--by', by)

export async function shown<T>({ gt }: Gt, ...words: string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await gt(...words, '--json')
  if (exitCode !== 0) throw new Error(`gt ${words.join(' ')}: ${stderr}`)
  return JSON.parse(stdout) as T
}

const KINDS = ['input', 'output', 'cacheRead', 'cacheWrite'] as const

export const sumOf = (...all: readonly Tokens[]): Tokens =>
  Object.fromEntries(KINDS.map((kind) => [kind, all.reduce((sum, each) => sum + each[kind], 0)])) as Tokens

/** `price` is in USD for a million tokens. */
export const priceOf = (tokens: Tokens, price: Tokens): number =>
  Math.round(KINDS.reduce((sum, kind) => sum + tokens[kind] * price[kind], 0)) / 1e6

export const times = <T>(count: number, each: T): T[] => Array.from({ length: count }, () => each)

export const standsAs = (town: TestTown, bead: string, state: string) =>
  town.watch.until(
    `${bead} is ${state}`,
    ({ facts }) =>
      facts.some(
        (fact) =>
          fact.type === 'AgentStands' &&
          fact.bead === bead &&
          (fact.standing as { state: string }).state === state,
      ) || null,
    PATIENCE_MS,
  )

/** Of the rig's own repository. */
export const git = (town: TestTown, ...args: string[]): string =>
  execFileSync('git', args, { cwd: join(town.dir, 'rigs/shop/repo.git'), encoding: 'utf8' }).trim()

export const checkpoints = (town: TestTown): string[] =>
  git(town, 'for-each-ref', '--format=%(refname)', 'refs/gt/checkpoints')
    .split('\n')
    .filter((ref) => ref !== '')

/** How many conversations, and in how many sessions, a bead has had. */
export function conversations(town: TestTown, bead: string) {
  const known = town.facts('RuntimeSessionKnown').filter((fact) => fact.bead === bead)
  return {
    conversations: new Set(known.map(({ runtimeSession }) => runtimeSession)).size,
    sessions: new Set(known.map(({ session }) => session)).size,
  }
}
