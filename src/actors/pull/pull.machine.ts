// A pull request of a merge request: opened, looked at, judged. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { mergeRequestOf, refinery } from '../../events/address.ts'
import type { MessageOf } from '../../events/index.ts'
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
import { judge } from './pull.judge.ts'

/** From one look to the next, ms; it doubles up to the largest, and is short again for another commit. */
export const LOOK_MS = 30_000
export const LOOK_MS_MAX = 5 * 60_000
/** Commits that the branch may stand at. */
const PROPOSED_KEPT = 20

type PullContext = {
  pull: string
  rig: string
  mergeRequest: string
  /** What is to be shown; null before the first. */
  proposal: Omit<MessageOf<'pull.propose'>, 'type'> | null
  /** Commits that were shown, the last one last. */
  proposed: readonly string[]
  /** 0: not opened yet. */
  number: number
  /** Looks, or tries to open it, since the commit was proposed. */
  looks: number
  /** The forge asked to be left alone so long, ms. */
  pauseMs: number
  /** What it waits for, as it was said last. */
  waits: string
}

const { does, when } = writing<PullContext>()

const propose = { target: '#pull.opening', reenter: true, actions: does('pull.propose', open) } as const

const machine = setup({
  types: typesOf<PullContext>(),
  actions: ACTIONS,
  delays: {
    look: ({ context }) =>
      Math.max(context.pauseMs, Math.min(LOOK_MS * 2 ** (context.looks - 1), LOOK_MS_MAX)),
  },
}).createMachine({
  id: 'pull',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => ({
    pull: input.address,
    rig: input.address.slice(0, input.address.indexOf('/')),
    mergeRequest: mergeRequestOf(input.address),
    proposal: null,
    proposed: [],
    number: 0,
    looks: 0,
    pauseMs: 0,
    waits: '',
  }),
  states: {
    absent: {},
    opening: {
      on: {
        'pull.opened': { target: 'watching', actions: does('pull.opened', opened) },
        'pull.notOpened': { target: 'notOpened', actions: does('pull.notOpened', notOpened) },
        'effect.failed': { target: 'notOpened', actions: does('effect.failed', notOpened) },
      },
    },
    /** Tried again later. */
    notOpened: { after: { look: { target: 'opening', actions: does('pull.propose', openAgain) } } },
    watching: { after: { look: { target: 'looking', actions: does('pull.propose', look) } } },
    looking: {
      on: {
        'pull.seen': [
          { guard: when('pull.seen', is('ready')), target: 'ready', actions: does('pull.seen', tellYes) },
          { guard: when('pull.seen', is('refused')), target: 'refused', actions: does('pull.seen', tellNo) },
          { target: 'watching', actions: does('pull.seen', wait) },
        ],
        'pull.notSeen': { target: 'watching', actions: does('pull.notSeen', notSeen) },
        'effect.failed': { target: 'watching', actions: does('effect.failed', notSeen) },
      },
    },
    /** The Refinery was told, and merges it, or proposes another commit. */
    ready: {},
    refused: {},
    withdrawn: {},
    landed: { type: 'final' },
  },
  on: {
    'pull.propose': propose,
    // Nobody waits for it any more.
    'tell.refused': {},
    'pull.withdraw': { target: '.withdrawn' },
    'pull.landed': { target: '.landed' },
    '*': UNEXPECTED,
  },
})

export const pull: MachineDef = { name: 'pull', version: 2, machine, live: false }

type To = Deciding<PullContext>
type Failure = { readonly code: string; readonly message: string; readonly waitMs?: number | undefined }

const whose = ({ pull, mergeRequest, proposal }: PullContext) => ({
  pull,
  mergeRequest,
  bead: proposal?.bead ?? '',
})

const proposalOf = ({ proposal }: PullContext) => proposal as NonNullable<PullContext['proposal']>

function open(context: PullContext, event: Event<'pull.propose'>, to: To): void {
  const { meta: _meta, type: _type, ...proposal } = event
  const { commit } = proposal
  const proposed = [...context.proposed.filter((one) => one !== commit), commit].slice(-PROPOSED_KEPT)
  // Shown before, and not merged: it is looked at as rarely as it was.
  const looks = context.proposal?.commit === commit ? context.looks : 0
  to.set({ proposal, proposed, looks, pauseMs: 0, waits: '' })
  ask({ ...context, proposal, proposed }, to)
}

function openAgain(context: PullContext, _: unknown, to: To): void {
  ask(context, to)
}

function ask(context: PullContext, to: To): void {
  const { mergeRequest, bead, remote, target, base, commit, results, revert } = proposalOf(context)
  const replaces = [...context.proposed]
  to.effect('pull.open', {
    rig: context.rig,
    mergeRequest,
    remote,
    target,
    bead,
    base,
    commit,
    replaces,
    results: [...results],
    ...(revert && { revert }),
  })
}

function opened(context: PullContext, { number, url }: Event<'pull.opened'>, to: To): void {
  const { commit } = proposalOf(context)
  to.set({ number, looks: context.looks + 1, pauseMs: 0 })
  to.fact({ type: 'PullOpened', ...whose(context), number, url, commit })
  const message = `pull request ${number} is open: ${url}`.slice(0, 1_900)
  to.tell({ to: context.mergeRequest, message: { type: 'mr.wait', code: 'PULL_OPEN', message } })
}

function notOpened(context: PullContext, failure: Failure, to: To): void {
  const { code, message } = later(context, failure, to)
  if (isSaid(context, failure)) return
  to.set({ waits: `${code} ${message}` })
  to.fact({ type: 'PullNotOpened', ...whose(context), code, message })
  to.tell({ to: context.mergeRequest, message: { type: 'mr.wait', code, message } })
}

function look(context: PullContext, _: unknown, to: To): void {
  const { mergeRequest, remote, target } = proposalOf(context)
  to.effect('pull.look', { rig: context.rig, mergeRequest, remote, target, number: context.number })
}

function is(kind: ReturnType<typeof judge>['kind']) {
  return (context: PullContext, { seen }: Event<'pull.seen'>): boolean =>
    judge(seen, proposalOf(context)).kind === kind
}

function tellYes(context: PullContext, { seen }: Event<'pull.seen'>, to: To): void {
  const verdict = judge(seen, proposalOf(context))
  if (verdict.kind === 'ready') tell(context, { ok: true, what: 'pull request', said: verdict.said }, to)
}

function tellNo(context: PullContext, { seen }: Event<'pull.seen'>, to: To): void {
  const verdict = judge(seen, proposalOf(context))
  if (verdict.kind === 'refused') tell(context, { ok: false, what: verdict.what, said: verdict.said }, to)
}

function tell(
  context: PullContext,
  judged: { readonly ok: boolean; readonly what: string; readonly said: string },
  to: To,
): void {
  const { pull, number, rig } = context
  const { commit } = proposalOf(context)
  to.fact({ type: 'PullJudged', ...whose(context), number, commit, ...judged })
  to.tell({ to: refinery(rig), message: { type: 'pull.judged', pull, commit, number, ...judged } })
}

function wait(context: PullContext, { seen }: Event<'pull.seen'>, to: To): void {
  const verdict = judge(seen, proposalOf(context))
  if (verdict.kind === 'waits') sayWait(context, verdict, to)
}

function notSeen(context: PullContext, failure: Failure, to: To): void {
  sayWait(context, failure, to)
}

/** Each reason is told once. */
function sayWait(context: PullContext, failure: Failure, to: To): void {
  const { code, message } = later(context, failure, to)
  if (isSaid(context, failure)) return
  to.set({ waits: `${code} ${message}` })
  const { number } = context
  to.fact({ type: 'PullWaits', ...whose(context), number, code, message })
  to.tell({
    to: context.mergeRequest,
    message: { type: 'mr.wait', code, message: `pull request ${number}: ${message}`.slice(0, 9_000) },
  })
}

const isSaid = ({ waits }: PullContext, { code, message }: Failure): boolean => waits === `${code} ${message}`

function later({ looks }: PullContext, { code, message, waitMs = 0 }: Failure, to: To): Failure {
  to.set({ looks: looks + 1, pauseMs: waitMs })
  return { code, message }
}
