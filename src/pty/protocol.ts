// What the host and its clients say to each other: one JSON object per line, over the host's unix socket.
//
// Owns:   the shapes of lines, and the reading of a request from text that nobody vouches for.
// Rule:   a host outlives upgrades, so a later daemon speaks to an earlier host. Operations and fields are
//         added, never changed or taken away; `PROTOCOL` goes up when something is added.
//
// A connection begins with `hello`. Every request carries a number `n`; its answer carries the same number
// and either `ok` or `error`. Events carry no number. Daemons hear `ending` and `workerEnding`, and `quiet` once they
// asked to `watch`; viewers hear `output` and `ending` of what they are attached to.
//
// Protocol 2 added: `screen`, `watch`, `quiet`, `secrets` of a session.

import type { ScreenView } from '../ports/presets.ts'
import type { SessionEnding, SessionInfo, SessionSpec, TerminalErrorCode } from '../ports/terminals.ts'

export const PROTOCOL = 2

/** Longest line in characters that either side accepts. */
export const LINE_CHARS_MAX = 4 * 1024 * 1024

/** Who connects. A daemon may do everything; a viewer may look, and type where it is attached to. */
export type ClientKind = 'daemon' | 'viewer'

export type WorkerSpec = {
  /** Argument vector; the first is absolute or found on the PATH of `env`. */
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

export type WorkerInfo = {
  readonly pid: number
  /** ms since the epoch. */
  readonly startedAt: number
  readonly ending: SessionEnding | null
}

export type HostInfo = {
  readonly protocol: number
  readonly pid: number
  /** ms since the epoch. */
  readonly startedAt: number
}

export type AttachedInfo = {
  readonly columns: number
  readonly rows: number
  readonly ending: SessionEnding | null
}

/** Each operation: what it is asked with, and what it answers. */
export type Operations = {
  hello: { ask: { protocol: number; key: string; client: ClientKind }; answer: HostInfo }
  start: { ask: { spec: SessionSpec }; answer: SessionInfo }
  list: { ask: object; answer: readonly SessionInfo[] }
  /** `townId` lets what an earlier host left behind be found by its marker. */
  stop: { ask: { id: string; graceMs: number; townId: string | null }; answer: null }
  forget: { ask: { id: string }; answer: null }
  peek: { ask: { id: string; lines: number }; answer: string }
  screen: { ask: { id: string }; answer: ScreenView }
  /** From now on the connection hears `quiet`. */
  watch: { ask: object; answer: null }
  /** From now on the connection hears `output`, which begins with the screen as it is. */
  attach: { ask: { id: string; watch: boolean; size: Size | null }; answer: AttachedInfo }
  detach: { ask: { id: string }; answer: null }
  write: { ask: { id: string; data: string }; answer: null }
  resize: { ask: { id: string; size: Size }; answer: null }
  'worker.start': { ask: { spec: WorkerSpec }; answer: WorkerInfo }
  'worker.stop': { ask: { graceMs: number }; answer: null }
  'worker.status': { ask: object; answer: WorkerInfo | null }
  /** Refused with HOST_BUSY while sessions or the worker run, unless `force`, which ends them. */
  shutdown: { ask: { force: boolean; graceMs: number }; answer: null }
}

export type Size = { readonly columns: number; readonly rows: number }

export type Operation = keyof Operations
export type Request = { [O in Operation]: { n: number; op: O } & Operations[O]['ask'] }[Operation]

export type Answer =
  | { n: number; ok: Operations[Operation]['answer'] }
  | { n: number; error: { code: TerminalErrorCode; message: string } }

export type HostEvent =
  | { event: 'ending'; id: string; ending: SessionEnding }
  | { event: 'workerEnding'; pid: number; ending: SessionEnding }
  /** A second without output after output, or another title. */
  | { event: 'quiet'; id: string; screen: ScreenView }
  /** `data` is safe for a terminal: it asks it nothing and sets nothing outside the screen. */
  | { event: 'output'; id: string; data: string }

/** Reads one line of a client. Throws an Error with one sentence when it is not a request. */
export function parseRequest(line: string): Request {
  const value = object(JSON.parse(line), 'a request')
  const n = integer(value.n, 'n', 0, Number.MAX_SAFE_INTEGER)
  const op = value.op
  switch (op) {
    case 'hello': {
      const client = value.client
      if (client !== 'daemon' && client !== 'viewer') throw new Error('client must be daemon or viewer')
      return {
        n,
        op,
        protocol: integer(value.protocol, 'protocol', 1, 1e6),
        key: text(value.key, 'key'),
        client,
      }
    }
    case 'start':
      return { n, op, spec: sessionSpec(value.spec) }
    case 'list':
    case 'watch':
    case 'worker.status':
      return { n, op }
    case 'stop': {
      const townId = value.townId == null ? null : text(value.townId, 'townId')
      return { n, op, id: text(value.id, 'id'), graceMs: grace(value.graceMs), townId }
    }
    case 'forget':
    case 'screen':
    case 'detach':
      return { n, op, id: text(value.id, 'id') }
    case 'peek':
      return { n, op, id: text(value.id, 'id'), lines: integer(value.lines, 'lines', 1, 1e6) }
    case 'attach': {
      const size_ = value.size == null ? null : size(value.size)
      return { n, op, id: text(value.id, 'id'), watch: value.watch !== false, size: size_ }
    }
    case 'write':
      return { n, op, id: text(value.id, 'id'), data: text(value.data, 'data') }
    case 'resize':
      return { n, op, id: text(value.id, 'id'), size: size(value.size) }
    case 'worker.start':
      return { n, op, spec: program(value.spec) }
    case 'worker.stop':
      return { n, op, graceMs: grace(value.graceMs) }
    case 'shutdown':
      return { n, op, force: value.force === true, graceMs: grace(value.graceMs) }
    default:
      throw new Error(`this host does not know the operation ${JSON.stringify(op)}`)
  }
}

function sessionSpec(value: unknown): SessionSpec {
  const spec = object(value, 'spec')
  return {
    ...program(value),
    ...size(value),
    id: text(spec.id, 'id'),
    recording: text(spec.recording, 'recording'),
    ...(spec.secrets === undefined ? {} : { secrets: texts(spec.secrets, 'secrets') }),
  }
}

function program(value: unknown): WorkerSpec {
  const spec = object(value, 'spec')
  if (!Array.isArray(spec.command) || spec.command.length === 0) throw new Error('command must not be empty')
  const command = texts(spec.command, 'command')
  const env: Record<string, string> = {}
  for (const [name, content] of Object.entries(object(spec.env, 'env'))) {
    if (name === '' || name.includes('=')) throw new Error('a name in env is empty or contains =')
    env[text(name, 'env')] = text(content, `env.${name}`)
  }
  return { command, cwd: text(spec.cwd, 'cwd'), env }
}

function size(value: unknown): Size {
  const { columns, rows } = object(value, 'size')
  return { columns: integer(columns, 'columns', 1, 1000), rows: integer(rows, 'rows', 1, 1000) }
}

function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${name} must be an object`)
  }
  return value as Record<string, unknown>
}

/** NUL would end a string early wherever it reaches the kernel. Only typed input may hold one. */
function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new Error(`${name} must be a string`)
  if (name !== 'data' && value.includes('\0')) throw new Error(`${name} must not contain NUL`)
  return value
}

function texts(value: unknown, name: string): string[] {
  if (!Array.isArray(value)) throw new Error(`${name} must be a list`)
  return value.map((one) => text(one, name))
}

function integer(value: unknown, name: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw new Error(`${name} must be a whole number from ${min} to ${max}`)
  }
  return value
}

function grace(value: unknown): number {
  return integer(value, 'graceMs', 0, 600_000)
}
