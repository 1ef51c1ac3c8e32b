// What a sandbox keeps. Flat: each key is one thing that changes by itself.

import { workerOf } from '../../events/address.ts'
import type { PauseReason } from '../../events/budget.ts'
import type { AttemptReason, Previous } from '../../events/define.ts'
import type { StallKind } from '../../events/health.ts'
import type { ShelvedHow } from '../../events/keeping.ts'
import type { HandoffTrigger } from '../../events/worker.ts'

export type SandboxContext = {
  sandbox: string
  agent: string
  rig: string
  bead: string
  branch: string
  path: string
  base: string
  preset: string | null
  /** Its work goes to the integration branch of that epic; null: to the rig's own target. */
  epic: string | null
  attempt: number
  /** Why the present attempt began, and what it should know of the one before. */
  reason: AttemptReason
  previous: Previous
  /** The session of the present attempt while it lives. */
  session: string | null
  sessions: number
  /** What was submitted last. */
  head: string
  /** Commit on the target that has the work. */
  landed: string
  waitMs: number
  note: string
  /** Why no attempt may begin now; empty when one may. */
  held: readonly PauseReason[]
  /** What an earlier session left for the next one; null when nothing, or when its work was sent back since. */
  handoff: Handoff | null
  /** Handed over so often since anything changed, and how the work stood then. */
  handoffs: number
  mark: string
  /** The runtime's id of the last session's conversation, when it can go on from there. */
  resume: string | null
  /** Its worktree is being put under a checkpoint: nobody is given it meanwhile. */
  keeping: boolean
  /** It is taken from its polecat, by a person or because it does not go on. */
  leaving: ShelvedHow | null
  /** What the worktree that was taken away is made again from: where its branch stood, and its files. */
  shelf: { readonly head: string; readonly files: string } | null
  /** Its session gives no sign; null once it does. */
  stalled: Stalled | null
  /** How often that was so in this assignment. */
  stalls: number
}

export type Stalled = {
  readonly session: string
  readonly kind: StallKind
  readonly since: string
  readonly n: number
  readonly evidence: { readonly seq: number | null; readonly what: string }
  readonly progressed: boolean
  readonly spoken: string | null
  /** Its worktree is being looked at. */
  readonly looking: boolean
}

export type Handoff = {
  readonly note: string
  readonly session: string
  readonly trigger: HandoffTrigger
  /** ISO time. */
  readonly at: string
}

export const newContext = (address: string): SandboxContext => ({
  sandbox: address,
  agent: workerOf(address)?.agent ?? '',
  rig: workerOf(address)?.rig ?? '',
  bead: '',
  branch: '',
  path: '',
  base: '',
  preset: null,
  epic: null,
  attempt: 0,
  reason: 'first',
  previous: {},
  session: null,
  sessions: 0,
  head: '',
  landed: '',
  waitMs: 0,
  note: '',
  held: [],
  handoff: null,
  handoffs: 0,
  mark: '',
  resume: null,
  keeping: false,
  leaving: null,
  shelf: null,
  stalled: null,
  stalls: 0,
})
