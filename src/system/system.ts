// The system: takes turns, appends, and only then acts.
//
// Owns:      the order decide -> append -> fold -> tell, start, answer; the way back from a failed append.
// Does not:  know any role, any file, any clock but the one it is handed.
// Crosses:   take() on the way in; onRecord and perform on the way out.
//
//   SYS-1. Nothing leaves before the record that allows it is durable (P2).
//   SYS-2. The records of a turn are written together or not at all.
//   SYS-3. What the log has promised is settled by exactly one record, accepted or refused.
//   SYS-4. A failed append sets every owner back to its last durable state; senders are told that it is unknown.
//   SYS-5. The same id never acts twice, also after a restart.
//   SYS-6. Every queue has a bound and a named answer when it is full.

import { LogError } from '../../eventlog/types.ts'
import type { Address, AnyMessage, LogRecord } from '../events/record.ts'
import { createDecider } from './decide.ts'
import { createLedger, type OpenTell } from './ledger.ts'
import { createOwners } from './owners.ts'
import { type Answer, createRunner } from './runner.ts'
import { decideTurn, type Origin, refusalRecord } from './turns.ts'
import { type System, SystemError, type SystemOptions, type Turn, type TurnResult } from './types.ts'

/** Turns that may wait for their commit. More would only wait longer; the caller is told to come back. */
export const TURNS_PENDING_MAX = 10_000

/** Tells in a row without anything from outside between them. A longer chain is a loop. */
export const TELLS_IN_A_ROW_MAX = 64

/** Folds the whole log, then goes on from there: open tells are told, effects carried out, timers armed. */
export async function openSystem(options: SystemOptions): Promise<System> {
  const { log, clock, machines, perform, onRecord } = options
  const onTrouble = options.onTrouble ?? (() => {})
  const owners = createOwners()
  const ledger = createLedger()
  const decider = createDecider()
  const runner = createRunner({ clock, ledger, perform, onAnswer: answer })

  let folded = 0
  let lastAt = ''
  let next = 1
  let pending = 0
  let state: 'opening' | 'open' | 'recovering' | 'paused' | 'closing' = 'opening'
  /** Turns that came while the log was away; taken in order when it is back. */
  const waiting: (() => void)[] = []
  /** Durable, and not acted on yet. */
  const written = new Map<number, LogRecord>()
  const inFlight = new Map<string, Promise<TurnResult>>()
  const settledWaiters = new Map<number, (() => void)[]>()
  let idleWaiters: (() => void)[] = []
  const writtenWaiters: (() => void)[] = []

  for await (const { line } of log.read()) fold(JSON.parse(line) as LogRecord)
  next = log.head.seq + 1
  state = 'open'
  for (const tell of [...ledger.tells.values()]) takeTold(tell)
  for (const timer of ledger.timers.values()) runner.arm(timer)
  for (const effect of ledger.effects.values()) runner.start(effect, true)

  const system: System = {
    take(turn, { settled = false } = {}) {
      if (state === 'closing') {
        return Promise.reject(new SystemError('TOWN_CLOSING', 'The town is closing; nothing was changed.'))
      }
      const known = inFlight.get(turn.id)
      if (known !== undefined) return known
      if (pending + waiting.length >= TURNS_PENDING_MAX) {
        return Promise.reject(new SystemError('TOWN_BUSY', 'Too much waits to be written; try again in 1 s.'))
      }
      const result = takeOnce(turn).then(async (taken) => {
        const correlation = taken.accepted ? taken.records[0]?.correlation : undefined
        if (settled && correlation !== undefined) await whenSettled(correlation)
        return taken
      })
      inFlight.set(turn.id, result)
      const forget = () => inFlight.delete(turn.id)
      result.then(forget, forget)
      return result
    },
    owner: (address) => owners.get(address),
    owners: () => owners.all(),
    openEffects: () =>
      [...ledger.effects.values()].map(({ id, kind, params, actor }) => ({
        id,
        kind,
        params,
        actor,
        again: false,
        signal: new AbortController().signal,
      })),
    openTimers: () =>
      [...ledger.timers.values()].map(({ id, actor, event, dueAt }) => ({ id, actor, event, dueAt })),
    get seq() {
      return folded
    },
    idle: () =>
      pending === 0 && ledger.tells.size === 0 && waiting.length === 0
        ? Promise.resolve()
        : new Promise((resolve) => idleWaiters.push(resolve)),
    async close() {
      if (state === 'closing') return
      state = 'closing'
      runner.stop()
      await whenWritten()
    },
    async pause(between) {
      if (state !== 'open')
        throw new SystemError('TOWN_CLOSING', 'The log is not at hand; nothing was changed.')
      state = 'paused'
      await whenWritten()
      await log.reopen(between)
      await goOn()
    },
  }
  return system

  // --- one turn -----------------------------------------------------------------------------------------------

  async function takeOnce(turn: Turn): Promise<TurnResult> {
    if (state !== 'open') await new Promise<void>((resolve) => waiting.push(resolve))
    const before = await log.find(turn.id)
    if (before !== undefined) return { accepted: true, records: await recordsOf(before), repeated: true }
    // The log may have gone away while we looked.
    if (state !== 'open') return takeOnce(turn)
    const origin = { by: turn.by, cause: null, correlation: null, settles: null }
    const decided = decideTurn({
      messages: turn.messages,
      position: position(),
      origin,
      machines,
      owners,
      decider,
    })
    if (decided.kind === 'refused') return { accepted: false, to: decided.to, refusal: decided.refusal }
    if (decided.records.length === 0) return { accepted: true, records: [], repeated: false }
    await write(decided.records, turn.id)
    return { accepted: true, records: decided.records, repeated: false }
  }

  /** What the log itself promised: an answer, a due timer, a tell. Settled by one record, whatever is decided. */
  function takePromised(
    id: string,
    messages: readonly { readonly to: Address; readonly message: AnyMessage }[],
    origin: Origin & { readonly settles: string },
    refuseWith: string | null = null,
  ): void {
    if (state !== 'open' || !ledger.isOpen(id)) return
    const decided =
      refuseWith === null
        ? decideTurn({ messages, position: position(), origin, machines, owners, decider })
        : ({
            kind: 'refused',
            to: messages[0]?.to ?? '',
            refusal: { code: refuseWith, message: 'This chain of messages does not end; it was cut.' },
          } as const)
    // A failed append leaves the promise open: it is kept again once the log is back.
    const keep = (records: readonly LogRecord[]) =>
      void write(records, id).catch(() => {
        if (ledger.effects.has(id)) waiting.push(() => takePromised(id, messages, origin, refuseWith))
      })
    if (decided.kind === 'records' && decided.records.length > 0) return keep(decided.records)
    const first = messages[0] as (typeof messages)[number]
    const refused = decided.kind === 'refused' ? decided : null
    const record = refusalRecord({
      to: refused?.to ?? first.to,
      message: (messages.find(({ to }) => to === refused?.to) ?? first).message,
      refusal: refused?.refusal ?? { code: 'NOTHING', message: 'Nothing came of it.' },
      position: position(),
      origin,
      owners,
    })
    keep([record])
  }

  function takeTold(tell: OpenTell): void {
    const by = tell.actor
    const origin = { by, cause: tell.seq, correlation: tell.correlation, settles: tell.id }
    takePromised(tell.id, tell.messages, origin, tell.depth > TELLS_IN_A_ROW_MAX ? 'TOO_MANY_IN_A_ROW' : null)
  }

  function answer({ id, message, by }: Answer): void {
    const asked = ledger.effects.get(id) ?? ledger.timers.get(id)
    if (asked === undefined) return
    if (state !== 'open') {
      waiting.push(() => answer({ id, message, by }))
      return
    }
    const origin = { by, cause: asked.seq, correlation: asked.correlation, settles: id }
    takePromised(id, [{ to: asked.actor, message }], origin)
  }

  // --- append, then act ---------------------------------------------------------------------------------------

  function position() {
    const now = new Date(clock.now()).toISOString()
    return { seq: next, at: now > lastAt ? now : lastAt }
  }

  async function write(records: readonly LogRecord[], id: string): Promise<void> {
    const first = records[0] as LogRecord
    next = first.seq + records.length
    lastAt = first.at
    pending += 1
    try {
      const entries = records.map(({ seq: _, ...entry }) => entry)
      await log.append(entries, { id, expected: first.seq - 1 })
    } catch (error) {
      pending -= 1
      recover(error)
      wakeIdle()
      throw new SystemError(
        'TURN_UNKNOWN',
        'The log could not be written; ask again with the same id.',
        error,
      )
    }
    pending -= 1
    for (const record of records) written.set(record.seq, record)
    for (let record = takeNext(); record !== undefined; record = takeNext()) act(record)
    wakeIdle()
  }

  /** Durable records are acted on in order, whatever order their commits are reported in. */
  function takeNext(): LogRecord | undefined {
    const record = written.get(folded + 1)
    written.delete(folded + 1)
    return record
  }

  /** A record is durable: fold it, show it, and do what it asks. */
  function act(record: LogRecord): void {
    const change = fold(record)
    for (const id of change.closed) runner.drop(id)
    for (const timer of change.timers) runner.arm(timer)
    for (const effect of change.effects) runner.start(effect, false)
    for (const tell of change.tells) takeTold(tell)
    if (ledger.tellsOf(record.correlation) === 0) {
      for (const wake of settledWaiters.get(record.correlation) ?? []) wake()
      settledWaiters.delete(record.correlation)
    }
  }

  function fold(record: LogRecord) {
    if (record.seq !== folded + 1) throw new Error(`Broken invariant: record ${record.seq} follows ${folded}`)
    folded = record.seq
    lastAt = record.at
    owners.fold(record)
    const change = ledger.apply(record)
    try {
      onRecord(record)
    } catch (error) {
      // A fold that fails shows less than there is; it must not stop what the log has promised.
      onTrouble(new Error(`Record ${record.seq} could not be shown.`, { cause: error }))
    }
    return change
  }

  // --- when the log fails -------------------------------------------------------------------------------------

  function recover(cause: unknown): void {
    // While paused, pause() itself opens the log again.
    if (state !== 'open') return
    const fatal =
      cause instanceof LogError && (cause.code === 'LOG_CLOSED' || cause.code === 'EXPECTED_POSITION')
    state = 'recovering'
    onTrouble(cause instanceof Error ? cause : new Error(String(cause)))
    if (fatal) return
    void (async () => {
      await whenWritten()
      await log.reopen()
      await goOn()
    })().catch((error: unknown) => onTrouble(error instanceof Error ? error : new Error(String(error))))
  }

  /** The log is back: owners go back to what it holds, what it holds beyond us is folded, promises are kept. */
  async function goOn(): Promise<void> {
    for (const address of owners.rollBack()) decider.reset(address)
    for await (const { line } of log.read({ after: folded })) {
      const change = fold(JSON.parse(line) as LogRecord)
      for (const id of change.closed) runner.drop(id)
    }
    next = folded + 1
    written.clear()
    state = 'open'
    for (const timer of ledger.timers.values()) runner.arm(timer)
    for (const effect of ledger.effects.values()) runner.start(effect, true)
    for (const tell of [...ledger.tells.values()]) takeTold(tell)
    for (const wake of waiting.splice(0)) wake()
    wakeIdle()
  }

  // --- waiting ------------------------------------------------------------------------------------------------

  async function recordsOf({ first, last }: { first: number; last: number }): Promise<LogRecord[]> {
    const records: LogRecord[] = []
    for await (const { line } of log.read({ after: first - 1, to: last }))
      records.push(JSON.parse(line) as LogRecord)
    return records
  }

  function whenSettled(correlation: number): Promise<void> {
    if (ledger.tellsOf(correlation) === 0) return Promise.resolve()
    return new Promise((resolve) => {
      settledWaiters.set(correlation, [...(settledWaiters.get(correlation) ?? []), resolve])
    })
  }

  function whenWritten(): Promise<void> {
    return pending === 0 ? Promise.resolve() : new Promise((resolve) => writtenWaiters.push(resolve))
  }

  function wakeIdle(): void {
    if (pending > 0) return
    for (const wake of writtenWaiters.splice(0)) wake()
    if (ledger.tells.size > 0 || waiting.length > 0) return
    const waiters = idleWaiters
    idleWaiters = []
    for (const wake of waiters) wake()
  }
}
