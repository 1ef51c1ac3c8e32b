// What the routes need of an open town. src/town makes one; the routes know nothing beyond it.

import type { EventLog } from '../../eventlog/types.ts'
import type { Heard, Standing } from '../events/hearing.ts'
import type { Masker } from '../events/mask.ts'
import type { Address } from '../events/record.ts'
import type { Clock, Ids } from '../ports/clock.ts'
import type { Preset, Presets, UsageRead } from '../ports/presets.ts'
import type { Repositories } from '../ports/repositories.ts'
import type { Terminals } from '../ports/terminals.ts'
import type { Projections } from '../projections/index.ts'
import type { Divergence } from '../system/redecide.ts'
import type { System } from '../system/types.ts'

/** Who speaks, from the token alone (P9). */
export type Caller =
  /** A person of this Unix account. */
  | { readonly kind: 'operator'; readonly actor: Address }
  /** A program inside a session. `session` is its address, `agent` who it works for. */
  | { readonly kind: 'session'; readonly actor: Address; readonly agent: Address; readonly session: Address }

export interface TownHandle {
  /** Absolute path of the town's folder. */
  readonly dir: string
  readonly name: string
  readonly townId: string
  readonly system: System
  /** Folded up to `system.seq`. */
  readonly projections: Projections
  readonly log: EventLog
  readonly clock: Clock
  readonly ids: Ids
  /** null while the daemon is down: git and terminals are not at hand. */
  readonly repositories: Repositories | null
  readonly terminals: Terminals | null
  /** The kinds of agent programs there are. */
  readonly presets: Presets
  /**
   * An agent program on this machine, as far as files tell: nothing is started for it. `command` is
   * `agents.<name>.command`, null when nobody set it.
   */
  findRuntime(wanted: { readonly name: string; readonly command: readonly string[] | null }): RuntimeFound
  /** The last lines of a session's recording; null when there is none. */
  recordedLines(session: Address, lines: number): Promise<string | null>
  /** Blots out what an agent must not put into the log: secrets of known shapes, and those handed to it. */
  readonly masker: Masker
  /** USD by the table of prices, or null when the model is not in it. */
  priceOf(usage: UsageRead): number | null
  /** What is heard of the agents at work; null while the daemon is down. */
  readonly hearing: Hearing | null
  /** The caller a bearer token stands for, or null. Never throws. */
  authenticate(token: string): Caller | null
  /** The daemon that serves this, or null when a command opened the town by itself. */
  readonly daemon: {
    readonly pid: number
    readonly startedAt: string
    readonly version: string
    readonly recoveredMs: number
    /** Digest of the program that it runs, null from sources. */
    readonly program: string | null
  } | null
  /** Ends every session after a checkpoint, then the daemon. Resolves when the answer may be sent. */
  shutDown(): Promise<void>
  /** Rebuilds everything from the log; `verify` also decides every message again and compares. */
  replay(options: {
    readonly to: number | null
    readonly verify: boolean
    /** Folder that gets the rebuilt state as JSON files, or null. */
    readonly into: string | null
  }): Promise<ReplayReport>
  /** Copies the log to a folder that is empty or not there, or (null) to the town's own, and checks the copy. */
  backUp(to: string | null): Promise<LogBackup>
  /** What was, answered beside the live town. */
  readonly past: Past
  /** Warnings a person should see in `gt status`: the log poisoned, the worker gone, ... */
  troubles(): readonly Trouble[]
}

export type Trouble = { readonly at: string; readonly code: string; readonly message: string }

/** `code` and `message` say why it cannot be started. */
export type RuntimeFound =
  | { readonly code: string; readonly message: string }
  | {
      readonly title: string
      /** Null when no file tells it. */
      readonly version: string | null
      /** Whether the conformance suite has passed here with this version; of one's own programs nothing is proved. */
      readonly proved: boolean
    }

export interface Hearing {
  /**
   * Takes in what was heard of a session. Resolves when changes of where it stands are recorded. `call` names the call
   * that said so: it counts once. Of a session that has ended nothing is heard.
   */
  hear(session: Address, heard: readonly Heard[], call?: string): Promise<void>
  /** Takes in, oldest first, what its launcher had to leave in files while nobody answered. */
  catchUp(session: Address, preset: Preset): Promise<void>
  /** Where it stands as of now, which the log has at most 30 s later; null when it has ended. */
  live(session: Address): Standing | null
}

export type LogBackup = {
  /** Absolute path. */
  readonly dir: string
  /** Last record in it. */
  readonly seq: number
  readonly at: string
  /** Of the gt that wrote the log last. */
  readonly version: string | null
}

export type PastAsk = {
  /** Of the route, as it is declared: `/v1/beads/:id`. */
  readonly path: string
  readonly caller: Caller
  readonly params: Readonly<Record<string, string>>
  /** As parsed; `at` is the moment that is asked for, the newest record when it is absent. */
  readonly query: Readonly<Record<string, unknown>> & { readonly at?: string }
}

export interface Past {
  /** The answer as JSON text. @throws {Fault} what the route throws; PAST_ENDED when its thread was lost on the way. */
  read(ask: PastAsk, signal: AbortSignal): Promise<string>
}

export type ReplayReport = {
  readonly records: number
  readonly durationMs: number
  readonly recordsPerSecond: number
  readonly to: number
  /** SHA-256 of the rebuilt owners and projections. */
  readonly stateDigest: string
  readonly verified: boolean
  readonly divergences: readonly Divergence[]
  /** Records of older machine versions that today's machines would decide otherwise. No fault. */
  readonly changedDecisions: readonly Divergence[]
}
