// Settings as effects need them: the rig's, else the town's, else the default.

import { rigOwner, TOWN } from '../events/address.ts'
import { requiredGates } from '../events/gate-settings.ts'
import type { Patience } from '../events/health.ts'
import { patienceSet } from '../events/health-settings.ts'
import type { Json } from '../events/record.ts'
import type { PermissionRule } from '../events/settings.ts'
import type { Remote, SetupSpec } from '../ports/repositories.ts'
import type { System } from '../system/types.ts'

type Settings = { readonly [key: string]: Json | undefined }

const settingsAt = (system: System, owner: string): Settings =>
  (system.owner(owner)?.context.settings ?? {}) as Settings

export interface RigView {
  readonly remote: Remote
  readonly target: string
  readonly source: string | null
  readonly copy: readonly string[]
  readonly setup: SetupSpec | null
}

/** What git work in a rig needs, as set now. */
export function rigView(system: System, rig: string): RigView {
  const context = system.owner(rigOwner(rig))?.context ?? {}
  const settings = settingsAt(system, rigOwner(rig))
  return {
    remote: context.remote as unknown as Remote,
    target: String(context.target ?? ''),
    source: (context.source ?? null) as string | null,
    copy: (settings['worktree.copy'] ?? []) as string[],
    setup: (settings.setup ?? null) as unknown as SetupSpec | null,
  }
}

/** Variables of the operator's environment that agents of a rig get besides the fixed ones. */
export function allowedVariables(system: System, rig: string): readonly string[] {
  const of = (owner: string) => (settingsAt(system, owner)['env.allow'] ?? []) as string[]
  return [...of(TOWN), ...of(rigOwner(rig))]
}

/** The agent `preset` (or the default one) in a rig, as far as it is set; null when there is no default. */
export function agentSettings(system: System, rig: string, preset: string | null): AgentSettings | null {
  const name = preset ?? settingIn<string>(system, rig, 'agents.default')
  if (name === undefined) return null
  return {
    name,
    command: settingIn<string[]>(system, rig, `agents.${name}.command`) ?? null,
    model: settingIn<string>(system, rig, `agents.${name}.model`) ?? null,
  }
}

export type AgentSettings = {
  readonly name: string
  /** How a person wants it started; null when its preset knows. */
  readonly command: readonly string[] | null
  readonly model: string | null
}

/** What agents of a rig may do without being asked about. */
export function permissionsOf(
  system: System,
  rig: string,
): { readonly mode: 'ask' | 'bypass'; readonly hasDenials: boolean } {
  const rules = settingIn<PermissionRule[]>(system, rig, 'permissions.rules') ?? []
  return {
    mode: settingIn<string>(system, rig, 'permissions.mode') === 'bypass' ? 'bypass' : 'ask',
    hasDenials: rules.some(({ verdict }) => verdict === 'deny'),
  }
}

/** How long its agents may give no sign, where somebody set it. */
export const patienceIn = (system: System, rig: string): Patience | null =>
  patienceSet(settingsAt(system, TOWN), settingsAt(system, rigOwner(rig)))

/** Commands that must pass in a rig. */
export const gatesIn = (
  system: System,
  rig: string,
): { readonly name: string; readonly command: readonly string[] }[] =>
  requiredGates(settingsAt(system, rigOwner(rig))).map(({ name, command }) => ({ name, command }))

/** How the gates of a rig are run, whatever they are. */
export function gateRunning(
  system: System,
  rig: string,
): { readonly cache: boolean; readonly parallel?: number; readonly toolchain?: string[][] } {
  const settings = settingsAt(system, rigOwner(rig))
  const { 'gates.parallel': parallel, toolchain } = settings
  return {
    cache: settings['mq.cache'] !== false,
    ...(typeof parallel === 'number' && { parallel }),
    ...(toolchain !== undefined && { toolchain: toolchain as string[][] }),
  }
}

/** The rig's, else the town's. Values are trusted: they were checked when they were set. */
export function settingIn<T>(system: System, rig: string, key: string): T | undefined {
  return (settingsAt(system, rigOwner(rig))[key] ?? settingsAt(system, TOWN)[key]) as T | undefined
}

/** The part after @ in the authors of commits: the town's setting, else one that can be nobody's. */
export function domainOf(system: System): string {
  const set = settingsAt(system, TOWN).domain
  if (typeof set === 'string') return set
  const name = String(system.owner(TOWN)?.context.name ?? 'town')
  return `${name.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-')}.gastown.invalid`
}
