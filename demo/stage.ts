// What the acts share: the town, its rig and beads, and what has been seen.

import type { Feed } from './feed.ts'
import type { Gt } from './gt.ts'
import type { Moments } from './moments.ts'
import type { Repository } from './repositories.ts'
import type { Teller } from './teller.ts'
import type { Work } from './work/edit.ts'

export type Agent = {
  readonly address: string
  readonly role: string
  readonly state: string
  readonly hook: string | null
  readonly session: string | null
  readonly pid: number | null
}

export type Status = {
  readonly seq: number
  readonly town: { readonly id: string }
  readonly daemon: { readonly pid: number; readonly recoveredMs: number } | null
  readonly agents: readonly Agent[]
  readonly rigs: unknown
  readonly queue: unknown
  readonly mergeQueue: unknown
  readonly work: unknown
  readonly supervision: { readonly modelCalls: number }
  readonly waitsForYou: readonly unknown[]
}

export type Stage = {
  readonly folder: string
  /** The town's folder. */
  readonly dir: string
  readonly gt: Gt
  readonly teller: Teller
  readonly moments: Moments
  readonly repository: Repository
  readonly works: readonly Work[]
}

export type Slung = Stage & { readonly beads: readonly string[]; readonly feed: Feed }

/** What must be true for the demo to end with 0. */
export function claim(truth: boolean, sentence: string): asserts truth {
  if (!truth) throw new NotTrue(sentence)
}

export class NotTrue extends Error {
  override readonly name = 'NotTrue'
}

/** Polecats (workers) whose process runs and who have not handed in. */
export const atWork = ({ agents }: Status): Agent[] =>
  agents.filter(({ role, pid, state }) => role === 'polecat' && pid !== null && state === 'working')

/** The name of a polecat: the last part of its address. */
export const nameOf = (address: string): string => address.slice(address.lastIndexOf('/') + 1)

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
