// Keeps what an agent has not committed while it works: at most once in two minutes, and only when it did something.
//
// Owns:      when a worktree in use is put under a checkpoint. (At a stop the sandbox itself asks for one.)
// Does not:  delay anybody, or run a timer: who does nothing writes nothing, and nobody asks (P7).
// Always:    what is new is a fact of the sandbox, or of the crew member; a checkpoint that holds what the last one held leaves no record.

import { keeperOf, ownerKind, rigOf } from '../../events/address.ts'
import type { Message } from '../../events/index.ts'
import type { Address, LogRecord } from '../../events/record.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Repositories } from '../../ports/repositories.ts'
import type { System } from '../../system/types.ts'
import { keptAs } from '../files.ts'

/** Between two checkpoints of one worktree while somebody works in it, ms. */
export const KEEP_EVERY_MS = 120_000

/** Something was done; each comes at most every 30 s, or with a turn. */
const TRIGGERS: ReadonlySet<string> = new Set(['AgentActive', 'TurnEnded', 'ContextCompacted'])

/** What an owner is told when its worktree is kept. */
const SAYS_KEPT: { readonly [kind: string]: 'sandbox.checkpointed' | 'crew.checkpointed' } = {
  sandbox: 'sandbox.checkpointed',
  crew: 'crew.checkpointed',
}

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

  async function keep(keeper: Address): Promise<void> {
    const context = system.owner(keeper)?.context ?? {}
    const { path, branch, base } = context
    const rig = rigOf(keeper)
    if (!isAtWork(keeper) || rig === null || typeof path !== 'string' || path === '') return
    const name = keptAs(keeper, context)
    const at = { rig, path, branch: String(branch), base: String(base), name }
    const { isNew, ...kept } = await repositories.checkpoint(at)
    if (!isNew) return
    const type = SAYS_KEPT[String(ownerKind(keeper))]
    if (type === undefined) return
    const message: Message = { type, ...kept }
    await system.take({
      id: `kept.${name}.${kept.commit}`,
      by: 'worker',
      messages: [{ to: keeper, message }],
    })
  }

  const isAtWork = (keeper: Address): boolean =>
    String(ownerKind(keeper)) in SAYS_KEPT && system.owner(keeper)?.value === 'working'

  return {
    record({ facts }) {
      for (const { type, session } of facts) {
        if (!TRIGGERS.has(type) || typeof session !== 'string') continue
        const keeper = keeperOf(session)
        const now = clock.now()
        if (!isAtWork(keeper) || now - (last.get(keeper) ?? Number.NEGATIVE_INFINITY) < KEEP_EVERY_MS)
          continue
        last.set(keeper, now)
        const mine = queue.then(() =>
          keep(keeper).catch((error: unknown) =>
            onTrouble('NOT_CHECKPOINTED', `${keeper}: ${String(error)}`),
          ),
        )
        queue = mine
        under.add(mine)
        void mine.then(() => under.delete(mine))
      }
      for (const { type, sandbox, agent } of facts) {
        if (type === 'WorktreeRemoved' || type === 'WorktreeKept') last.delete(String(sandbox))
        if (type === 'CrewRemoved') last.delete(String(agent))
      }
    },
    async idle() {
      while (under.size > 0) await Promise.all(under)
    },
  }
}
