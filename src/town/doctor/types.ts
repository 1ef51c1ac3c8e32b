// What a check is, and what it finds.

import type { Known } from '../../api/reads/known.ts'
import type { Address } from '../../events/record.ts'
import type { ProcessIdentity } from '../../pty/processes.ts'
import type { DaemonSeen } from './daemon-seen.ts'
import type { LogSeen } from './log-seen.ts'

export const GROUPS = [
  'runtime',
  'git',
  'disk',
  'log',
  'sockets',
  'orphans',
  'worktrees',
  'locks',
  'config',
  'agents',
] as const
export type Group = (typeof GROUPS)[number]

/** `unknown`: it could not be checked, and nothing is said of it. */
export type CheckState = 'ok' | 'warning' | 'error' | 'unknown'

export type Found = {
  readonly state: CheckState
  /** One sentence. */
  readonly sentence: string
  /** What exactly, where the sentence speaks of several. */
  readonly items?: readonly string[]
  /** A command, or what a person has to do. */
  readonly cure?: string
  /** The cure, where it cannot lose anything; says what it did. Done again it does nothing. */
  readonly fix?: () => Promise<string>
}

export type Checked = {
  readonly group: Group
  readonly name: string
  readonly state: CheckState
  readonly sentence: string
  readonly items: readonly string[]
  readonly cure: string | null
  /** `gt doctor --fix` can do it. */
  readonly fixable: boolean
  /** What was done now, or null. */
  readonly fixed: string | null
}

export type Check = {
  readonly group: Group
  /** `sockets.daemon`. */
  readonly name: string
  /** It needs a town. Absent: it is about this machine. */
  readonly run: (town: Examined) => Promise<Found>
}

/** A process that carries the marker of this town. */
export type Marked = ProcessIdentity & {
  readonly session: Address | null
  readonly line: string
}

/** A town as it was found, before any check began. */
export type Examined = {
  readonly dir: string
  readonly townId: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly daemon: DaemonSeen
  readonly log: LogSeen
  /** Null when the log could not be asked; `unknownWhy` says why. */
  readonly known: Known | null
  readonly unknownWhy: string
  /** Null when the processes of this machine cannot be read. */
  readonly marked: readonly Marked[] | null
  /** Folders in which worktrees may lie, with whose each one is. */
  readonly folders: readonly WorktreeFolder[]
  /** Tells a town that is up to do something. */
  command(name: string, input: object): Promise<void>
}

export type WorktreeFolder = { readonly path: string; readonly rig: string; readonly owner: Address }

export const ok = (sentence: string): Found => ({ state: 'ok', sentence })
export const notChecked = (why: string): Found => ({
  state: 'unknown',
  sentence: `Could not check: ${why.replace(/\.$/, '')}.`,
})
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
