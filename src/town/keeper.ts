// Keeps what an agent has not committed while it works: at most once in two minutes, and only when it did something.
//
// Owns:      when a worktree in use is put under a checkpoint. (At a stop the sandbox itself asks for one.)
// Does not:  delay anybody, or run a timer: who does nothing writes nothing, and nobody asks (P7).
// Always:    what is new is a fact of the sandbox; a checkpoint that holds what the last one held leaves no record.

import { ownerKind, rigOf, sandboxOfSession } from '../events/address.ts'
import type { Address, LogRecord } from '../events/record.ts'
import type { Clock } from '../ports/clock.ts'
import type { Repositories } from '../ports/repositories.ts'
import type { System } from '../system/types.ts'
import { slug } from './files.ts'

/** Between two checkpoints of one worktree while somebody works in it, ms. */
export const KEEP_EVERY_MS = 120_000

/** Something was done; each comes at most every 30 s, or with a turn. */
const TRIGGERS: ReadonlySet<string> = new Set(['AgentActive', 'TurnEnded', 'ContextCompacted'])

export interface Keeper {
  /** Is shown every record, after the machines have it. */
  record(record: LogRecord): void
  /** Resolves when nothing is being kept. */
  idle(): Promise<void>
}

export function createKeeper(options: {
  readonly system: System
  readonly repositories: Pick<Repositories, 'checkpoint'>
  readonly clock: Clock
  readonly onTrouble: (code: string, message: string) => void
}): Keeper {
  const { system, repositories, clock, onTrouble } = options
  const last = new Map<Address, number>()
  const under = new Set<Promise<void>>()
  /** One after the other: git reads every file, and the agents want the disk too. */
  let queue: Promise<void> = Promise.resolve()

  async function keep(sandbox: Address): Promise<void> {
    const { path, branch, base } = system.owner(sandbox)?.context ?? {}
    const rig = rigOf(sandbox)
    if (!isAtWork(sandbox) || rig === null || typeof path !== 'string' || path === '') return
    const at = { rig, path, branch: String(branch), base: String(base), name: slug(sandbox) }
    const { isNew, ...kept } = await repositories.checkpoint(at)
    if (!isNew) return
    const message = { type: 'sandbox.checkpointed', ...kept } as const
    await system.take({
      id: `kept.${sandbox}.${kept.commit}`,
      by: 'worker',
      messages: [{ to: sandbox, message }],
    })
  }

  const isAtWork = (sandbox: Address): boolean =>
    ownerKind(sandbox) === 'sandbox' && system.owner(sandbox)?.value === 'working'

  return {
    record({ facts }) {
      for (const { type, session } of facts) {
        if (!TRIGGERS.has(type) || typeof session !== 'string') continue
        const sandbox = sandboxOfSession(session)
        const now = clock.now()
        if (!isAtWork(sandbox) || now - (last.get(sandbox) ?? Number.NEGATIVE_INFINITY) < KEEP_EVERY_MS)
          continue
        last.set(sandbox, now)
        const mine = queue.then(() =>
          keep(sandbox).catch((error: unknown) =>
            onTrouble('NOT_CHECKPOINTED', `${sandbox}: ${String(error)}`),
          ),
        )
        queue = mine
        under.add(mine)
        void mine.then(() => under.delete(mine))
      }
      for (const { type, sandbox } of facts)
        if (type === 'WorktreeRemoved' || type === 'WorktreeKept') last.delete(String(sandbox))
    },
    async idle() {
      while (under.size > 0) await Promise.all(under)
    },
  }
}
