// Sessions: every process an agent was given, how it went, and how it ended.

import { rigOf } from '../events/address.ts'
import type { AttemptReason } from '../events/define.ts'
import type { FactOf } from '../events/index.ts'
import type { Address } from '../events/record.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export type SessionRow = {
  session: Address
  agent: Address
  rig: string | null
  /** Null: a person directs it. */
  bead: string | null
  attempt: number
  reason: AttemptReason
  state: 'starting' | 'running' | 'stopping' | 'ended'
  openedAt: string
  startedAt: string | null
  pid: number | null
  command: string[]
  stopReason: string | null
  endedAt: string | null
  /** `detail`: exit code, signal or message; `survivors` counts processes that outlived it. */
  ending: { kind: EndingKind; detail: string; survivors: number } | null
  /** Its agent had said that it was done. */
  done: boolean
  /** Preset, and the runtime's own id of the conversation; null when nobody said. */
  runtime: string | null
  runtimeSession: string | null
  transcript: string | null
  turns: number
  tokens: { input: number; output: number; cacheRead: number; cacheWrite: number }
  /** USD, of what has a known price; null when nothing has. */
  costUsd: number | null
}

export type EndingKind = FactOf<'SessionEnded'>['ending']['kind']

export type SessionRows = Map<Address, SessionRow>

export const createSessions = (): Projection<SessionRows> =>
  projection({ name: 'sessions', version: 2, empty: (): SessionRows => new Map(), handlers })

export type SessionFilter = {
  readonly agent?: Address | undefined
  readonly bead?: string | undefined
  readonly rig?: string | undefined
  /** Only those that have not ended. */
  readonly live?: boolean | undefined
}

/** In the order in which they were opened. */
export const sessions = (rows: SessionRows, filter: SessionFilter = {}): SessionRow[] =>
  [...rows.values()].filter(
    ({ agent, bead, rig, state }) =>
      (filter.agent === undefined || agent === filter.agent) &&
      (filter.bead === undefined || bead === filter.bead) &&
      (filter.rig === undefined || rig === filter.rig) &&
      (filter.live === undefined || (state !== 'ended') === filter.live),
  )

export const session = (rows: SessionRows, address: Address): SessionRow | null => rows.get(address) ?? null

/** The one that has not ended, or null. */
export const currentSession = (rows: SessionRows, agent: Address): SessionRow | null =>
  sessions(rows, { agent, live: true }).at(-1) ?? null

/** How often a bead was begun, and how often because a process had died. */
export function tries(rows: SessionRows, bead: string): { attempts: number; recoveries: number } {
  const all = sessions(rows, { bead })
  return { attempts: all.length, recoveries: all.filter(({ reason }) => reason === 'recovered').length }
}

const handlers: Handlers<SessionRows> = {
  SessionOpened: (rows, { session, agent, bead, attempt, reason }, { at }) => {
    rows.set(session, {
      session,
      agent,
      rig: rigOf(session),
      bead,
      attempt,
      reason,
      state: 'starting',
      openedAt: at,
      startedAt: null,
      pid: null,
      command: [],
      stopReason: null,
      endedAt: null,
      ending: null,
      done: false,
      runtime: null,
      runtimeSession: null,
      transcript: null,
      turns: 0,
      tokens: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
      costUsd: null,
    })
    return true
  },
  SessionStarted: (rows, { session, pid, command }, { at }) =>
    edit(rows, session, (row) => {
      row.state = 'running'
      row.startedAt = at
      row.pid = pid
      row.command = [...command]
    }),
  RuntimeSessionKnown: (rows, { session, runtime, runtimeSession, transcript }) =>
    edit(rows, session, (row) => {
      row.runtime = runtime
      row.runtimeSession = runtimeSession
      row.transcript = transcript
    }),
  TurnStarted: (rows, { session }) =>
    edit(rows, session, (row) => {
      row.turns += 1
    }),
  TokensUsed: (rows, { session, input, output, cacheRead, cacheWrite, costUsd }) =>
    edit(rows, session, (row) => {
      row.tokens.input += input
      row.tokens.output += output
      row.tokens.cacheRead += cacheRead
      row.tokens.cacheWrite += cacheWrite
      if (costUsd !== null) row.costUsd = (row.costUsd ?? 0) + costUsd
    }),
  SessionFailed: (rows, { session, message }, { at }) =>
    edit(rows, session, (row) => {
      row.state = 'ended'
      row.endedAt = at
      row.ending = { kind: 'notStarted', detail: message.slice(0, DETAIL_MAX), survivors: 0 }
    }),
  SessionStopping: (rows, { session, reason }) =>
    edit(rows, session, (row) => {
      row.state = 'stopping'
      row.stopReason = reason
    }),
  AgentDone: (rows, { session }) =>
    edit(rows, session, (row) => {
      row.done = true
    }),
  SessionEnded: (rows, { session, ending, done }, { at }) =>
    edit(rows, session, (row) => {
      row.state = 'ended'
      row.endedAt = at
      row.pid = null
      row.done = done
      row.ending = short(ending)
    }),
}

const DETAIL_MAX = 500

function edit(rows: SessionRows, address: Address, change: (row: SessionRow) => void): boolean {
  const row = rows.get(address)
  if (row === undefined) return false
  change(row)
  return true
}

const said = ({ exitCode, said }: { exitCode: number; said?: string | undefined }): string =>
  said === undefined ? `exit code ${exitCode}` : `exit code ${exitCode}: ${said}`

function short(ending: FactOf<'SessionEnded'>['ending']): NonNullable<SessionRow['ending']> {
  const { kind } = ending
  switch (kind) {
    case 'exited':
      return { kind, detail: said(ending).slice(0, DETAIL_MAX), survivors: 0 }
    case 'killed':
      return { kind, detail: ending.signal, survivors: 0 }
    case 'notStarted':
      return { kind, detail: ending.message.slice(0, DETAIL_MAX), survivors: 0 }
    case 'lost':
      return { kind, detail: 'nobody saw how', survivors: ending.survivors.length }
  }
}
