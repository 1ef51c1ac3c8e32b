// Rigs that are parked: what their owners ask of the world waits until they are unparked.
//
// Owns:      which effects wait, and whom an unparking wakes.
// Does not:  park (a person does, or a fork: the rig's own machine says so), nor end what has begun.

import { rigOf } from '../events/address.ts'
import type { LogRecord } from '../events/record.ts'
import type { RigRows } from '../projections/rigs.ts'
import type { SystemOptions } from '../system/types.ts'

/** What begins work, moves it on, or takes it away. What ends a session or keeps its work is never kept waiting. */
const WAITS: ReadonlySet<string> = new Set([
  'session.start',
  'worktree.add',
  'worktree.restore',
  'worktree.remove',
  'worktree.verify',
  'merge.build',
  'gates.run',
  'stack.ahead',
  'target.look',
  'target.push',
  'branch.create',
  'branch.look',
  'branch.remove',
])

export interface Parked {
  readonly hold: NonNullable<SystemOptions['hold']>
  /** Is shown every record, once the rows have it. */
  record(record: LogRecord): void
}

export function createParked(rows: () => RigRows): Parked {
  const waiting = new Map<string, Set<() => void>>()
  return {
    hold({ kind, actor, signal }) {
      const rig = WAITS.has(kind) ? rigOf(actor) : null
      if (rig === null || rows().get(rig)?.parked !== true) return null
      return new Promise((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake)
          waiting.get(rig)?.delete(wake)
          resolve()
        }
        signal.addEventListener('abort', wake, { once: true })
        const others = waiting.get(rig)
        if (others === undefined) waiting.set(rig, new Set([wake]))
        else others.add(wake)
      })
    },
    record({ facts }) {
      for (const { type, rig } of facts)
        if (type === 'RigUnparked') for (const wake of [...(waiting.get(String(rig)) ?? [])]) wake()
    },
  }
}
