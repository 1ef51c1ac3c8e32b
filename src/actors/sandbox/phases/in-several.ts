// What several phases of a sandbox answer alike, and what all of them are written with.

import { setup } from 'xstate'
import { ACTIONS, typesOf, writing } from '../../machine.ts'
import { askToKeep, isFree, nuke, unsling } from '../keeping.ts'
import type { SandboxContext } from '../sandbox.context.ts'
import { left } from '../sandbox.decisions.ts'

export const parts = setup({
  types: typesOf<SandboxContext>(),
  actions: ACTIONS,
  delays: { cooldown: ({ context }) => context.waitMs },
})
export const state = parts.createStateConfig

export const { does, when } = writing<SandboxContext>()

/** Said by, or of, the session of the present attempt. */
export const current = (
  type:
    | 'sandbox.done'
    | 'sandbox.giveBack'
    | 'sandbox.handOff'
    | 'sandbox.sessionEnded'
    | 'sandbox.sessionStarted',
) => when(type, ({ session }, event) => session === event.session)

/** Said by, or of, a session that this assignment no longer knows. */
export const over = {
  actions: does('sandbox.done', ({ sandbox }, _, to) =>
    to.refuse('ASSIGNMENT_OVER', `The session that says so no longer works in ${sandbox}.`),
  ),
}

/** The Witness has not heard yet that it goes on, ended, or is held. */
export const stallOver = {
  actions: does('sandbox.intervene', ({ sandbox }, _, to) =>
    to.refuse('STALL_OVER', `${sandbox} has gone on meanwhile, or is held.`),
  ),
}

/** Begins with the checkpoint that is due. */
export const keeps = does('sandbox.sessionEnded', askToKeep)

/** The session that is still there ends, and the state stays. */
export const sessionGoes = {
  'sandbox.sessionEnded': {
    guard: current('sandbox.sessionEnded'),
    actions: [does('sandbox.sessionEnded', left), keeps],
  },
}

/** The next one may be given the worktree, or nobody needs it any more. */
export const free = ({ context }: { context: SandboxContext }): boolean => isFree(context)

/** A person may take the assignment from its polecat; a session that it has is ended first. */
export const taken = {
  'sandbox.nuke': { target: 'leaving', actions: does('sandbox.nuke', nuke) },
  'sandbox.unsling': { target: 'leaving', actions: does('sandbox.unsling', unsling) },
} as const

export const refuseToLeave = (code: string, why: string) => {
  const refuse = { actions: does('sandbox.nuke', ({ bead }, _, to) => to.refuse(code, `${bead} ${why}.`)) }
  return { 'sandbox.nuke': refuse, 'sandbox.unsling': refuse }
}
export const ending = refuseToLeave('WORK_IS_ENDING', 'leaves its polecat already, or has left')
