// What a rig is set to about permissions, and what its rules say of one call of a tool.

import { lstatSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { commandGates } from '../events/gate-settings.ts'
import type { OrdinaryWork } from '../events/ordinary-work.ts'
import { type Decided, decidedBy, ruleText } from '../events/permission-rules.ts'
import type { Json } from '../events/record.ts'
import { PERMISSION_WAIT_MS, type PermissionRule } from '../events/settings.ts'
import type { PermissionAsk } from '../ports/presets.ts'
import { rig as rigRow } from '../projections/rigs.ts'
import { townSetting } from '../projections/town.ts'
import { type SessionCaller, workplaceOf } from './callers.ts'
import type { TownHandle } from './town.ts'

/** Runtimes wait for a day at most. */
const WAIT_MS_MAX = 23 * 60 * 60_000

export type Permissions = {
  readonly rig: string
  readonly mode: 'ask' | 'bypass'
  readonly rules: readonly PermissionRule[]
  readonly waitMs: number
}

export function permissionsOf(town: TownHandle, rig: string): Permissions {
  const own = (key: string): Json => rigRow(town.projections.rigs.rows, rig)?.settings[key] ?? null
  const wait = own('permissions.wait') ?? townSetting(town.projections.town.rows, 'permissions.wait')
  return {
    rig,
    mode: own('permissions.mode') === 'bypass' ? 'bypass' : 'ask',
    rules: (own('permissions.rules') ?? []) as unknown as PermissionRule[],
    waitMs: Math.min(typeof wait === 'number' ? wait : PERMISSION_WAIT_MS, WAIT_MS_MAX),
  }
}

/**
 * What the rules of its rig say of what an agent asks, and, when they say nothing, whether it is ordinary work, which
 * needs no rule: `rulesOnly` leaves that out. @throws {Fault} ASSIGNMENT_OVER.
 */
export function ruled(
  town: TownHandle,
  caller: SessionCaller,
  ask: PermissionAsk,
  { rulesOnly = false }: { readonly rulesOnly?: boolean } = {},
): {
  readonly permissions: Permissions
  readonly worktree: string
  readonly bead: string | null
  readonly by: Decided | null
} {
  const { path, bead, rig } = workplaceOf(town, caller)
  const permissions = permissionsOf(town, rig ?? '')
  const work = rulesOnly ? null : ordinaryWork(town, permissions.rig, path)
  return { permissions, worktree: path, bead, by: decidedBy(permissions.rules, ask, path, work) }
}

function ordinaryWork(town: TownHandle, rig: string, worktree: string): OrdinaryWork {
  const settings = rigRow(town.projections.rigs.rows, rig)?.settings ?? {}
  const setup = settings.setup as { readonly command: readonly string[] } | undefined
  const commands = [...(setup === undefined ? [] : [setup]), ...commandGates(settings)].map(
    ({ command }) => command,
  )
  return { worktree, commands, real: realPath }
}

/** With all links followed, as far as there is something. */
export function realPath(path: string): string | null {
  try {
    return realpathSync(path)
  } catch (error) {
    const above = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === path) return null
    const led = realPath(above)
    return led === null || isLink(path) ? null : join(led, basename(path))
  }
}

/** One that leads to nothing yet. */
function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink()
  } catch {
    return false
  }
}

/** What the agent is told. */
export const deniedByRule = (rig: string, rule: PermissionRule): string =>
  `A rule of rig ${rig} denies this: ${ruleText(rule)}. Go on another way; if there is none, hand the work back with gt done --status ESCALATED --note "<what you need>".`
