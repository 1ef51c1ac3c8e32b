// States in plain words, for screens.

import { clock } from './layout.ts'

/** What a bead is doing: its stage when it is on its way, else its status. */
export function stateOf({ status, stage }: { status: string; stage: string }): string {
  if (stage === 'landed') return 'landed'
  if (status === 'blocked' || status === 'deferred' || status === 'closed') return status
  if (stage === 'none') return status
  return status === 'hooked' ? 'starting' : stage
}

export type Standing = {
  state: string
  since: string
  reason: string
  tool: string | null
  until: string | null
}

/** What an agent is doing; of one at work, what its session says. */
export const agentState = (
  state: string,
  standing?: Standing | null,
  health?: { readonly state: string },
): string =>
  IN_TROUBLE[health?.state ?? ''] ??
  (state === 'working' && standing != null ? standingText(standing) : null) ??
  { hooked: 'starting', submitted: 'done, in queue', recovering: 'begins again', parked: 'needs you' }[
    state
  ] ??
  state

const IN_TROUBLE: { readonly [health: string]: string } = {
  stalled: 'does not go on',
  zombie: 'not stopped yet',
  crashLooping: 'dies again and again',
  unknown: 'could not be checked',
}

function standingText({ state, tool, until }: Standing): string | null {
  switch (state) {
    case 'runningTool':
      return tool === null ? 'runs a tool' : `runs ${tool}`
    case 'waitingForPermission':
      return 'asks you'
    case 'waitingForPerson':
      return 'needs you'
    case 'limited':
      return until === null ? 'limited' : `limited until ${clock(until)}`
    case 'starting':
    case 'ready':
    case 'compacting':
    case 'idle':
    case 'stuck':
      return state
    default:
      return null
  }
}

/** What something waits for. */
export const waitText = ({ kind, id }: { kind: string; id: string }): string => {
  switch (kind) {
    case 'bead':
      return id
    case 'place':
      return 'a free place'
    case 'person':
      return 'you'
    case 'recovery':
      return 'a new try'
    case 'gate':
      return 'its check'
    case 'target':
      return 'the target'
    case 'budget':
      return `the budget of ${id === 'town' ? 'the town' : id}`
    case 'thaw':
      return 'gt thaw'
    case 'rig':
      return `rig ${id}`
    case 'disk':
      return 'room on the disk'
    case 'massDeath':
      return 'quiet'
    case 'quarantine':
      return `${id}, in quarantine`
    default:
      return id
  }
}
