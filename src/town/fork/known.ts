// What the log knew at the moment of a fork: the owners, what was open, and which commits there were.
//
// Owns:      one pass over the lines, in which they are also written into the log of the fork.
// Always:    each line goes over byte for byte, an erased one with what it says of itself; so the chain is the parent's.

import type { Head } from '../../../eventlog/index.ts'
import { epicOf } from '../../events/address.ts'
import type { Address, LogRecord } from '../../events/record.ts'
import { recordOf } from '../../events/upcasters.ts'
import type { KnownCommit } from '../../git/forks.ts'
import { createKnown } from '../../system/known.ts'
import type { SystemCheckpoint } from '../../system/types.ts'

/** Commits that are remembered of one worktree: what was kept last may be gone. */
const KNOWN_MAX = 8

export type KnownThen = {
  readonly folded: SystemCheckpoint
  readonly chain: string
  /** Where the target of each rig stood. */
  readonly targets: ReadonlyMap<string, string>
  /** Commits of each assignment and each crew member, newest first. */
  readonly worktrees: ReadonlyMap<Address, readonly KnownCommit[]>
}

/**
 * Takes all lines over by `write`, which makes a log of them and says where that ends. Calls `onLines` with how many are over.
 */
export async function takeOver(
  lines: AsyncIterable<readonly string[]>,
  write: (lines: AsyncIterable<string>) => Promise<Head>,
  onLines: (count: number) => void,
): Promise<KnownThen> {
  const known = createKnown()
  const targets = new Map<string, string>()
  const worktrees = new Map<Address, KnownCommit[]>()
  /** Of each Refinery, what it built one upon the other last. */
  const stacks = new Map<Address, Set<string>>()
  const { seq, chain } = await write(noted())
  if (seq !== known.seq) throw new Error(`Broken invariant: ${seq} of ${known.seq} lines are in the fork`)
  return { folded: known.checkpoint(), chain, targets, worktrees }

  async function* noted(): AsyncGenerator<string> {
    for await (const batch of lines) {
      for (const line of batch) {
        note(recordOf(line))
        yield line
      }
      onLines(known.seq)
    }
  }

  function note(record: LogRecord): void {
    known.fold(record)
    const { actor, message, facts, refused } = record
    if (refused !== undefined) return
    if (message.type === 'merge.built' && epicOf(actor) === null)
      noteBuilt(actor, String(message.base), String(message.commit))
    if (message.type === 'worktree.added') {
      remember(actor, 'branch', message.head)
      // Made anew, it stands where the target did.
      if (message.base === message.head && message.epic === undefined)
        targets.set(actor.split('/')[0] ?? '', String(message.base))
    }
    for (const fact of facts) {
      switch (fact.type) {
        case 'RigReady':
        case 'RigForked':
        case 'RigRejoined':
          if (typeof fact.head === 'string') targets.set(String(fact.rig), fact.head)
          break
        case 'TargetAdvanced':
          // A fork has none of the integration branches.
          if (epicOf(actor) === null) targets.set(String(fact.rig), String(fact.to))
          break
        case 'WorkSubmitted':
          remember(actor, 'branch', fact.head)
          break
        case 'WorktreeCheckpointed':
        case 'CrewCheckpointed':
          remember(actor, 'checkpoint', fact.commit)
          break
        case 'WorktreeForked':
          remember(actor, fact.from === 'checkpoint' ? 'checkpoint' : 'branch', fact.commit)
      }
    }
  }

  /** What is built upon another that has not landed says nothing of the target. */
  function noteBuilt(actor: Address, base: string, commit: string): void {
    const stack = stacks.get(actor)
    if (stack?.has(base) === true) {
      stack.add(commit)
      return
    }
    stacks.set(actor, new Set([commit]))
    targets.set(actor.split('/')[0] ?? '', base)
  }

  function remember(actor: Address, kind: KnownCommit['kind'], commit: unknown): void {
    if (typeof commit !== 'string') return
    const before = (worktrees.get(actor) ?? []).filter((one) => one.commit !== commit)
    worktrees.set(actor, [{ commit, kind }, ...before].slice(0, KNOWN_MAX))
  }
}
