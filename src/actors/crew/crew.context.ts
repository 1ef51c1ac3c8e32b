// What a crew member is: the context of its machine.

import { agentOf, rigOf } from '../../events/address.ts'
import type { PauseReason } from '../../events/budget.ts'
import type { OwnerInput } from '../machine.ts'

export type CrewContext = {
  keeper: string
  agent: string
  rig: string | null
  branch: string
  path: string
  base: string | null
  /** Which of its worktrees, one after the other, this is; empty when it has none. */
  place: string
  places: number
  /** Kind of agent that it was started with last; null: the default. */
  preset: string | null
  /** The session that lives. */
  session: string | null
  sessions: number
  /** The runtime's id of the last conversation, when it can go on from there. */
  resume: string | null
  /** A person wants it to run. */
  wanted: boolean
  /** Why it may not run now; empty when it may. */
  held: readonly PauseReason[]
  /** Its worktree is being put under a checkpoint: nobody is given it meanwhile. */
  keeping: boolean
  /** Why a person removes it; null when nobody does. */
  leaving: string | null
}

export const newCrew = ({ address }: OwnerInput): CrewContext => ({
  keeper: address,
  agent: agentOf(address) ?? '',
  rig: rigOf(address),
  branch: '',
  path: '',
  base: null,
  place: '',
  places: 0,
  preset: null,
  session: null,
  sessions: 0,
  resume: null,
  wanted: false,
  held: [],
  keeping: false,
  leaving: null,
})
