// Which machine lives at which address.

import { type OwnerKind, ownerKind } from '../events/address.ts'
import { ahead } from './ahead/ahead.machine.ts'
import { bead } from './bead/bead.machine.ts'
import { boot } from './boot/boot.machine.ts'
import { budgets } from './budgets/budgets.machine.ts'
import { crew } from './crew/crew.machine.ts'
import { deacon } from './deacon/deacon.machine.ts'
import { decision } from './decision/decision.machine.ts'
import { dog } from './dog/dog.machine.ts'
import { integration } from './integration/integration.machine.ts'
import { kennel } from './kennel/kennel.machine.ts'
import type { MachineDef } from './machine.ts'
import { mayor } from './mayor/mayor.machine.ts'
import { mergeRequest } from './merge-request/merge-request.machine.ts'
import { nudge } from './nudge/nudge.machine.ts'
import { plan } from './plan/plan.machine.ts'
import { polecat } from './polecat/polecat.machine.ts'
import { pull } from './pull/pull.machine.ts'
import { refinery } from './refinery/refinery.machine.ts'
import { review } from './review/review.machine.ts'
import { rig } from './rig/rig.machine.ts'
import { sandbox } from './sandbox/sandbox.machine.ts'
import { session } from './session/session.machine.ts'
import { town } from './town/town.machine.ts'
import { witness } from './witness/witness.machine.ts'

export const MACHINES: Readonly<Record<OwnerKind, MachineDef>> = {
  town,
  mayor,
  deacon,
  boot,
  kennel,
  dog,
  budgets,
  rig,
  bead,
  witness,
  refinery,
  ahead,
  integration,
  polecat,
  crew,
  sandbox,
  session,
  mergeRequest,
  pull,
  review,
  nudge,
  decision,
  plan,
}

/** The machine at an address, or null when nothing can live there. */
export function machineAt(address: string): MachineDef | null {
  const kind = ownerKind(address)
  return kind === null ? null : MACHINES[kind]
}
