// States in plain words, for screens.

/** What a bead is doing: its stage when it is on its way, else its status. */
export function stateOf({ status, stage }: { status: string; stage: string }): string {
  if (stage === 'landed') return 'landed'
  if (status === 'blocked' || status === 'deferred' || status === 'closed') return status
  if (stage === 'none') return status
  return status === 'hooked' ? 'starting' : stage
}

/** What an agent is doing. */
export const agentState = (state: string): string =>
  ({ hooked: 'starting', submitted: 'done, in queue', recovering: 'begins again', parked: 'needs you' })[
    state
  ] ?? state

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
    default:
      return id
  }
}
