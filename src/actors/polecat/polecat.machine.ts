// A polecat's identity: permanent, with at most one bead on its hook. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { MAYOR, workerOf } from '../../events/address.ts'
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

type PolecatContext = {
  agent: string
  rig: string
  bead: string | null
  sandbox: string | null
  named: boolean
}

const { does } = writing<PolecatContext>()

/** Counted here, for the session that was asked may be over. */
function asked(
  { agent, rig }: PolecatContext,
  event: Event<'polecat.asked'>,
  to: Deciding<PolecatContext>,
): void {
  const { session, bead, runtime, question, answered, usage } = event
  to.fact({ type: 'SeanceHeld', session, agent, bead, runtime, question, answered })
  for (const each of usage)
    to.fact({ type: 'TokensUsed', session, agent, bead, rig, role: 'seance', runtime, ...each })
}

const machine = setup({ types: typesOf<PolecatContext>(), actions: ACTIONS }).createMachine({
  id: 'polecat',
  options: OPTIONS,
  initial: 'idle',
  context: ({ input }) => ({
    agent: input.address,
    rig: workerOf(input.address)?.rig ?? '',
    bead: null,
    sandbox: null,
    named: false,
  }),
  states: {
    idle: {
      on: {
        'polecat.hook': {
          target: 'hooked',
          actions: does('polecat.hook', ({ agent, rig, named }, { bead, sandbox, preset }, to) => {
            to.set({ bead, sandbox, named: true })
            if (!named) to.fact({ type: 'PolecatNamed', agent, rig })
            to.fact({ type: 'PolecatHooked', agent, rig, bead, sandbox })
            to.tell({ to: sandbox, message: { type: 'sandbox.open', bead, preset } })
          }),
        },
        'polecat.rehook': {
          target: 'hooked',
          actions: does('polecat.rehook', ({ agent, rig }, { bead, sandbox }, to) => {
            to.set({ bead, sandbox })
            to.fact({ type: 'PolecatHooked', agent, rig, bead, sandbox })
          }),
        },
      },
    },
    hooked: {
      on: {
        'polecat.rehook': {
          actions: does('polecat.rehook', ({ agent, bead }, _, to) =>
            to.refuse('AGENT_BUSY', `${agent} has ${bead} on its hook.`),
          ),
        },
        'polecat.hook': {
          actions: does('polecat.hook', ({ agent, bead }, _, to) =>
            to.refuse('AGENT_BUSY', `${agent} has ${bead} on its hook.`),
          ),
        },
        'polecat.release': {
          target: 'idle',
          actions: does('polecat.release', ({ agent, rig }, { bead, outcome }, to) => {
            to.set({ bead: null, sandbox: null })
            to.fact({ type: 'PolecatReleased', agent, bead, outcome })
            to.tell({
              to: MAYOR,
              message: { type: 'dispatch.freePlace', rig, name: agent.slice(agent.lastIndexOf('/') + 1) },
            })
          }),
        },
      },
    },
  },
  on: { 'polecat.asked': { actions: does('polecat.asked', asked) }, '*': UNEXPECTED },
})

export const polecat: MachineDef = { name: 'polecat', version: 3, machine, live: false }
