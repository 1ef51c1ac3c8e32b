// The Deacon: who may begin again after a death, and when it is enough. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { DEACON } from '../../events/address.ts'
import type { Json } from '../../events/record.ts'
import {
  ACTIONS,
  type Deciding,
  type Event,
  type MachineDef,
  OPTIONS,
  typesOf,
  UNEXPECTED,
  writing,
} from '../machine.ts'

/** `bead/<id>`: how often work on it was begun again, and when last. */
type DeaconContext = { readonly [key: string]: Json | undefined }
type Tries = { n: number; lastAt: string }

/** Recoveries of one bead before a person is asked. More only burns money on work that does not hold. */
const RECOVERIES_MAX = 3
/** Between one recovery of a bead and the next, ms. The first is at once. */
const RECOVERY_COOLDOWN_MS = 5 * 60_000

const { does } = writing<DeaconContext>()

const machine = setup({ types: typesOf<DeaconContext>(), actions: ACTIONS }).createMachine({
  id: DEACON,
  options: OPTIONS,
  initial: 'watching',
  context: {},
  states: { watching: {} },
  on: {
    RECOVERY_NEEDED: { actions: does('RECOVERY_NEEDED', recover) },
    'deacon.forget': {
      actions: does('deacon.forget', (_, { bead }, to) => to.set({ [`bead/${bead}`]: undefined })),
    },
    '*': UNEXPECTED,
  },
})

export const deacon: MachineDef = { name: 'deacon', version: 1, machine, live: true }

function recover(context: DeaconContext, event: Event<'RECOVERY_NEEDED'>, to: Deciding<DeaconContext>): void {
  const { bead, sandbox, agent, reason, meta } = event
  const tries = context[`bead/${bead}`] as Tries | undefined
  const n = (tries?.n ?? 0) + 1
  if (n > RECOVERIES_MAX) {
    to.fact({ type: 'RecoveryRefused', bead, agent, n })
    to.tell({
      to: sandbox,
      message: { type: 'sandbox.giveUp', reason: `${RECOVERIES_MAX} recoveries did not help: ${reason}` },
    })
    return
  }
  const now = Date.parse(meta.at)
  const waitMs = tries === undefined ? 0 : Math.max(0, Date.parse(tries.lastAt) + RECOVERY_COOLDOWN_MS - now)
  to.set({ [`bead/${bead}`]: { n, lastAt: new Date(now + waitMs).toISOString() } })
  to.fact({ type: 'RecoveryGranted', bead, agent, n, waitMs })
  to.tell({ to: sandbox, message: { type: 'sandbox.recover', waitMs } })
}
