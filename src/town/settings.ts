// Settings as effects need them: the rig's, else the town's, else the default.

import { rigOwner, TOWN } from '../events/address.ts'
import type { Json } from '../events/record.ts'
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

/** How the agent `preset` (or the default one) is started in a rig, or null when nobody said. */
export function agentCommand(
  system: System,
  rig: string,
  preset: string | null,
): { readonly name: string; readonly command: readonly string[] } | null {
  const [own, common] = [settingsAt(system, rigOwner(rig)), settingsAt(system, TOWN)]
  const name =
    preset ??
    (own['agents.default'] as string | undefined) ??
    (common['agents.default'] as string | undefined)
  if (name === undefined) return null
  const key = `agents.${name}.command`
  const command = (own[key] ?? common[key]) as string[] | undefined
  return command === undefined ? null : { name, command }
}

/** The part after @ in the authors of commits: the town's setting, else one that can be nobody's. */
export function domainOf(system: System): string {
  const set = settingsAt(system, TOWN).domain
  if (typeof set === 'string') return set
  const name = String(system.owner(TOWN)?.context.name ?? 'town')
  return `${name.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-')}.gastown.invalid`
}
