// Sessions: every process an agent was given, how it went, and how it ended.
//
// Does not:  keep long texts: of a command the first characters of each word, the record has the rest.

import { rigOf, sessionRole } from '../events/address.ts'
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
  /** Its recording was taken away then, and can be brought back until `until`. Null: nobody took it. */
  reaped: { at: string; until: string | null } | null
  /** Brought back then: it ages from there. */
  keptFrom: string | null
}

/** In a sentence: of a recording that was taken away. */
export const reapedText = ({ session, reaped }: Pick<SessionRow, 'session' | 'reaped'>): string =>
  `The recording of ${session} is gone since ${reaped?.at ?? 'then'}: it was old${reaped?.until == null ? '' : `, and can be brought back until ${reaped.until}`}.`

export type EndingKind = FactOf<'SessionEnded'>['ending']['kind']

export type SessionRows = {
  readonly bySession: Map<Address, SessionRow>
  /** How many an agent had, and (`shop/polecats/nux 0`, then `… 1`) which, some at a time: no row grows with its life. */
  readonly counts: Map<Address, number>
  readonly byAgent: Map<string, Address[]>
}

export const createSessions = (): Projection<SessionRows> =>
  projection({
    name: 'sessions',
    version: 4,
    empty: (): SessionRows => ({ bySession: new Map(), counts: new Map(), byAgent: new Map() }),
    handlers,
  })

export type SessionFilter = {
  readonly agent?: Address | undefined
  readonly bead?: string | undefined
  readonly rig?: string | undefined
  /** Only those that have not ended. */
  readonly live?: boolean | undefined
}

/** In the order in which they were opened. */
export const sessions = (rows: SessionRows, filter: SessionFilter = {}): SessionRow[] =>
  (filter.agent === undefined ? [...rows.bySession.values()] : lastSessions(rows, filter.agent)).filter(
    ({ agent, bead, rig, state }) =>
      (filter.agent === undefined || agent === filter.agent) &&
      (filter.bead === undefined || bead === filter.bead) &&
      (filter.rig === undefined || rig === filter.rig) &&
      (filter.live === undefined || (state !== 'ended') === filter.live),
  )

export const session = (rows: SessionRows, address: Address): SessionRow | null =>
  rows.bySession.get(address) ?? null

/** The last ones of an agent, at most `limit`, in the order in which they were opened. */
export function lastSessions(
  rows: SessionRows,
  agent: Address,
  limit = Number.POSITIVE_INFINITY,
): SessionRow[] {
  const count = rows.counts.get(agent) ?? 0
  const found: SessionRow[] = []
  for (let n = count - 1; n >= Math.max(0, count - limit); n -= 1) {
    const address = rows.byAgent.get(chunkOf(agent, n))?.[n % CHUNK]
    const row = address === undefined ? undefined : rows.bySession.get(address)
    if (row !== undefined) found.push(row)
  }
  return found.reverse()
}

/** Addresses of all that an agent has had, in the order in which they were opened. */
export function* sessionsOf({ counts, byAgent }: SessionRows, agent: Address): Generator<Address> {
  const count = counts.get(agent) ?? 0
  for (let n = 0; n < count; n += CHUNK) yield* byAgent.get(chunkOf(agent, n)) ?? []
}

/** The one that has not ended, or null. */
export const currentSession = (rows: SessionRows, agent: Address): SessionRow | null =>
  sessions(rows, { agent, live: true }).at(-1) ?? null

/** How often a bead was begun, and how often because a process had died. */
export function tries(rows: SessionRows, bead: string): { attempts: number; recoveries: number } {
  // Reviewers look at its work, and are no tries of it.
  const all = sessions(rows, { bead }).filter(({ session }) => sessionRole(session) !== 'reviewer')
  return { attempts: all.length, recoveries: all.filter(({ reason }) => reason === 'recovered').length }
}

const CHUNK = 16
const chunkOf = (agent: Address, n: number): string => `${agent} ${Math.floor(n / CHUNK)}`

function noteOf({ bySession, counts, byAgent }: SessionRows, agent: Address, session: Address): void {
  if (bySession.has(session)) return
  const count = counts.get(agent) ?? 0
  counts.set(agent, count + 1)
  byAgent.set(chunkOf(agent, count), [...(byAgent.get(chunkOf(agent, count)) ?? []), session])
}

const handlers: Handlers<SessionRows> = {
  SessionOpened: (rows, { session, agent, bead, attempt, reason }, { at }) => {
    noteOf(rows, agent, session)
    rows.bySession.set(session, {
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
      reaped: null,
      keptFrom: null,
    })
    return true
  },
  SessionStarted: (rows, { session, pid, command }, { at }) =>
    edit(rows, session, (row) => {
      row.state = 'running'
      row.startedAt = at
      row.pid = pid
      row.command = command.map(begun)
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
  RecordingsReaped: (rows, { sessions, until }, { at }) => {
    for (const one of sessions)
      edit(rows, one, (row) => {
        row.reaped = { at, until }
      })
    return sessions.length > 0
  },
  RecordingRecalled: (rows, { session }, { at }) =>
    edit(rows, session, (row) => {
      row.reaped = null
      row.keptFrom = at
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
const WORD_MAX = 200

const begun = (word: string): string => (word.length <= WORD_MAX ? word : `${word.slice(0, WORD_MAX - 1)}…`)

function edit({ bySession }: SessionRows, address: Address, change: (row: SessionRow) => void): boolean {
  const row = bySession.get(address)
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
