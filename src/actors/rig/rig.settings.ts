// How a rig is set, and who is told of it.

import { MAYOR, refinery } from '../../events/address.ts'
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
import type { Event } from '../machine.ts'
import type { RigContext, Settings, To } from './rig.context.ts'

export function set({ rig, settings }: RigContext, { key, value }: Event<'rig.set'>, to: To): Settings {
  const { [key]: _old, ...others } = settings
  const changed = value === null ? others : { ...settings, [key]: value as Json }
  to.set({ settings: changed })
  to.fact({ type: 'RigSettingChanged', rig, key, value })
  return changed
}

/** Those who decide by a rig's settings are told them; none reads another owner's state. */
export function tellAll(context: RigContext, settings: Settings, to: To): void {
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

export function openBranch(context: RigContext, { epic, branch }: Event<'rig.openBranch'>, to: To): void {
  const branches = { ...context.branches, [epic]: branch }
  to.set({ branches })
  tellAll({ ...context, branches }, context.settings, to)
}

export function closeBranch(context: RigContext, { epic }: Event<'rig.closeBranch'>, to: To): void {
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
export function addRule({ rig, settings }: RigContext, { rule }: Event<'rig.addRule'>, to: To): void {
  const rules = (settings['permissions.rules'] ?? []) as unknown as PermissionRule[]
  const at = rules.findIndex(({ tool, pattern }) => tool === rule.tool && pattern === rule.pattern)
  if (rules[at]?.verdict === rule.verdict) return
  if (at === -1 && rules.length >= RULES_MAX)
    return to.refuse('RULES_TOO_MANY', `${rig} has ${RULES_MAX} rules already.`)
  const value = at === -1 ? [...rules, rule] : rules.with(at, rule)
  to.set({ settings: { ...settings, 'permissions.rules': value as unknown as Json } })
  to.fact({ type: 'RigSettingChanged', rig, key: 'permissions.rules', value: value as never })
}
