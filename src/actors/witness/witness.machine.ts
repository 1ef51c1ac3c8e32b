// The Witness of a rig: looks at submitted work before the Refinery sees it, and at deaths. Rules: SPEC.md.
//
// In the context: `work/<sandbox>` is work that is with the Witness or the Refinery, `back/<sandbox>` how often in a
// row it was sent back before the Refinery saw it, `ladder/<sandbox>` what was done about work that does not go on.

import { setup } from 'xstate'
import { DEACON, refinery } from '../../events/address.ts'
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
import { setJudging } from './judging.ts'
import {
  givenBack,
  handedIn,
  judgementGiven,
  notIntervened,
  nudgeOver,
  workGoesOn,
  workStalled,
} from './ladder.ts'

type WitnessContext = { readonly [key: string]: Json | undefined; readonly rig: string }
type Work = {
  bead: string
  agent: string
  branch: string
  head: string
  worktree: string
  attempt: number
  /** Its work goes to the integration branch of that one. */
  epic?: string
}

/** Times in a row that work is sent back before a person is asked; each costs a whole attempt. */
const SENT_BACK_MAX = 3

const { does } = writing<WitnessContext>()

const machine = setup({ types: typesOf<WitnessContext>(), actions: ACTIONS }).createMachine({
  id: 'witness',
  options: OPTIONS,
  initial: 'watching',
  context: ({ input }) => ({ rig: input.address.slice(0, input.address.indexOf('/')) }),
  states: { watching: {} },
  on: {
    POLECAT_DONE: {
      actions: does('POLECAT_DONE', (context, { sandbox, meta: _meta, type: _type, ...work }, to) => {
        const { rig } = context
        handedIn(context, sandbox, to)
        to.set({ [`work/${sandbox}`]: work })
        const { branch, head, worktree } = work
        to.effect('worktree.verify', { rig, sandbox, path: worktree, branch, head })
      }),
    },
    'worktree.verified': { actions: does('worktree.verified', verified) },
    'worktree.notVerified': {
      actions: does('worktree.notVerified', (context, event, to) =>
        sendBack(context, event.sandbox, event, to),
      ),
    },
    'effect.failed': {
      actions: does('effect.failed', (context, { code, message, params }, to) =>
        sendBack(context, String(params.sandbox), { code, message }, to),
      ),
    },
    MERGED: {
      actions: does('MERGED', (_, { sandbox, commit, head }, to) => {
        to.set({ [`work/${sandbox}`]: undefined })
        to.tell({ to: sandbox, message: { type: 'sandbox.close', commit, head } })
      }),
    },
    MERGE_FAILED: {
      actions: does('MERGE_FAILED', (_, { sandbox, gate, logTail, last, attempts }, to) => {
        to.set({ [`work/${sandbox}`]: undefined })
        to.tell(
          last
            ? {
                to: sandbox,
                message: { type: 'sandbox.giveUp', reason: `${gate} was red ${attempts} times.` },
              }
            : {
                to: sandbox,
                message: { type: 'sandbox.rework', reason: 'gateFailed', previous: { gate, logTail } },
              },
        )
      }),
    },
    REWORK_REQUEST: {
      actions: does('REWORK_REQUEST', (_, { sandbox, conflictFiles, note, last, attempts }, to) => {
        to.set({ [`work/${sandbox}`]: undefined })
        to.tell(
          last
            ? {
                to: sandbox,
                message: { type: 'sandbox.giveUp', reason: `It did not merge ${attempts} times.` },
              }
            : {
                to: sandbox,
                message: { type: 'sandbox.rework', reason: 'rework', previous: { conflictFiles, note } },
              },
        )
      }),
    },
    MERGE_REJECTED: {
      actions: does('MERGE_REJECTED', (_, { sandbox, reason }, to) => {
        to.set({ [`work/${sandbox}`]: undefined })
        to.tell({ to: sandbox, message: { type: 'sandbox.reject', reason } })
      }),
    },
    SESSION_DIED: {
      actions: does('SESSION_DIED', (_, { meta: _meta, type: _type, ...died }, to) =>
        to.tell({ to: DEACON, message: { type: 'RECOVERY_NEEDED', ...died } }),
      ),
    },
    WORK_STALLED: { actions: does('WORK_STALLED', workStalled) },
    WORK_GOES_ON: { actions: does('WORK_GOES_ON', workGoesOn) },
    NUDGE_OVER: { actions: does('NUDGE_OVER', nudgeOver) },
    'judgement.given': { actions: does('judgement.given', judgementGiven) },
    'witness.judge': { actions: does('witness.judge', setJudging) },
    WORK_GIVEN_BACK: { actions: does('WORK_GIVEN_BACK', givenBack) },
    'tell.refused': { actions: does('tell.refused', notIntervened) },
    '*': UNEXPECTED,
  },
})

export const witness: MachineDef = { name: 'witness', version: 4, machine, live: true }

type To = Deciding<WitnessContext>

/** Ready for the Refinery only when the branch stands where the worker said, clean, with something to land. */
function verified(context: WitnessContext, event: Event<'worktree.verified'>, to: To): void {
  const { sandbox, head, dirty, commits } = event
  const work = context[`work/${sandbox}`] as Work | undefined
  if (work === undefined) return
  const { bead, agent, branch, attempt } = work
  if (head !== work.head) {
    const message = `The branch moved from ${work.head.slice(0, 8)} to ${head.slice(0, 8)} after gt done.`
    return sendBack(context, sandbox, { code: 'BRANCH_MOVED', message }, to)
  }
  if (dirty.length > 0) {
    const message = `Not committed: ${dirty.slice(0, 5).join(', ')}.`
    return sendBack(context, sandbox, { code: 'WORKTREE_DIRTY', message }, to)
  }
  if (commits === 0) {
    return sendBack(context, sandbox, { code: 'NOTHING_TO_SUBMIT', message: 'The branch has no commit.' }, to)
  }
  to.set({ [`back/${sandbox}`]: undefined })
  to.fact({ type: 'WorkVerified', bead, agent, head })
  to.tell({
    to: refinery(context.rig, work.epic),
    message: { type: 'MERGE_READY', bead, sandbox, agent, branch, head, attempt },
  })
}

function sendBack(
  context: WitnessContext,
  sandbox: string,
  { code, message }: { code: string; message: string },
  to: To,
): void {
  const work = context[`work/${sandbox}`] as Work | undefined
  if (work === undefined) return
  const back = Number(context[`back/${sandbox}`] ?? 0) + 1
  const last = back >= SENT_BACK_MAX
  to.set({ [`work/${sandbox}`]: undefined, [`back/${sandbox}`]: last ? undefined : back })
  to.fact({ type: 'WorkNotVerified', bead: work.bead, agent: work.agent, code, message })
  if (last) {
    const reason = `Its work could not be verified ${back} times: ${message}`.slice(0, 1_900)
    to.tell({ to: sandbox, message: { type: 'sandbox.giveUp', reason } })
    return
  }
  to.tell({ to: sandbox, message: { type: 'sandbox.rework', reason: 'rework', previous: { note: message } } })
}
