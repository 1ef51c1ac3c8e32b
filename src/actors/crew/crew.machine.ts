// A crew member: a workplace of a person's own, with one session at a time. Rules: SPEC.md beside this file.
//
// The Mayor's desk is one as well, without a rig and without a worktree: it is there from the start.

import { setup } from 'xstate'
import { agentOf, crewSessionOf, DESK, rigOf } from '../../events/address.ts'
import type { PauseReason } from '../../events/budget.ts'
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

type CrewContext = {
  keeper: string
  agent: string
  rig: string | null
  branch: string
  path: string
  base: string | null
  /** Kind of agent that it was started with last; null: the default. */
  preset: string | null
  /** The session that lives. */
  session: string | null
  sessions: number
  /** The runtime's id of the last conversation, when it can go on from there. */
  resume: string | null
  /** A person wants it to run. */
  wanted: boolean
  /** Why it may not run now; empty when it may. */
  held: readonly PauseReason[]
}

type To = Deciding<CrewContext>

const { does, when } = writing<CrewContext>()

const isDesk = when('crew.start', ({ keeper }) => keeper === DESK)
const current = when('crew.sessionEnded', ({ session }, event) => session === event.session)

const holding = {
  'crew.pause': { actions: does('crew.pause', hold) },
  'crew.resume': { actions: does('crew.resume', letGo) },
}

const notAdded = (type: 'worktree.notAdded' | 'effect.failed') => ({
  target: 'absent',
  actions: does(type, ({ agent }, { code, message }, to) =>
    to.fact({ type: 'CrewNotAdded', agent, code, message }),
  ),
})

const machine = setup({ types: typesOf<CrewContext>(), actions: ACTIONS }).createMachine({
  id: 'crew',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => ({
    keeper: input.address,
    agent: agentOf(input.address) ?? '',
    rig: rigOf(input.address),
    branch: '',
    path: '',
    base: null,
    preset: null,
    session: null,
    sessions: 0,
    resume: null,
    wanted: false,
    held: [],
  }),
  states: {
    absent: {
      on: {
        'crew.add': { target: 'preparing', actions: does('crew.add', add) },
        'crew.start': [
          { guard: isDesk, target: 'idle', actions: does('crew.start', want) },
          {
            actions: does('crew.start', ({ agent }, _, to) =>
              to.refuse('CREW_NOT_FOUND', `There is no crew member ${agent}.`),
            ),
          },
        ],
      },
    },

    preparing: {
      on: {
        'worktree.added': {
          target: 'idle',
          actions: does('worktree.added', ({ agent, branch }, { path, base }, to) => {
            to.set({ path, base })
            to.fact({ type: 'CrewReady', agent, path, branch, base })
          }),
        },
        'worktree.notAdded': notAdded('worktree.notAdded'),
        'effect.failed': notAdded('effect.failed'),
      },
    },

    /** No session. One that is wanted begins as soon as nothing holds it. */
    idle: {
      always: {
        guard: ({ context }) => context.wanted && context.held.length === 0,
        target: 'working',
        actions: does('crew.start', begin),
      },
      on: {
        'crew.start': [
          {
            guard: when('crew.start', ({ held }) => held.length > 0),
            actions: does('crew.start', ({ agent, held }, _, to) =>
              to.refuse('STOPPED', `${agent} may not start now: ${WHY[held[0] ?? 'town']}.`),
            ),
          },
          { actions: does('crew.start', want) },
        ],
        'crew.stop': [
          // Held, and to go on afterwards: not any more.
          { guard: when('crew.stop', ({ wanted }) => wanted), actions: does('crew.stop', unwant) },
          {
            actions: does('crew.stop', ({ agent }, _, to) =>
              to.refuse('AGENT_HAS_NO_SESSION', `${agent} does not run now.`),
            ),
          },
        ],
        ...holding,
      },
    },

    working: {
      on: {
        'crew.start': {
          actions: does('crew.start', ({ agent }, _, to) =>
            to.refuse('CREW_AT_WORK', `${agent} runs already.`),
          ),
        },
        'crew.stop': {
          target: 'ending',
          actions: does('crew.stop', (context, event, to) => {
            unwant(context, event, to)
            end(context, event, to)
          }),
        },
        'crew.pause': {
          target: 'ending',
          actions: does('crew.pause', (context, event, to) => {
            const { reason, graceMs } = event
            hold(context, event, to)
            to.fact({ type: 'CrewPaused', agent: context.agent, reason })
            end(context, { reason: WHY[reason], graceMs }, to)
          }),
        },
        'crew.sessionEnded': {
          guard: current,
          target: 'idle',
          actions: does('crew.sessionEnded', (context, event, to) => {
            to.set({ wanted: false })
            left(context, event, to)
          }),
        },
      },
    },

    /** Its session was told to end. */
    ending: {
      on: {
        'crew.sessionEnded': { guard: current, target: 'idle', actions: does('crew.sessionEnded', left) },
        // Wanted again before the old session is gone.
        'crew.start': { actions: does('crew.start', want) },
        'crew.stop': { actions: does('crew.stop', unwant) },
        ...holding,
      },
    },
  },
  on: {
    'crew.add': {
      actions: does('crew.add', ({ agent }, _, to) => to.refuse('CREW_EXISTS', `${agent} is there already.`)),
    },
    '*': UNEXPECTED,
  },
})

export const crew: MachineDef = { name: 'crew', version: 1, machine, live: false }

const WHY: Readonly<Record<PauseReason, string>> = {
  town: 'the town goes down',
  estop: 'everybody is stopped',
  budget: 'a budget is used up',
  person: 'a person stopped it',
}

function add({ agent, keeper, rig }: CrewContext, { branch }: Event<'crew.add'>, to: To): void {
  if (rig === null) return to.refuse('CREW_EXISTS', `${agent} is there already.`)
  to.set({ branch })
  to.fact({ type: 'CrewAdded', agent, rig, branch })
  to.effect('worktree.add', { rig, sandbox: keeper, bead: null, branch })
}

/** Another kind of agent cannot go on with the conversation of this one. */
function want(context: CrewContext, { preset, fresh, path }: Event<'crew.start'>, to: To): void {
  const goesOn = !fresh && (context.sessions === 0 || preset === context.preset)
  to.set({
    preset,
    wanted: true,
    resume: goesOn ? context.resume : null,
    ...(path === null ? {} : { path }),
  })
}

function unwant(_: CrewContext, __: unknown, to: To): void {
  to.set({ wanted: false })
}

function begin({ keeper, path, branch, base, preset, resume, ...context }: CrewContext, _: unknown, to: To) {
  const sessions = context.sessions + 1
  const session = crewSessionOf(keeper, sessions)
  to.set({ sessions, session, resume: null })
  to.tell({
    to: session,
    message: {
      type: 'session.open',
      bead: null,
      worktree: path,
      branch,
      base,
      preset,
      attempt: sessions,
      reason: resume === null ? 'first' : 'handoff',
      resume,
    },
  })
}

function end(
  { session }: CrewContext,
  { reason, graceMs }: { reason: string; graceMs?: number | undefined },
  to: To,
): void {
  if (session === null) return
  const message = { type: 'session.stop', reason } as const
  to.tell({ to: session, message: graceMs === undefined ? message : { ...message, graceMs } })
}

function left(_: CrewContext, { resume }: Event<'crew.sessionEnded'>, to: To): void {
  to.set({ session: null, resume: resume ?? null })
}

function hold({ held }: CrewContext, { reason }: Event<'crew.pause'>, to: To): void {
  if (!held.includes(reason)) to.set({ held: [...held, reason] })
}

function letGo({ held }: CrewContext, { reason }: Event<'crew.resume'>, to: To): void {
  if (held.includes(reason)) to.set({ held: held.filter((each) => each !== reason) })
}
