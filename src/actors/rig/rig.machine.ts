// A rig (project): where its work comes from and lands, and how it is set. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { MAYOR, refinery, rigOwner } from '../../events/address.ts'
import type { Resumption } from '../../events/fork.ts'
import {
  commandGates,
  GATE_TIMEOUT_MS,
  gatesIn,
  isApproval,
  isReview,
  reviewSpecOf,
} from '../../events/gate-settings.ts'
import type { MessageOf } from '../../events/index.ts'
import type { ApprovalSpec } from '../../events/landing.ts'
import { landingOf, RESOLVE_DEFAULT, type Resolve } from '../../events/landing-settings.ts'
import type { Json } from '../../events/record.ts'
import {
  ATTEMPTS_DEFAULT,
  BATCH_DEFAULT,
  ORDER_DEFAULT,
  type PermissionRule,
  PLACES_DEFAULT,
} from '../../events/settings.ts'
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

type Settings = { readonly [key: string]: Json }
type RigContext = {
  rig: string
  prefix: string
  remote: Remote
  source: string | null
  target: string
  settings: Settings
  /** Nothing new begins in it, for this reason; null when something may. */
  parked: { readonly since: string; readonly reason: string } | null
  /** Of a fork: where its parent's rig lands, and what it was made of. null when it lands there itself. */
  apart: { readonly remote: Remote; readonly source: string | null } | null
  /** Integration branches, by their epics. */
  branches: { readonly [epic: string]: string }
  /** What its owners had asked for when the town was forked. */
  resumptions: readonly Resumption[]
}
type Remote = { readonly kind: 'origin' | 'local'; readonly url: string }

const { does, when } = writing<RigContext>()

/** Nobody is told of a rig that has no clone yet: places would be given for work that cannot begin. */
const setOnly = {
  actions: does('rig.set', (context, event, to) => {
    set(context, event, to)
  }),
}

const machine = setup({ types: typesOf<RigContext>(), actions: ACTIONS }).createMachine({
  id: 'rig',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => ({
    rig: input.address.slice(rigOwner('').length),
    prefix: '',
    remote: { kind: 'origin', url: '' },
    source: null,
    target: '',
    settings: {},
    parked: null,
    apart: null,
    branches: {},
    resumptions: [],
  }),
  states: {
    absent: {
      on: {
        'rig.add': { target: 'cloning', actions: does('rig.add', add) },
        '*': {
          actions: does('rig.set', ({ rig }, _, to) => to.refuse('RIG_NOT_FOUND', `There is no rig ${rig}.`)),
        },
      },
    },
    cloning: {
      on: {
        'rig.cloned': {
          target: 'active',
          actions: does('rig.cloned', (context, { head }, to) => {
            to.fact({ type: 'RigReady', rig: context.rig, head })
            tellAll(context, context.settings, to)
          }),
        },
        'rig.notCloned': { target: 'failed', actions: does('rig.notCloned', fail) },
        'effect.failed': { target: 'failed', actions: does('effect.failed', fail) },
        'rig.set': setOnly,
        'rig.forked': { target: 'failed', actions: does('rig.forked', lose) },
      },
    },
    active: {
      on: {
        'rig.forked': [
          {
            guard: when('rig.forked', (_, { remote }) => remote !== null),
            actions: does('rig.forked', fork),
          },
          { target: 'failed', actions: does('rig.forked', lose) },
        ],
        'rig.park': [
          {
            guard: when('rig.park', ({ parked }) => parked !== null),
            actions: does('rig.park', ({ rig }, _, to) =>
              to.refuse('RIG_PARKED', `The rig ${rig} is parked already.`),
            ),
          },
          {
            actions: does('rig.park', (context, { reason, meta }, to) => park(context, reason, meta.at, to)),
          },
        ],
        'rig.unpark': [
          { guard: when('rig.unpark', ({ parked }) => parked !== null), actions: does('rig.unpark', unpark) },
          {
            actions: does('rig.unpark', ({ rig }, _, to) =>
              to.refuse('RIG_NOT_PARKED', `The rig ${rig} is not parked.`),
            ),
          },
        ],
        'rig.rejoin': [
          {
            guard: when('rig.rejoin', ({ apart }) => apart !== null),
            target: 'rejoining',
            actions: does('rig.rejoin', ({ rig, apart, target }, _, to) =>
              to.effect('rig.clone', { rig, remote: (apart as Apart).remote, target }),
            ),
          },
          {
            actions: does('rig.rejoin', ({ rig }, _, to) =>
              to.refuse('RIG_NOT_APART', `The rig ${rig} lands where it always did.`),
            ),
          },
        ],
      },
    },
    /** The remote of its parent is looked at; it lands there as soon as that was reached, and not before. */
    rejoining: {
      on: {
        'rig.cloned': { target: 'active', actions: does('rig.cloned', rejoined) },
        'rig.notCloned': { target: 'active', actions: does('rig.notCloned', notRejoined) },
        'effect.failed': { target: 'active', actions: does('effect.failed', notRejoined) },
        'rig.forked': [
          {
            guard: when('rig.forked', (_, { remote }) => remote !== null),
            target: 'active',
            actions: does('rig.forked', fork),
          },
          { target: 'failed', actions: does('rig.forked', lose) },
        ],
      },
    },
    failed: {
      on: {
        // A second try under the same name.
        'rig.add': { target: 'cloning', actions: does('rig.add', add) },
        'rig.set': setOnly,
        'rig.forked': { actions: does('rig.forked', lose) },
      },
    },
  },
  on: {
    'rig.add': {
      actions: does('rig.add', ({ rig }, _, to) => to.refuse('RIG_EXISTS', `There is a rig ${rig} already.`)),
    },
    'rig.set': {
      actions: does('rig.set', (context, event, to) => tellAll(context, set(context, event, to), to)),
    },
    'rig.openBranch': { actions: does('rig.openBranch', openBranch) },
    'rig.closeBranch': { actions: does('rig.closeBranch', closeBranch) },
    // Mayor and Refinery decide nothing by it.
    'rig.addRule': { actions: does('rig.addRule', addRule) },
    '*': UNEXPECTED,
  },
})

export const rig: MachineDef = { name: 'rig', version: 5, machine, live: false }

type To = Deciding<RigContext>
type Apart = NonNullable<RigContext['apart']>

function add({ rig, parked }: RigContext, event: Event<'rig.add'>, to: To): void {
  const { prefix, remote, source, target, settings } = event
  if (event.rig !== rig) return to.refuse('RIG_NAME_DIFFERS', `This is ${rig}, not ${event.rig}.`)
  to.set({
    prefix,
    remote,
    source,
    target,
    settings: settings as Settings,
    parked: null,
    apart: null,
    resumptions: [],
  })
  to.fact({ type: 'RigAdded', rig, prefix, remote, source, target, settings })
  to.effect('rig.clone', { rig, remote, target })
  if (parked !== null) letGo(rig, to)
}

function fail({ rig }: RigContext, { code, message }: { code: string; message: string }, to: To): void {
  to.fact({ type: 'RigFailed', rig, code, message })
}

// --- forks --------------------------------------------------------------------------------------------------

const FORKED = 'this town is a fork'

/** It lands in a clone inside of the fork from here on; where the other one lands is kept for a person to say so. */
function fork(
  context: RigContext,
  { remote, head, why, resumptions, meta }: Event<'rig.forked'>,
  to: To,
): void {
  if (remote === null) return
  const { rig, settings } = context
  to.set({ remote, source: null, apart: { remote: context.remote, source: context.source }, resumptions })
  to.fact({ type: 'RigForked', rig, remote, head, why })
  if (context.parked === null) park(context, FORKED, meta.at, to)
  tellAll({ ...context, remote }, settings, to)
}

/** There is no clone that could be its remote. */
function lose(context: RigContext, { why, meta }: Event<'rig.forked'>, to: To): void {
  const { rig } = context
  to.set({ remote: { kind: 'origin', url: '' }, source: null, apart: null, resumptions: [] })
  to.fact({ type: 'RigForked', rig, remote: null, head: null, why })
  to.fact({ type: 'RigFailed', rig, code: 'FORK_RIG_LOST', message: why })
  if (context.parked === null) park(context, FORKED, meta.at, to)
}

function park({ rig }: RigContext, reason: string, since: string, to: To): void {
  to.set({ parked: { since, reason } })
  to.fact({ type: 'RigParked', rig, reason })
  to.tell({ to: MAYOR, message: { type: 'dispatch.hold', why: 'parked', scope: 'rig', id: rig } })
}

/** What the fork had cancelled is asked for again, of each owner by itself: some may have moved on. */
function unpark({ rig, resumptions }: RigContext, _: unknown, to: To): void {
  to.set({ parked: null, resumptions: [] })
  to.fact({ type: 'RigUnparked', rig })
  for (const { owner, value, asked } of resumptions)
    to.tell({ to: owner, message: { type: 'owner.resume', value, asked } })
  letGo(rig, to)
}

function letGo(rig: string, to: To): void {
  to.tell({ to: MAYOR, message: { type: 'dispatch.letGo', why: 'parked', scope: 'rig', id: rig } })
}

function rejoined(context: RigContext, { head }: Event<'rig.cloned'>, to: To): void {
  const { remote, source } = context.apart as Apart
  to.set({ remote, source, apart: null })
  to.fact({ type: 'RigRejoined', rig: context.rig, remote, head })
  tellAll({ ...context, remote }, context.settings, to)
}

function notRejoined(
  { rig }: RigContext,
  { code, message }: { code: string; message: string },
  to: To,
): void {
  to.fact({ type: 'RigNotRejoined', rig, code, message })
}

// --- settings -----------------------------------------------------------------------------------------------

function set({ rig, settings }: RigContext, { key, value }: Event<'rig.set'>, to: To): Settings {
  const { [key]: _old, ...others } = settings
  const changed = value === null ? others : { ...settings, [key]: value as Json }
  to.set({ settings: changed })
  to.fact({ type: 'RigSettingChanged', rig, key, value })
  return changed
}

/** Those who decide by a rig's settings are told them; none reads another owner's state. */
function tellAll(context: RigContext, settings: Settings, to: To): void {
  const placesMax = Number(settings['limits.polecats'] ?? PLACES_DEFAULT)
  const { rig, branches } = context
  const epics = Object.keys(branches)
  const message = { type: 'dispatch.openRig', rig, placesMax, ...(epics.length > 0 && { epics }) } as const
  to.tell({ to: MAYOR, message })
  const configured = configuration(context, settings)
  to.tell({ to: refinery(rig), message: configured })
  for (const [epic, branch] of Object.entries(branches))
    to.tell({ to: refinery(rig, epic), message: forBranch(configured, branch, settings) })
}

/** A pull request shows the branch as a whole; work gets onto it directly. */
function forBranch(
  configured: MessageOf<'refinery.configure'>,
  target: string,
  settings: Settings,
): MessageOf<'refinery.configure'> {
  const { landing, ...rest } = configured
  const method = landing?.method === undefined ? {} : { landing: { method: landing.method } }
  return {
    ...rest,
    target,
    ...method,
    ...(settings['integration.autoLand'] === true && { autoLand: true }),
  }
}

function openBranch(context: RigContext, { epic, branch }: Event<'rig.openBranch'>, to: To): void {
  const branches = { ...context.branches, [epic]: branch }
  to.set({ branches })
  tellAll({ ...context, branches }, context.settings, to)
}

function closeBranch(context: RigContext, { epic }: Event<'rig.closeBranch'>, to: To): void {
  const { [epic]: _closed, ...branches } = context.branches
  to.set({ branches })
  tellAll({ ...context, branches }, context.settings, to)
}

function configuration({ remote, target }: RigContext, settings: Settings): MessageOf<'refinery.configure'> {
  const gates = commandGates(settings).map(gateSpec)
  const approvals = approvalSpecs(settings)
  const landing = landingOf(settings)
  const setup = (settings.setup ?? null) as unknown as MessageOf<'refinery.configure'>['setup']
  return {
    type: 'refinery.configure',
    remote,
    target,
    gates,
    setup,
    ungated: settings['gates.none'] === true,
    attemptsMax: Number(settings['limits.attempts'] ?? ATTEMPTS_DEFAULT),
    ...(approvals.length > 0 && { approvals }),
    ...(landing !== null && { landing }),
    batch: Number(settings['mq.batch'] ?? BATCH_DEFAULT),
    batchWaitSeconds: Number(settings['mq.batchWaitSeconds'] ?? 0),
    order: settings['mq.order'] === 'fifo' ? 'fifo' : ORDER_DEFAULT,
    ahead: settings['mq.ahead'] === true && settings['mq.cache'] !== false,
    resolve: [...((settings['mq.resolve'] as Resolve[] | undefined) ?? RESOLVE_DEFAULT)],
    twice: true,
  }
}

/** Gates that are no command: somebody says yes or no. */
const approvalSpecs = (settings: Settings): ApprovalSpec[] =>
  gatesIn(settings).flatMap(({ name, value }): ApprovalSpec[] => {
    if (isApproval(value)) return [{ name, again: value.again === true }]
    if (!isReview(value)) return []
    const { again = false, required } = value
    return [{ name, again, review: reviewSpecOf(value), ...(required === false && { required }) }]
  })

/** What the worker needs of a gate: nothing of how its owner wrote it down. */
function gateSpec(gate: ReturnType<typeof commandGates>[number]): Gate {
  const { name, command, timeoutMs = GATE_TIMEOUT_MS, kind, required, parallel, outputMax, junit } = gate
  return {
    name,
    command: [...command],
    timeoutMs,
    ...(kind !== undefined && { kind }),
    ...(required === false && { required }),
    ...(gate.paths !== undefined && { paths: [...gate.paths] }),
    ...(parallel === true && { parallel }),
    ...(gate.after !== undefined && { after: [...gate.after] }),
    ...(outputMax !== undefined && { outputMax }),
    ...(junit !== undefined && { junit }),
  }
}
type Gate = MessageOf<'refinery.configure'>['gates'][number]

/** Rules of one rig; more would be read with every call of a tool. */
export const RULES_MAX = 500

/**
 * Last, for none of those before it fitted what was asked; so what a person denied before stays denied. One for the same
 * calls takes its place.
 */
function addRule({ rig, settings }: RigContext, { rule }: Event<'rig.addRule'>, to: To): void {
  const rules = (settings['permissions.rules'] ?? []) as unknown as PermissionRule[]
  const at = rules.findIndex(({ tool, pattern }) => tool === rule.tool && pattern === rule.pattern)
  if (rules[at]?.verdict === rule.verdict) return
  if (at === -1 && rules.length >= RULES_MAX)
    return to.refuse('RULES_TOO_MANY', `${rig} has ${RULES_MAX} rules already.`)
  const value = at === -1 ? [...rules, rule] : rules.with(at, rule)
  to.set({ settings: { ...settings, 'permissions.rules': value as unknown as Json } })
  to.fact({ type: 'RigSettingChanged', rig, key: 'permissions.rules', value: value as never })
}
