// What a session keeps. Flat: each key is one thing that changes by itself.

import { agentOf, rigOf } from '../../events/address.ts'
import type { AttemptReason } from '../../events/define.ts'
import type { Patience, StallKind } from '../../events/health.ts'
import type { Standing } from '../../events/hearing.ts'
import type { NudgeMode } from '../../events/nudge.ts'
import type { Sign, Watch } from './patience.ts'

export type SessionContext = {
  session: string
  agent: string
  rig: string
  /** Null: a person directs it. */
  bead: string | null
  worktree: string
  branch: string
  base: string | null
  preset: string | null
  attempt: number
  reason: AttemptReason
  /** The runtime's id of a conversation that this session goes on with. */
  resume: string | null
  pid: number | null
  /** The agent said `gt done`. */
  done: boolean
  /** It handed its work to a session of its own that comes next, and is about to end. */
  handedOff: boolean

  /** Null before it is opened. */
  standing: Standing | null
  /** Preset it was started with; null before, and for what was started by an older gt. */
  runtime: string | null
  /** The runtime's own id of the conversation. */
  runtimeSession: string | null
  /** Its program said by a hook that it takes input. */
  greeted: boolean
  /** That conversation has had a turn: only then does the runtime keep it. */
  talked: boolean
  transcript: string | null
  model: string | null
  /** Mark up to which its usage has been counted. */
  usedUpTo: string
  /** The same of each further transcript, by its name. */
  [mark: `usedUpTo/${string}`]: string
  /** Ids of the decisions that are open. */
  asking: readonly string[]

  /** The nudge that has the composer. */
  typing: string | null
  /** Nudges that wait for it, in the order in which they came. */
  lines: readonly WaitingLine[]
  /** The nudge whose turn goes. */
  turnOf: string | null

  /** As it was set when it was started; null: the default. */
  patience: Patience | null
  /** The timer that is set; null while nobody waits for a sign of it. */
  watch: Watch | null
  /** The last one; null before the first. */
  sign: Sign | null
  /** It gives no sign; null once it does. */
  stall: { readonly kind: StallKind; readonly since: string } | null
  /** How often it was found so. */
  stalls: number
  /** Since it was found so last: a tool came to an end; the nudge that it took. */
  progressed: boolean
  spoken: string | null
  /** A stop could not be carried out. */
  unstopped: boolean
}

export type WaitingLine = { readonly nudge: string; readonly mode: NudgeMode }

/** Runtime of what has neither hooks nor a screen that is read. */
export const NO_RUNTIME = 'script'

export const newContext = (address: string): SessionContext => ({
  session: address,
  agent: agentOf(address) ?? '',
  rig: rigOf(address) ?? '',
  bead: null,
  worktree: '',
  branch: '',
  base: null,
  preset: null,
  attempt: 0,
  reason: 'first',
  resume: null,
  pid: null,
  done: false,
  handedOff: false,
  standing: null,
  runtime: null,
  runtimeSession: null,
  greeted: false,
  talked: false,
  transcript: null,
  model: null,
  usedUpTo: '0',
  asking: [],
  typing: null,
  lines: [],
  turnOf: null,
  patience: null,
  watch: null,
  sign: null,
  stall: null,
  stalls: 0,
  progressed: false,
  spoken: null,
  unstopped: false,
})

export const whose = ({ session, agent, bead }: SessionContext) => ({ session, agent, bead })
