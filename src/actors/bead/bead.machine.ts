// A bead: one unit of work, from made to landed. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { beadOwner, MAYOR } from '../../events/address.ts'
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

export type BeadContext = {
  id: string
  rig: string
  needs: readonly string[]
  /** Needed beads that are not closed. */
  openNeeds: readonly string[]
  /** Beads that need this one. */
  neededBy: readonly string[]
  agent: string | null
  sandbox: string | null
}

/** How many beads one bead may need. */
export const NEEDS_MAX = 200

const { does, when } = writing<BeadContext>()

const machine = setup({ types: typesOf<BeadContext>(), actions: ACTIONS }).createMachine({
  id: 'bead',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => ({
    id: input.address.slice('beads/'.length),
    rig: '',
    needs: [],
    openNeeds: [],
    neededBy: [],
    agent: null,
    sandbox: null,
  }),
  states: {
    absent: {
      on: {
        'bead.create': { target: 'open', actions: does('bead.create', create) },
        '*': {
          actions: does('bead.close', ({ id }, _, to) =>
            to.refuse('BEAD_NOT_FOUND', `There is no bead ${id}.`),
          ),
        },
      },
    },
    open: {
      on: {
        'bead.queue': [
          { guard: when('bead.queue', mustWait), actions: does('bead.queue', refuseToWait) },
          { target: 'queued', actions: does('bead.queue', queue) },
        ],
        'bead.block': { target: 'blocked', actions: does('bead.block', block) },
        'bead.defer': { target: 'deferred', actions: does('bead.defer', defer) },
        'bead.close': { target: 'closed', actions: does('bead.close', close) },
      },
    },
    queued: {
      on: {
        'bead.queue': {
          actions: does('bead.queue', ({ id }, _, to) =>
            to.refuse('BEAD_QUEUED', `${id} is in the dispatch queue already.`),
          ),
        },
        'bead.unqueue': {
          target: 'open',
          actions: does('bead.unqueue', ({ id }, { reason }, to) => {
            to.fact({ type: 'BeadUnqueued', bead: id, reason })
          }),
        },
        'bead.hook': { target: 'hooked', actions: does('bead.hook', hook) },
        'bead.close': {
          target: 'closed',
          actions: does('bead.close', (context, event, to) => {
            to.tell({
              to: MAYOR,
              message: { type: 'dispatch.withdraw', bead: context.id, reason: event.reason },
            })
            close(context, event, to)
          }),
        },
        'bead.land': {
          target: 'closed',
          actions: does('bead.land', (context, event, to) => {
            const reason = 'its work has landed'
            to.tell({ to: MAYOR, message: { type: 'dispatch.withdraw', bead: context.id, reason } })
            land(context, event, to)
          }),
        },
      },
    },
    hooked: {
      on: {
        'bead.start': { target: 'in_progress', actions: does('bead.start', start) },
        // Its worker was quicker than the news of its start.
        'bead.submit': { target: 'in_progress.submitted', actions: does('bead.submit', submit) },
        'bead.defer': { target: 'deferred', actions: does('bead.defer', defer) },
        'bead.unhook': { target: 'open', actions: does('bead.unhook', unhook) },
        'bead.block': { target: 'blocked', actions: does('bead.block', block) },
      },
    },
    in_progress: {
      initial: 'working',
      on: {
        'bead.unhook': { target: 'open', actions: does('bead.unhook', unhook) },
        'bead.block': { target: 'blocked', actions: does('bead.block', block) },
        'bead.defer': { target: 'deferred', actions: does('bead.defer', defer) },
      },
      states: {
        working: {
          on: {
            'bead.start': { actions: does('bead.start', start) },
            'bead.submit': {
              target: 'submitted',
              actions: does('bead.submit', submit),
            },
          },
        },
        submitted: {
          on: {
            'bead.test': { target: 'testing', actions: does('bead.test', test) },
            'bead.rework': { target: 'working', actions: does('bead.rework', rework) },
          },
        },
        testing: {
          on: {
            'bead.test': { actions: does('bead.test', test) },
            'bead.rework': { target: 'working', actions: does('bead.rework', rework) },
          },
        },
      },
    },
    blocked: {
      on: {
        'bead.unblock': { target: 'open', actions: does('bead.unblock', unblock) },
        // A person had the same worker try again.
        'bead.start': {
          guard: when('bead.start', ({ agent }) => agent !== null),
          target: 'in_progress',
          actions: does('bead.start', (context, event, to) => {
            to.fact({ type: 'BeadUnblocked', bead: context.id })
            start(context, event, to)
          }),
        },
        'bead.submit': {
          guard: when('bead.submit', ({ agent }) => agent !== null),
          target: 'in_progress.submitted',
          actions: does('bead.submit', (context, event, to) => {
            to.fact({ type: 'BeadUnblocked', bead: context.id })
            submit(context, event, to)
          }),
        },
        'bead.defer': { target: 'deferred', actions: does('bead.defer', defer) },
        'bead.block': { actions: does('bead.block', block) },
        'bead.queue': [
          {
            guard: when('bead.queue', ({ agent }) => agent === null),
            actions: does('bead.queue', ({ id }, _, to) =>
              to.refuse('BEAD_BLOCKED', `${id} waits for a person.`),
            ),
          },
          { actions: does('bead.queue', refuseAsHooked) },
        ],
        'bead.close': {
          target: 'closed',
          actions: does('bead.close', (context, event, to) => {
            endAssignment(context, `${context.id} was closed: ${event.reason}`, to)
            close(context, event, to)
          }),
        },
      },
    },
    deferred: {
      on: {
        'bead.queue': [
          { guard: when('bead.queue', mustWait), actions: does('bead.queue', refuseToWait) },
          { target: 'queued', actions: does('bead.queue', queue) },
        ],
        'bead.reopen': { target: 'open', actions: does('bead.reopen', reopen) },
        'bead.close': { target: 'closed', actions: does('bead.close', close) },
      },
    },
    closed: {
      on: {
        // Closed by hand while its work was under way: it is in the target all the same.
        'bead.land': { actions: does('bead.land', landed) },
        'bead.reopen': { target: 'open', actions: does('bead.reopen', reopen) },
        'bead.neededBy': {
          actions: does('bead.neededBy', (context, { bead }, to) => {
            to.set({ neededBy: [...new Set([...context.neededBy, bead])] })
            to.tell({ to: beadOwner(bead), message: { type: 'bead.needMet', need: context.id } })
          }),
        },
        'bead.queue': {
          actions: does('bead.queue', ({ id }, _, to) =>
            to.refuse('BEAD_CLOSED', `${id} is closed; open it again first (gt bead reopen ${id}).`),
          ),
        },
        'bead.close': {
          actions: does('bead.close', ({ id }, _, to) =>
            to.refuse('BEAD_CLOSED', `${id} is closed already.`),
          ),
        },
      },
    },
  },
  on: {
    'bead.create': {
      actions: does('bead.create', ({ id }, _, to) =>
        to.refuse('BEAD_EXISTS', `There is a bead ${id} already.`),
      ),
    },
    'bead.queue': { actions: does('bead.queue', refuseAsHooked) },
    'bead.reopen': {
      actions: does('bead.reopen', ({ id }, _, to) => to.refuse('BEAD_NOT_CLOSED', `${id} is not closed.`)),
    },
    // What is in the target is landed, whatever was said of the bead meanwhile.
    'bead.land': { target: '.closed', actions: does('bead.land', land) },
    'bead.close': {
      actions: does('bead.close', ({ id, agent }, _, to) =>
        to.refuse(
          'BEAD_HOOKED',
          `${id} is on the hook of ${agent ?? 'somebody'}; it closes when its work lands.`,
        ),
      ),
    },
    'bead.update': {
      actions: does('bead.update', ({ id }, { meta: _meta, type: _type, ...changed }, to) =>
        to.fact({ type: 'BeadUpdated', bead: id, ...changed }),
      ),
    },
    'bead.comment': {
      actions: does('bead.comment', ({ id }, { text }, to) =>
        to.fact({ type: 'BeadCommented', bead: id, text }),
      ),
    },
    'bead.neededBy': {
      actions: does('bead.neededBy', ({ neededBy }, { bead }, to) =>
        to.set({ neededBy: [...new Set([...neededBy, bead])] }),
      ),
    },
    'bead.unneededBy': {
      actions: does('bead.unneededBy', ({ neededBy }, { bead }, to) =>
        to.set({ neededBy: neededBy.filter((id) => id !== bead) }),
      ),
    },
    'bead.addNeed': { actions: does('bead.addNeed', addNeed) },
    'bead.dropNeed': {
      actions: does('bead.dropNeed', (context, { need }, to) => {
        if (!context.needs.includes(need)) return
        to.set({ needs: context.needs.filter((id) => id !== need) })
        to.fact({ type: 'BeadNeedDropped', bead: context.id, need })
        meet(context, need, to)
      }),
    },
    'bead.needMet': { actions: does('bead.needMet', (context, { need }, to) => meet(context, need, to)) },
    'bead.needReopened': {
      actions: does('bead.needReopened', (context, { need }, to) => {
        if (context.needs.includes(need)) waitFor(context, need, to)
      }),
    },
    '*': UNEXPECTED,
  },
})

export const bead: MachineDef = { name: 'bead', version: 1, machine, live: false }

type To = Deciding<BeadContext>

function create(context: BeadContext, event: Event<'bead.create'>, to: To): void {
  const { meta: _meta, type: _type, ...made } = event
  if (made.needs.includes(context.id))
    return to.refuse('DEPENDENCY_CYCLE', `${context.id} cannot need itself.`)
  to.set({ rig: made.rig, needs: made.needs, openNeeds: made.needs })
  to.fact({ type: 'BeadCreated', bead: context.id, ...made })
}

/** True when slinging now would mean waiting, or another rig than the bead's. */
function mustWait(context: BeadContext, event: Event<'bead.queue'>): boolean {
  return event.rig !== context.rig || (event.now && context.openNeeds.length > 0)
}

function refuseToWait({ id, rig, openNeeds }: BeadContext, event: Event<'bead.queue'>, to: To): void {
  if (event.rig !== rig) to.refuse('BEAD_OF_ANOTHER_RIG', `${id} belongs to rig ${rig}, not to ${event.rig}.`)
  else to.refuse('BEAD_BLOCKED', `${id} waits for ${openNeeds.join(', ')}.`, { needs: openNeeds })
}

function queue({ id, openNeeds }: BeadContext, { rig, meta }: Event<'bead.queue'>, to: To): void {
  const need = openNeeds[0]
  const waitingFor = need === undefined ? null : ({ kind: 'bead', id: need, since: meta.at } as const)
  to.fact({ type: 'BeadQueued', bead: id, rig, waitingFor })
  if (need === undefined) to.tell({ to: MAYOR, message: { type: 'dispatch.ready', bead: id } })
}

function hook({ id }: BeadContext, { agent, sandbox }: Event<'bead.hook'>, to: To): void {
  to.set({ agent, sandbox })
  to.fact({ type: 'BeadHooked', bead: id, agent, sandbox })
}

function unhook({ id, agent }: BeadContext, { reason }: Event<'bead.unhook'>, to: To): void {
  to.set({ agent: null, sandbox: null })
  to.fact({ type: 'BeadUnhooked', bead: id, agent: agent ?? '', reason })
}

function submit({ id, agent }: BeadContext, { head }: Event<'bead.submit'>, to: To): void {
  to.fact({ type: 'BeadSubmitted', bead: id, agent: agent ?? '', head })
}

function refuseAsHooked({ id, agent }: BeadContext, _: Event<'bead.queue'>, to: To): void {
  to.refuse('BEAD_HOOKED', `${id} is on the hook of ${agent ?? 'somebody'} already.`)
}

function start({ id, agent }: BeadContext, { session, attempt }: Event<'bead.start'>, to: To): void {
  to.fact({ type: 'BeadStarted', bead: id, agent: agent ?? '', session, attempt })
}

function test({ id }: BeadContext, { mergeRequest }: Event<'bead.test'>, to: To): void {
  to.fact({ type: 'BeadTesting', bead: id, mergeRequest })
}

function rework({ id, agent }: BeadContext, { reason }: Event<'bead.rework'>, to: To): void {
  to.fact({ type: 'BeadReworked', bead: id, agent: agent ?? '', reason })
}

function block({ id }: BeadContext, { reason }: Event<'bead.block'>, to: To): void {
  to.fact({ type: 'BeadBlocked', bead: id, reason })
}

function unblock(context: BeadContext, _: Event<'bead.unblock'>, to: To): void {
  endAssignment(context, `${context.id} was opened again for anybody`, to)
  to.set({ agent: null, sandbox: null })
  to.fact({ type: 'BeadUnblocked', bead: context.id })
}

/** The assignment that a blocked bead still has is over, so that its place is free again. */
function endAssignment({ id, sandbox }: BeadContext, why: string, to: To): void {
  if (sandbox === null) return
  to.tell({ to: MAYOR, message: { type: 'escalation.settle', bead: id, note: why.slice(0, 1_900) } })
  to.tell({ to: sandbox, message: { type: 'sandbox.giveUp', reason: why.slice(0, 1_900) } })
}

function defer({ id }: BeadContext, { reason }: Event<'bead.defer'>, to: To): void {
  to.set({ agent: null, sandbox: null })
  to.fact({ type: 'BeadDeferred', bead: id, reason })
}

function landed({ id }: BeadContext, { agent, commit, mergeRequest }: Event<'bead.land'>, to: To): void {
  to.fact({ type: 'BeadLanded', bead: id, agent, commit, mergeRequest })
}

function land(context: BeadContext, event: Event<'bead.land'>, to: To): void {
  landed(context, event, to)
  to.fact({ type: 'BeadClosed', bead: context.id, reason: 'landed' })
  releaseDependents(context, to)
}

function close(context: BeadContext, { reason }: Event<'bead.close'>, to: To): void {
  to.fact({ type: 'BeadClosed', bead: context.id, reason })
  releaseDependents(context, to)
}

function reopen(context: BeadContext, { reason }: Event<'bead.reopen'>, to: To): void {
  to.set({ agent: null, sandbox: null })
  to.fact({ type: 'BeadReopened', bead: context.id, reason })
  for (const bead of context.neededBy) {
    to.tell({ to: beadOwner(bead), message: { type: 'bead.needReopened', need: context.id } })
  }
}

function releaseDependents(context: BeadContext, to: To): void {
  for (const bead of context.neededBy) {
    to.tell({ to: beadOwner(bead), message: { type: 'bead.needMet', need: context.id } })
  }
}

function addNeed(context: BeadContext, { need }: Event<'bead.addNeed'>, to: To): void {
  if (context.needs.length >= NEEDS_MAX) {
    return to.refuse('TOO_MANY_NEEDS', `A bead may need at most ${NEEDS_MAX} others.`)
  }
  if (need === context.id) return to.refuse('DEPENDENCY_CYCLE', `${need} cannot need itself.`)
  if (context.needs.includes(need)) return
  to.set({ needs: [...context.needs, need] })
  to.fact({ type: 'BeadNeedAdded', bead: context.id, need })
  waitFor(context, need, to)
}

function waitFor(context: BeadContext, need: string, to: To): void {
  if (context.openNeeds.includes(need)) return
  const open = [...context.openNeeds, need]
  to.set({ openNeeds: open })
  to.fact({ type: 'BeadNeedsChanged', bead: context.id, open })
  to.tell({ to: MAYOR, message: { type: 'dispatch.unready', bead: context.id } })
}

/** One need fewer is open; with the last one the bead is ready. */
function meet(context: BeadContext, need: string, to: To): void {
  if (!context.openNeeds.includes(need)) return
  const open = context.openNeeds.filter((id) => id !== need)
  to.set({ openNeeds: open })
  to.fact({ type: 'BeadNeedsChanged', bead: context.id, open })
  if (open.length === 0) to.tell({ to: MAYOR, message: { type: 'dispatch.ready', bead: context.id } })
}
