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
//
//   The other rules: SPEC.md beside this file.

import { LogError } from '../../eventlog/types.ts'
import type { Address, AnyMessage, LogRecord, Refusal } from '../events/record.ts'
import { recordOf } from '../events/upcasters.ts'
import {
  ENDLESS,
  FATAL,
  isUnfit,
  MIGRATED_AT_ONCE,
  OPEN_AGAIN_MS,
  PROMISE,
  promiseId,
  TELLS_IN_A_ROW_MAX,
  TURNS_PENDING_MAX,
} from './bounds.ts'
import { createDecider } from './decide.ts'
import { createLedger, type OpenTell } from './ledger.ts'
import { migrationRecords, ownersBehind } from './migrate.ts'
import { createOwners } from './owners.ts'
import { type Answer, createRunner } from './runner.ts'
import { decideTurn, heardRefusal, type Origin, refusalRecord } from './turns.ts'
import { type System, SystemError, type SystemOptions, type Turn, type TurnResult } from './types.ts'
import { createWaiters } from './waiters.ts'

/** Folds the whole log, then goes on from there: open tells are told, effects carried out, timers armed. */
export async function openSystem(options: SystemOptions): Promise<System> {
  const { log, clock, machines, perform, onRecord } = options
  const onTrouble = options.onTrouble ?? (() => {})
  const owners = createOwners()
  const ledger = createLedger()
  const decider = createDecider()
  // Until TownStarted says for how long nobody was there, nothing after the last record counts.
  let awayMs = 0
  const runner = createRunner({ clock, ledger, perform, awayMs: () => awayMs, onAnswer: answer })

  let folded = 0
  let lastAt = ''
  let foldedAt = ''
  let next = 1
  let pending = 0
  let state: 'opening' | 'open' | 'recovering' | 'paused' | 'closing' = 'opening'
  /** `log`: turns that came while it was away, taken in order when it is back. */
  const waiters = createWaiters<'log' | 'written' | 'idle'>()
  /** By correlation. */
  const settling = createWaiters<number>()
  /** Durable, and not acted on yet. */
  const written = new Map<number, LogRecord>()
  /** Promises whose answer led to records that the log would not take: they are settled as refused. */
  const unfit = new Map<string, string>()
  const inFlight = new Map<string, Promise<TurnResult>>()

  if (options.from !== undefined) {
    folded = options.from.seq
    lastAt = options.from.at
    foldedAt = options.from.at
    owners.load(options.from.owners)
    ledger.load(options.from.ledger)
  }
  for await (const { line } of log.read({ after: folded })) fold(recordOf(line))
  next = log.head.seq + 1
  if (lastAt !== '') awayMs = Math.max(0, clock.now() - Date.parse(lastAt))
  const openedAfterMs = awayMs
  await bringAlong()
  state = 'open'
  keepPromises()

  const system: System = {
    take(turn, { settled = false } = {}) {
      if (state === 'closing') {
        return Promise.reject(new SystemError('TOWN_CLOSING', 'The town is closing; nothing was changed.'))
      }
      if (turn.id.startsWith(PROMISE))
        return Promise.reject(new RangeError(`No turn may be called ${turn.id}.`))
      const known = inFlight.get(turn.id)
      if (known !== undefined) return known
      if (inFlight.size >= TURNS_PENDING_MAX) {
        return Promise.reject(new SystemError('TOWN_BUSY', 'Too much waits to be written; try again in 1 s.'))
      }
      const result = takeOnce(turn).then(async (taken) => {
        const correlation = taken.accepted ? taken.records[0]?.correlation : undefined
        if (settled && correlation !== undefined) await whenSettled(correlation)
        return taken
      })
      inFlight.set(turn.id, result)
      const forget = () => {
        inFlight.delete(turn.id)
        wakeIdle()
      }
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
    openedAfterMs,
    checkpoint: () => ({ seq: folded, at: foldedAt, owners: owners.save(), ledger: ledger.save() }),
    idle: () => (isIdle() ? Promise.resolve() : waiters.wait('idle')),
    async close() {
      if (state === 'closing') return
      stop()
      await whenWritten()
    },
    async pause(between) {
      if (state !== 'open')
        throw new SystemError('TOWN_CLOSING', 'The log is not at hand; nothing was changed.')
      state = 'paused'
      await whenWritten()
      let failure: { readonly error: unknown } | null = null
      try {
        await log.reopen(async () => {
          try {
            await between()
          } catch (error) {
            failure = { error }
          }
        })
        await goOn()
      } catch (error) {
        // The log did not come back; it is asked for until it does.
        if (state === 'paused') state = 'open'
        recover(error)
      }
      if (failure !== null) throw (failure as { readonly error: unknown }).error
    },
  }
  return system

  // --- a newer build ------------------------------------------------------------------------------------------

  /** Owners that live are brought to the versions of this build, ahead of every other record. */
  async function bringAlong(): Promise<void> {
    const behind = ownersBehind(owners.all(), machines)
    await options.beforeFirstRecord?.({ seq: folded, migrates: behind.length })
    for (let n = 0; n < behind.length; n += MIGRATED_AT_ONCE) {
      const records = migrationRecords(behind.slice(n, n + MIGRATED_AT_ONCE), position())
      await write(records, `${PROMISE}migrate.${next}`)
    }
  }

  // --- one turn -----------------------------------------------------------------------------------------------

  async function takeOnce(turn: Turn): Promise<TurnResult> {
    if (state !== 'open' && state !== 'closing') await waiters.wait('log')
    if (state === 'closing')
      throw new SystemError('TOWN_CLOSING', 'The town is closing; nothing was changed.')
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
    cut: Refusal | null = null,
  ): void {
    if (state !== 'open' || !ledger.awaits(id)) return
    const refusal = unfit.has(id)
      ? { code: unfit.get(id) ?? '', message: 'What came of it is too large to be written.' }
      : cut
    const decided =
      refusal === null
        ? decideTurn({ messages, position: position(), origin, machines, owners, decider })
        : ({ kind: 'refused', to: messages[0]?.to ?? '', refusal } as const)
    // A failed append leaves the promise open: it is kept again once the log is back.
    const keep = (records: readonly LogRecord[]) =>
      void write(records, promiseId(id)).catch((error: unknown) => {
        if (isUnfit(error)) unfit.set(id, error.code)
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
    // Who asked for a turn may have to undo something: the Mayor a place it gave away. A chain that was cut ends here.
    const told = refused !== null && refusal !== ENDLESS && ledger.tells.has(id)
    keep(
      told ? [record, ...heardRefusal({ record, refused, messages, machines, owners, decider })] : [record],
    )
  }

  function takeTold(tell: OpenTell): void {
    const by = tell.actor
    const origin = { by, cause: tell.seq, correlation: tell.correlation, settles: tell.id }
    takePromised(tell.id, tell.messages, origin, tell.depth > TELLS_IN_A_ROW_MAX ? ENDLESS : null)
  }

  function answer({ id, message, by }: Answer): void {
    const asked = ledger.effects.get(id) ?? ledger.timers.get(id)
    // While the log is away the runner keeps the answer, and gives it again.
    if (asked === undefined) return
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
    for (const record of records) ledger.propose(record)
    try {
      const entries = records.map(({ seq: _, ...entry }) => entry)
      const appended = await log.append(entries, { id, expected: first.seq - 1 })
      if (appended.first !== first.seq)
        throw new Error(`Broken invariant: ${id} was written at ${appended.first}, not at ${first.seq}`)
    } catch (error) {
      pending -= 1
      recover(error)
      wakeIdle()
      // This one is known not to have been written; only what stood on it has to be decided again.
      if (isUnfit(error)) throw error
      throw new SystemError(
        'TURN_UNKNOWN',
        'The log could not be written; ask again with the same id.',
        error,
      )
    }
    pending -= 1
    for (const record of records) written.set(record.seq, record)
    try {
      for (let record = takeNext(); record !== undefined; record = takeNext()) act(record)
    } catch (error) {
      onTrouble(error instanceof Error ? error : new Error(String(error)))
      stop()
    }
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
    for (const timer of change.timers) runner.arm(timer, 'now')
    if (change.unwatched) {
      awayMs = 0
      runner.armAnew()
    }
    for (const effect of change.effects) runner.start(effect, false)
    for (const tell of change.tells) takeTold(tell)
    wakeSettled(record.correlation)
  }

  function fold(record: LogRecord) {
    if (record.seq !== folded + 1) throw new Error(`Broken invariant: record ${record.seq} follows ${folded}`)
    folded = record.seq
    // Decisions that are being written may have a later time already.
    if (record.at > lastAt) lastAt = record.at
    foldedAt = record.at
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
    const error = cause instanceof Error ? cause : new Error(String(cause))
    onTrouble(error)
    if (!(error instanceof LogError) || FATAL.has(error.code)) return stop()
    state = 'recovering'
    void whenWritten().then(() => {
      setBack()
      openAgain()
    })
  }

  /** Every owner is where its last durable record left it. */
  function setBack(): void {
    for (const address of owners.rollBack()) decider.reset(address)
    ledger.rollBack()
    written.clear()
  }

  /** Asks for the log until it is back; what needs it waits. */
  function openAgain(): void {
    if (state !== 'recovering') return
    log
      .reopen()
      .then(goOn)
      .catch((error: unknown) => {
        onTrouble(error instanceof Error ? error : new Error(String(error)))
        if (!(error instanceof LogError) || FATAL.has(error.code)) return stop()
        clock.after(OPEN_AGAIN_MS, openAgain)
      })
  }

  /** The log is back: owners go back to what it holds, what it holds beyond us is folded, promises are kept. */
  async function goOn(): Promise<void> {
    setBack()
    for await (const { line } of log.read({ after: folded })) {
      const change = fold(recordOf(line))
      for (const id of change.closed) runner.drop(id)
    }
    next = folded + 1
    if (state === 'closing') return
    state = 'open'
    keepPromises()
    for (const correlation of settling.keys()) wakeSettled(correlation)
    waiters.wake('log')
    wakeIdle()
  }

  /** Whatever is open and not under way: told, armed, carried out; answers that were not written are given again. */
  function keepPromises(): void {
    for (const tell of [...ledger.tells.values()]) takeTold(tell)
    for (const timer of [...ledger.timers.values()]) runner.arm(timer, 'before')
    for (const effect of [...ledger.effects.values()]) runner.start(effect, true)
  }

  /** Nothing is taken or carried out any more, and nobody is left waiting. */
  function stop(): void {
    state = 'closing'
    runner.stop()
    waiters.wake('log')
    for (const correlation of settling.keys()) wakeSettled(correlation)
    wakeIdle()
  }

  // --- waiting ------------------------------------------------------------------------------------------------

  async function recordsOf({ first, last }: { first: number; last: number }): Promise<LogRecord[]> {
    const records: LogRecord[] = []
    for await (const { line } of log.read({ after: first - 1, to: last })) records.push(recordOf(line))
    return records
  }

  function whenSettled(correlation: number): Promise<void> {
    const settled = ledger.tellsOf(correlation) === 0 || state === 'closing'
    return settled ? Promise.resolve() : settling.wait(correlation)
  }

  function wakeSettled(correlation: number): void {
    if (ledger.tellsOf(correlation) === 0 || state === 'closing') settling.wake(correlation)
  }

  /** Once closing, tells wait for the next start. */
  function isIdle(): boolean {
    return pending === 0 && inFlight.size === 0 && (ledger.tells.size === 0 || state === 'closing')
  }

  function whenWritten(): Promise<void> {
    return pending === 0 ? Promise.resolve() : waiters.wait('written')
  }

  function wakeIdle(): void {
    if (pending === 0) waiters.wake('written')
    if (isIdle()) waiters.wake('idle')
  }
}
