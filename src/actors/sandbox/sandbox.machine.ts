// A sandbox: one assignment of a polecat, with its worktree, its branch and its attempts. Rules: SPEC.md.

import { setup } from 'xstate'
import { beadOwner, DEACON, lastPart, MAYOR, sessionOf, witness, workerOf } from '../../events/address.ts'
import type { AttemptReason, Previous } from '../../events/define.ts'
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

type SandboxContext = {
  sandbox: string
  agent: string
  rig: string
  bead: string
  branch: string
  path: string
  base: string
  preset: string | null
  attempt: number
  /** Why the present attempt began, and what it should know of the one before. */
  reason: AttemptReason
  previous: Previous
  /** The session of the present attempt while it lives. */
  session: string | null
  sessions: number
  /** What was submitted last. */
  head: string
  /** Commit on the target that has the work. */
  landed: string
  waitMs: number
  note: string
}

const { does, when } = writing<SandboxContext>()

const current = (
  type: 'sandbox.done' | 'sandbox.giveBack' | 'sandbox.sessionEnded' | 'sandbox.sessionStarted',
) => when(type, ({ session }, event) => session === event.session)

/** Said by, or of, a session that this assignment no longer knows. */
const over = {
  actions: does('sandbox.done', ({ sandbox }, _, to) =>
    to.refuse('ASSIGNMENT_OVER', `The session that says so no longer works in ${sandbox}.`),
  ),
}

const machine = setup({
  types: typesOf<SandboxContext>(),
  actions: ACTIONS,
  delays: { cooldown: ({ context }) => context.waitMs },
}).createMachine({
  id: 'sandbox',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => ({
    sandbox: input.address,
    agent: workerOf(input.address)?.agent ?? '',
    rig: workerOf(input.address)?.rig ?? '',
    bead: '',
    branch: '',
    path: '',
    base: '',
    preset: null,
    attempt: 0,
    reason: 'first',
    previous: {},
    session: null,
    sessions: 0,
    head: '',
    landed: '',
    waitMs: 0,
    note: '',
  }),
  states: {
    absent: { on: { 'sandbox.open': { target: 'preparing', actions: does('sandbox.open', open) } } },

    preparing: {
      on: {
        'worktree.added': {
          target: 'working',
          actions: does('worktree.added', (context, { base, head, path }, to) => {
            const { sandbox, branch } = context
            to.set({ base, path, head })
            to.fact({ type: 'WorktreeAdded', sandbox, path, branch, base })
            begin({ ...context, base, path }, 'first', {}, to)
          }),
        },
        'worktree.notAdded': { target: 'failed', actions: does('worktree.notAdded', fail) },
        'effect.failed': { target: 'failed', actions: does('effect.failed', fail) },
      },
    },

    working: {
      on: {
        'sandbox.sessionStarted': {
          guard: current('sandbox.sessionStarted'),
          actions: does('sandbox.sessionStarted', ({ bead, attempt }, { session }, to) =>
            to.tell({ to: beadOwner(bead), message: { type: 'bead.start', session, attempt } }),
          ),
        },
        'sandbox.done': [
          { guard: current('sandbox.done'), target: 'submitted', actions: does('sandbox.done', submit) },
          over,
        ],
        'sandbox.giveBack': [
          {
            guard: when(
              'sandbox.giveBack',
              ({ session }, event) => session === event.session && event.status === 'ESCALATED',
            ),
            target: 'parked',
            actions: does('sandbox.giveBack', (context, { note }, to) =>
              park(context, note, 'ESCALATED', to),
            ),
          },
          {
            guard: current('sandbox.giveBack'),
            target: 'deferring',
            actions: does('sandbox.giveBack', (_, { note }, to) => to.set({ note })),
          },
          over,
        ],
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          target: 'stalled',
          actions: does('sandbox.sessionEnded', askRecovery),
        },
        'sandbox.pause': {
          target: 'paused',
          actions: does('sandbox.pause', ({ sandbox, bead, session }, _, to) => {
            to.fact({ type: 'SandboxPaused', sandbox, bead })
            if (session === null) return
            to.tell({ to: session, message: { type: 'session.stop', reason: 'the town goes down' } })
          }),
        },
      },
    },

    /** The town is down, or was when its session ended. */
    paused: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          actions: does('sandbox.sessionEnded', (_, __, to) => to.set({ session: null })),
        },
        'sandbox.done': over,
        'sandbox.resume': [
          {
            guard: when('sandbox.resume', ({ session }) => session === null),
            target: 'working',
            actions: does('sandbox.resume', (context, _, to) =>
              begin(context, 'handoff', afterPause(context), to),
            ),
          },
          {
            // The town was back before the old session had ended.
            target: 'reworking',
            actions: does('sandbox.resume', (context, _, to) =>
              to.set({ reason: 'handoff', previous: afterPause(context) }),
            ),
          },
        ],
      },
    },

    /** The session died before it was done; the Deacon says whether and when to begin again. */
    stalled: {
      on: {
        'sandbox.recover': [
          {
            guard: when('sandbox.recover', (_, { waitMs }) => waitMs === 0),
            target: 'working',
            actions: does('sandbox.recover', recover),
          },
          {
            target: 'cooling',
            actions: does('sandbox.recover', ({ sandbox, bead }, { waitMs }, to) => {
              to.set({ waitMs })
              to.fact({ type: 'RecoveryScheduled', sandbox, bead, waitMs })
            }),
          },
        ],
        'sandbox.giveUp': { target: 'parked', actions: does('sandbox.giveUp', giveUp) },
      },
    },

    cooling: {
      after: { cooldown: { target: 'working', actions: does('sandbox.recover', recover) } },
      on: { 'sandbox.retry': { target: 'working', actions: does('sandbox.retry', recover) } },
    },

    /** With the Witness and the Refinery. */
    submitted: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          actions: does('sandbox.sessionEnded', (_, __, to) => to.set({ session: null })),
        },
        'sandbox.rework': [
          {
            guard: when('sandbox.rework', ({ session }) => session === null),
            target: 'working',
            actions: does('sandbox.rework', rework),
          },
          { target: 'reworking', actions: does('sandbox.rework', noteRework) },
        ],
        'sandbox.giveUp': { target: 'parked', actions: does('sandbox.giveUp', giveUp) },
        'sandbox.close': [
          {
            guard: when('sandbox.close', ({ session }) => session === null),
            target: 'removing',
            actions: does('sandbox.close', (context, event, to) =>
              remove({ ...context, landed: event.commit }, to),
            ),
          },
          {
            target: 'closing',
            actions: does('sandbox.close', (_, { commit }, to) => to.set({ landed: commit })),
          },
        ],
      },
    },

    /** To be worked on again, once the session before has ended. */
    reworking: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          target: 'working',
          actions: does('sandbox.sessionEnded', (context, _, to) =>
            begin(context, context.reason, context.previous, to),
          ),
        },
      },
    },

    /** Landed; the worktree goes once the session has ended. */
    closing: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          target: 'removing',
          actions: does('sandbox.sessionEnded', (context, _, to) => remove(context, to)),
        },
      },
    },

    removing: {
      on: {
        'worktree.removed': {
          target: 'removed',
          actions: does('worktree.removed', (context, { checkpoint }, to) => {
            to.fact({ type: 'WorktreeRemoved', sandbox: context.sandbox, checkpoint })
            release(context, 'landed', to)
          }),
        },
        'worktree.kept': { target: 'kept', actions: does('worktree.kept', keep) },
        'effect.failed': { target: 'kept', actions: does('effect.failed', keep) },
      },
    },

    /** Waits for a person; the worktree stays, and so does the hook. */
    parked: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          actions: does('sandbox.sessionEnded', (_, __, to) => to.set({ session: null })),
        },
        'sandbox.retry': [
          {
            guard: when('sandbox.retry', ({ session }) => session === null),
            target: 'working',
            actions: does('sandbox.retry', (context, _, to) => {
              const { bead, previous, note } = context
              to.tell({ to: MAYOR, message: { type: 'escalation.settle', bead, note: 'begun again' } })
              begin(context, 'handoff', { ...previous, note }, to)
            }),
          },
          {
            actions: does('sandbox.retry', ({ agent }, _, to) =>
              to.refuse('SESSION_STILL_ENDING', `The last session of ${agent} has not ended yet; try again.`),
            ),
          },
        ],
        // The bead needs this assignment no more.
        'sandbox.giveUp': [
          {
            guard: when('sandbox.giveUp', ({ session }) => session === null),
            target: 'kept',
            actions: does('sandbox.giveUp', (context, { reason }, to) => withdraw(context, reason, to)),
          },
          {
            target: 'withdrawing',
            actions: does('sandbox.giveUp', (_, { reason }, to) => to.set({ note: reason })),
          },
        ],
      },
    },

    /** Handed back by the worker; over once its session has ended, so that nobody works under one name twice. */
    deferring: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          target: 'kept',
          actions: does('sandbox.sessionEnded', (context, _, to) => defer(context, to)),
        },
      },
    },

    /** Not needed any more; over once its session has ended. */
    withdrawing: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          target: 'kept',
          actions: does('sandbox.sessionEnded', (context, _, to) => withdraw(context, context.note, to)),
        },
      },
    },

    removed: { type: 'final' },
    /** The assignment is over, and its worktree and branch stay where they are. */
    kept: { type: 'final' },
    failed: { type: 'final' },
  },
  on: {
    'sandbox.done': over,
    'sandbox.giveBack': over,
    // It said `gt done` before the news of its start arrived, or is of the past.
    'sandbox.sessionStarted': {},
    '*': UNEXPECTED,
  },
})

export const sandbox: MachineDef = { name: 'sandbox', version: 1, machine, live: false }

type To = Deciding<SandboxContext>

function open(context: SandboxContext, { bead, preset }: Event<'sandbox.open'>, to: To): void {
  const { sandbox, agent, rig } = context
  const branch = `polecat/${lastPart(agent)}/${bead}.${lastPart(sandbox)}`
  to.set({ bead, preset, branch })
  to.fact({ type: 'SandboxOpened', sandbox, agent, bead, branch })
  to.effect('worktree.add', { rig, sandbox, bead, branch })
}

/** Begins the next attempt: the same worktree, a session and a token of its own. */
function begin(context: SandboxContext, reason: AttemptReason, previous: Previous, to: To): void {
  const attempt = context.attempt + 1
  const sessions = context.sessions + 1
  const session = sessionOf(context.sandbox, sessions)
  const { sandbox, bead, agent, path, branch, base, preset } = context
  to.set({ attempt, sessions, session, reason, previous })
  to.fact({ type: 'AttemptBegun', sandbox, bead, agent, attempt, reason })
  to.tell({
    to: session,
    message: { type: 'session.open', bead, worktree: path, branch, base, preset, attempt, reason },
  })
}

function submit(context: SandboxContext, { head, commits }: Event<'sandbox.done'>, to: To): void {
  const { sandbox, bead, agent, branch, path, attempt, rig } = context
  to.set({ head })
  to.fact({ type: 'WorkSubmitted', sandbox, bead, agent, head, commits, attempt })
  to.tell({ to: beadOwner(bead), message: { type: 'bead.submit', head } })
  to.tell({
    to: witness(rig),
    message: { type: 'POLECAT_DONE', bead, sandbox, agent, branch, head, worktree: path, attempt },
  })
}

function askRecovery(context: SandboxContext, { ending }: Event<'sandbox.sessionEnded'>, to: To): void {
  const { sandbox, bead, agent, rig } = context
  const reason = endingInWords(ending)
  to.set({ session: null })
  to.fact({ type: 'RecoveryAsked', sandbox, bead, agent, reason })
  to.tell({ to: witness(rig), message: { type: 'SESSION_DIED', bead, sandbox, agent, reason } })
}

function endingInWords(ending: Event<'sandbox.sessionEnded'>['ending']): string {
  switch (ending.kind) {
    case 'exited':
      return `its program ended with exit code ${ending.exitCode} before it was done`
    case 'killed':
      return `its program was killed by ${ending.signal}`
    case 'notStarted':
      return `its program could not be started: ${ending.message}`.slice(0, 1_900)
    case 'lost':
      return 'nobody saw its program end'
  }
}

const afterPause = ({ previous }: SandboxContext): Previous => ({
  ...previous,
  note: 'The town was down for a while.',
})

function recover(context: SandboxContext, _: unknown, to: To): void {
  begin(context, 'recovered', context.previous, to)
}

function rework(context: SandboxContext, { reason, previous }: Event<'sandbox.rework'>, to: To): void {
  tellRework(context, reason, to)
  begin(context, reason, previous, to)
}

function noteRework(context: SandboxContext, { reason, previous }: Event<'sandbox.rework'>, to: To): void {
  tellRework(context, reason, to)
  to.set({ reason, previous })
}

function tellRework({ bead }: SandboxContext, reason: AttemptReason, to: To): void {
  to.tell({ to: beadOwner(bead), message: { type: 'bead.rework', reason } })
}

function giveUp(context: SandboxContext, { reason }: Event<'sandbox.giveUp'>, to: To): void {
  park(context, reason, 'GAVE_UP', to)
}

function park(context: SandboxContext, reason: string, code: string, to: To): void {
  const { sandbox, bead, agent } = context
  const note = reason === '' ? 'The worker asks for a person.' : reason.slice(0, 1_900)
  to.set({ note })
  to.fact({ type: 'SandboxParked', sandbox, bead, reason: note })
  to.tell({ to: beadOwner(bead), message: { type: 'bead.block', reason: note } })
  to.tell({ to: MAYOR, message: { type: 'escalation.raise', bead, agent, code, reason: note } })
}

function defer(context: SandboxContext, to: To): void {
  to.tell({ to: beadOwner(context.bead), message: { type: 'bead.defer', reason: context.note } })
  release(context, 'withdrawn', to)
}

function fail(context: SandboxContext, { code, message }: { code: string; message: string }, to: To): void {
  const { sandbox, bead, agent } = context
  const reason = `The worktree could not be made: ${message}`.slice(0, 1_900)
  to.fact({ type: 'WorktreeFailed', sandbox, bead, code, message })
  to.tell({ to: beadOwner(bead), message: { type: 'bead.unhook', reason } })
  to.tell({ to: MAYOR, message: { type: 'escalation.raise', bead, agent, code, reason } })
  release(context, 'failed', to)
}

function remove(context: SandboxContext, to: To): void {
  const { rig, sandbox, path, branch, head, landed } = context
  to.set({ session: null, landed })
  to.effect('worktree.remove', { rig, sandbox, path, branch, head, landed })
}

function keep(context: SandboxContext, { code, message }: { code: string; message: string }, to: To): void {
  const { sandbox, bead, agent } = context
  to.fact({ type: 'WorktreeKept', sandbox, code, message })
  const reason = `Its worktree was kept: ${message}`.slice(0, 1_900)
  to.tell({ to: MAYOR, message: { type: 'escalation.raise', bead, agent, code, reason } })
  release(context, 'landed', to)
}

function withdraw(context: SandboxContext, message: string, to: To): void {
  to.fact({ type: 'WorktreeKept', sandbox: context.sandbox, code: 'WITHDRAWN', message })
  release(context, 'withdrawn', to)
}

function release({ agent, bead }: SandboxContext, outcome: 'landed' | 'failed' | 'withdrawn', to: To): void {
  to.tell({ to: agent, message: { type: 'polecat.release', bead, outcome } })
  to.tell({ to: DEACON, message: { type: 'deacon.forget', bead } })
}
