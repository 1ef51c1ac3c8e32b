// A merge request: one assignment's work on its way to the target. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import type { GateResultData } from '../../events/define.ts'
import type { Resolved } from '../../events/landing.ts'
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

type MergeRequestContext = {
  mergeRequest: string
  bead: string
  agent: string
  attempts: number
  base: string
  /** Gate results of the tree that is about to land. */
  results: readonly GateResultData[]
  /** What they ran on, when that is the commit above it in a stack. */
  tested: { readonly commit: string; readonly tree: string } | null
  /** What settled its conflicts, where it had any. */
  resolved: Resolved | null
}

const { does } = writing<MergeRequestContext>()

const submit = { target: 'queued', actions: does('mr.submit', note) } as const
const wait = {
  actions: does('mr.wait', ({ mergeRequest, bead }, { code, message }, to) =>
    to.fact({ type: 'MergeWaiting', mergeRequest, bead, code, message }),
  ),
}
const requeue = {
  target: 'queued',
  actions: does('mr.requeue', ({ mergeRequest, bead }, { reason }, to) =>
    to.fact({ type: 'MergeRequeued', mergeRequest, bead, reason }),
  ),
} as const
const build = {
  target: 'building',
  actions: does('mr.build', ({ mergeRequest, bead }, _, to) =>
    to.fact({ type: 'MergeBuilding', mergeRequest, bead }),
  ),
} as const

/** Taken out of the queue for good. */
const out = {
  'mr.reject': {
    target: 'rejected',
    actions: does('mr.reject', ({ mergeRequest, bead, agent }, { reason }, to) =>
      to.fact({ type: 'MergeRejected', mergeRequest, bead, agent, reason }),
    ),
  },
  'mr.supersede': {
    target: 'superseded',
    actions: does('mr.supersede', ({ mergeRequest, bead }, { by }, to) =>
      to.fact({ type: 'MergeSuperseded', mergeRequest, bead, by }),
    ),
  },
} as const

const machine = setup({ types: typesOf<MergeRequestContext>(), actions: ACTIONS }).createMachine({
  id: 'mergeRequest',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => ({
    mergeRequest: input.address,
    bead: '',
    agent: '',
    attempts: 0,
    base: '',
    results: [],
    tested: null,
    resolved: null,
  }),
  states: {
    absent: { on: { 'mr.submit': submit } },
    queued: {
      on: { ...out, 'mr.submit': submit, 'mr.build': build, 'mr.wait': wait, 'mr.requeue': requeue },
    },
    building: {
      on: {
        ...out,
        'mr.test': { target: 'testing', actions: does('mr.test', test) },
        'mr.conflict': {
          target: 'conflicted',
          actions: does('mr.conflict', ({ mergeRequest, bead, agent }, { files }, to) =>
            to.fact({ type: 'MergeConflicted', mergeRequest, bead, agent, files }),
          ),
        },
        'mr.wait': wait,
        'mr.build': build,
        // It does not fit onto those that are built below it.
        'mr.requeue': requeue,
      },
    },
    testing: {
      on: {
        ...out,
        'mr.push': {
          target: 'landing',
          actions: does('mr.push', ({ mergeRequest, bead }, { results, tested = null }, to) => {
            to.set({ results, tested })
            to.fact({ type: 'MergeLanding', mergeRequest, bead, results })
          }),
        },
        'mr.fail': {
          target: 'failed',
          actions: does('mr.fail', ({ mergeRequest, bead, agent }, { gate, message, results }, to) =>
            to.fact({ type: 'MergeFailed', mergeRequest, bead, agent, gate, message, results }),
          ),
        },
        // Its base is red by itself.
        'mr.requeue': requeue,
        'mr.wait': wait,
        'mr.build': build,
      },
    },
    landing: {
      on: {
        ...out,
        'mr.land': { target: 'landed', actions: does('mr.land', land) },
        'mr.requeue': requeue,
        'mr.resume': {
          actions: does('mr.resume', ({ mergeRequest, bead, results }, _, to) =>
            to.fact({ type: 'MergeLanding', mergeRequest, bead, results: [...results] }),
          ),
        },
        'mr.wait': wait,
        'mr.build': build,
      },
    },
    /** Sent back to the worker; the next submission makes it queued again. */
    conflicted: { on: { 'mr.submit': submit } },
    failed: { on: { 'mr.submit': submit } },
    landed: { type: 'final' },
    rejected: { type: 'final' },
    superseded: { type: 'final' },
  },
  on: { '*': UNEXPECTED },
})

export const mergeRequest: MachineDef = { name: 'mergeRequest', version: 4, machine, live: false }

type To = Deciding<MergeRequestContext>

function note(context: MergeRequestContext, event: Event<'mr.submit'>, to: To): void {
  const { meta: _meta, type: _type, ...work } = event
  to.set({ bead: work.bead, agent: work.agent, attempts: context.attempts + 1, results: [] })
  to.fact({ type: 'MergeRequested', mergeRequest: context.mergeRequest, ...work })
}

function test({ mergeRequest, bead }: MergeRequestContext, event: Event<'mr.test'>, to: To): void {
  const { commit, tree, base, resolved = null } = event
  to.set({ base, resolved })
  const how = resolved === null ? {} : { resolved }
  to.fact({ type: 'MergeTesting', mergeRequest, bead, commit, tree, base, ...how })
}

function land(context: MergeRequestContext, event: Event<'mr.land'>, to: To): void {
  const { mergeRequest, bead, agent, attempts, base, results, tested, resolved } = context
  const { commit, tree, patchId, proof, lines, meta } = event
  to.fact({
    type: 'MergeLanded',
    mergeRequest,
    bead,
    agent,
    attempts,
    receipt: {
      commit,
      tree,
      base,
      gates: [...results],
      patchProof: proof,
      patchId,
      landedAt: meta.at,
      ...(lines && { lines }),
      ...(tested !== null && { tested: { ...tested } }),
      ...(resolved !== null && { resolved }),
    },
  })
}
