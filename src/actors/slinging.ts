// How an owner puts a bead into the queue of a rig, for whichever polecat.

import { beadOwner, MAYOR } from '../events/address.ts'
import type { Tell } from './machine.ts'

/** To be told together: both take it, or neither. */
export const slinging = (bead: {
  readonly bead: string
  readonly rig: string
  readonly priority: number
  readonly preset: string | null
  readonly group: string
}): [Tell, Tell] => {
  const { bead: id, rig, priority, preset, group } = bead
  return [
    { to: beadOwner(id), message: { type: 'bead.queue', rig, now: false } },
    {
      to: MAYOR,
      message: {
        type: 'dispatch.request',
        bead: id,
        rig,
        priority,
        agent: null,
        preset,
        now: false,
        maxAtOnce: null,
        group,
      },
    },
  ]
}
