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
  /** A person of this Unix account. With `scopes`: by a token that they gave out, which may no more than these. */
  | { readonly kind: 'operator'; readonly actor: Address; readonly scopes?: readonly Scope[] }
  /** A program inside a session. `session` is its address, `agent` who it works for. */
  | { readonly kind: 'session'; readonly actor: Address; readonly agent: Address; readonly session: Address }

/** What a token may: look, change, type into terminals. */
export type Scope = 'read' | 'write' | 'terminal'

export type GivenToken = {
  readonly id: string
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly createdAt: string
  /** Null: until it is revoked. */
  readonly expiresAt: string | null
}

export type TokenWish = {
  readonly name: string
  readonly scopes: readonly Scope[]
  /** How long it is good for; null: until it is revoked. */
  readonly forMs: number | null
}

export type TokenDraft = GivenToken & { readonly token: string; keep(): void }

/** Tokens that the person gave out. */
export interface TokensGiven {
  /** One that is good for something once it is kept; `token` is told here and never again. The same `seed` gives the same id. */
  draft(wish: TokenWish, seed: string): TokenDraft
  list(): GivenToken[]
  /** False: there is none of that id. */
  revoke(id: string): boolean
}

/** The town on loopback TCP. */
export interface Web {
  /** `http://127.0.0.1:4711`, or null while it does not listen. */
  readonly url: string | null
  /**
   * Listens there from now on, also after a restart; null: where it did last, else on a free port of 127.0.0.1.
   * @throws {Fault} HTTP_ADDRESS_INVALID, HTTP_NOT_LOOPBACK, HTTP_PORT_TAKEN.
   */
  open(address: string | null): Promise<string>
  /** Listens no more, also after a restart. */
  shut(): Promise<void>
  /** A link that lets one browser in, once, within a minute. */
  link(): { readonly url: string; readonly expiresAt: string }
  /** Hangs up on whoever holds a token that is worth nothing any more. */
  dropRevoked(): void
}

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
  /** Puts a recording that was taken away back to its place; false when it is gone for good. */
  recallRecording(session: Address): Promise<boolean>
  /** The last lines of a session's recording, as of `until` (ms) when it is given; null when there is none. */
  recordedLines(session: Address, lines: number, until?: number): Promise<string | null>
  /** Blots out what an agent must not put into the log: secrets of known shapes, and those handed to it. */
  readonly masker: Masker
  /** USD by the table of prices, or null when the model is not in it. */
  priceOf(usage: UsageRead): number | null
  /** What is heard of the agents at work; null while the daemon is down. */
  readonly hearing: Hearing | null
  /** The caller a bearer token stands for, or null. Never throws. */
  authenticate(token: string): Caller | null
  readonly tokens: TokensGiven
  /** Null while the daemon is down. */
  readonly web: Web | null
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
  replay(options: ReplayOptions, watch?: JobWatch): Promise<ReplayReport>
  /** Finds a record at which an expression turns from false to true. @throws {Fault} NO_TURN, EXPRESSION_… */
  bisect(options: BisectOptions, watch?: JobWatch): Promise<BisectReport>
  /** Copies the log to a folder that is empty or not there, or (null) to the town's own, and checks the copy. */
  backUp(to: string | null): Promise<LogBackup>
  /** What was, answered beside the live town. */
  readonly past: Past
  /** Looks whether there is room for new work, and tells the Mayor when that has changed. Never rejects. */
  lookAtDisk(): Promise<void>
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

/** A long job over the log: one at a time, beside the live town. Ends when `signal` is aborted. */
export type JobWatch = {
  readonly signal: AbortSignal
  readonly onProgress?: ((progress: JobProgress) => void) | undefined
}

export type JobProgress = {
  readonly doing: 'folding' | 'looking'
  /** Records, or probes. */
  readonly done: number
  readonly of: number
  readonly perSecond: number
  readonly leftMs: number
}

export type ReplayOptions = {
  /** Last record to fold, or null: as far as the live town is, which it is then held against. */
  readonly to: number | null
  readonly verify: boolean
  /** Folder that gets the rebuilt state as JSON files, or null. */
  readonly into: string | null
}

export type ReplayReport = {
  readonly records: number
  readonly durationMs: number
  /** While folding. */
  readonly recordsPerSecond: number
  readonly to: number
  /** SHA-256 of the rebuilt owners and projections. */
  readonly stateDigest: string
  /** The same of the live state; null when it was not looked at. */
  readonly liveDigest: string | null
  readonly verified: boolean
  /** The first hundred: of the live state, then of decisions. */
  readonly divergences: readonly Divergence[]
  readonly divergenceCount: number
  /** Records of older machine versions, or of owners of erased ones, that today's would decide otherwise. No fault. */
  readonly changedDecisions: readonly Divergence[]
  readonly changedDecisionCount: number
  /** The first hundred records of which something was erased: what was left of them was folded. */
  readonly erased: readonly number[]
  readonly erasedCount: number
  /** True when what was rebuilt stands in place of the caches that there were. */
  readonly cachesReplaced: boolean
}

export type BisectOptions = {
  readonly when: string
  /** 0 is before the first record. */
  readonly from: number
  readonly to: number
  /** The first turn after `from`, in one pass. */
  readonly first: boolean
}

export type BisectReport = {
  /** Record that made it true. */
  readonly seq: number
  readonly at: string
  readonly actor: Address
  readonly by: Address
  readonly message: string
  /** What the feed says of it, or null. */
  readonly summary: string | null
  /** The value of the expression after the record before it, and after it; null for none. */
  readonly before: unknown
  readonly after: unknown
  readonly probes: number
  /** The command that shows more. */
  readonly next: string
}
