// The system: takes turns, appends, and only then acts.
//
// Owns:      the order decide -> append -> fold -> tell, start, answer; who waits for what comes of a turn.
// Does not:  know any role, any file, any clock but the one it is handed; write (writer.ts).
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

import type { Address, AnyMessage, LogRecord, Refusal } from '../events/record.ts'
import { recordOf } from '../events/upcasters.ts'
import {
  ENDLESS,
  isUnfit,
  MIGRATED_AT_ONCE,
  PROMISE,
  promiseId,
  TELLS_IN_A_ROW_MAX,
  TURNS_PENDING_MAX,
} from './bounds.ts'
import { createKnown } from './known.ts'
import type { LedgerChange, OpenTell } from './ledger.ts'
import { migrationRecords, ownersBehind } from './migrate.ts'
import { foldWhole } from './opening.ts'
import { recordsIn } from './records-in.ts'
import { type Answer, createRunner } from './runner.ts'
import { decideTurn, heardRefusal, type Origin, refusalRecord } from './turns.ts'
import { type System, SystemError, type SystemOptions, type Turn, type TurnResult } from './types.ts'
import { createWaiters } from './waiters.ts'
import { createWriter } from './writer.ts'

/** Folds the whole log, then goes on from there: open tells are told, effects carried out, timers armed. */
export async function openSystem(options: SystemOptions): Promise<System> {
  const { log, clock, machines, perform, hold, onRecord } = options
  const onTrouble = options.onTrouble ?? (() => {})
  const known = createKnown(options.from ?? (await foldWhole(log, showOpening)))
  const { owners, ledger, decider } = known
  // Until TownStarted says for how long nobody was there, nothing after the last record counts.
  let awayMs = 0
  const { timersFrom, watch } = options
  const runner = createRunner({
    clock,
    ledger,
    perform,
    hold,
    awayMs: () => awayMs,
    timersFrom,
    watch,
    onAnswer: answer,
  })

  const writer = createWriter({
    log,
    clock,
    known,
    onDurable: act,
    onFound: foldOnly,
    onBack: goOn,
    onClose: stop,
    onEnded: wakeIdle,
    onTrouble,
  })

  const resting = createWaiters<'idle'>()
  /** By correlation. */
  const settling = createWaiters<number>()
  /** Promises whose answer led to records that the log would not take: they are settled as refused. */
  const unfit = new Map<string, string>()
  const inFlight = new Map<string, Promise<TurnResult>>()

  for await (const piece of log.pieces({ after: known.seq }))
    for (const record of recordsIn(piece)) fold(record)
  if (known.at !== '') awayMs = Math.max(0, clock.now() - Date.parse(known.at))
  const openedAfterMs = awayMs
  await bringAlong()
  await writeFirst()
  writer.open()
  keepPromises()

  const system: System = {
    take(turn, { settled = false } = {}) {
      if (writer.state === 'closing') {
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
    living: (machine) => owners.living(machine),
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
      return known.seq
    },
    openedAfterMs,
    checkpoint: known.checkpoint,
    state: known.state,
    settled: whenSettled,
    restart,
    idle: () => (isIdle() ? Promise.resolve() : resting.wait('idle')),
    async close() {
      if (writer.state === 'closing') return
      writer.close()
      await writer.whenWritten()
    },
    pause: writer.pause,
  }
  return system

  // --- a newer build ------------------------------------------------------------------------------------------

  /** Owners that live are brought to the versions of this build, ahead of every other record. */
  async function bringAlong(): Promise<void> {
    const behind = ownersBehind(owners.recent(), machines)
    await options.beforeFirstRecord?.({ seq: known.seq, migrates: behind.length })
    for (let n = 0; n < behind.length; n += MIGRATED_AT_ONCE) {
      const position = known.position(clock.now())
      const records = migrationRecords(behind.slice(n, n + MIGRATED_AT_ONCE), position)
      await writer.write(records, `${PROMISE}migrate.${position.seq}`)
    }
  }

  /** What stands ahead of everything that the fold left open: the first record of a fork. */
  async function writeFirst(): Promise<void> {
    if (options.first === undefined) return
    const { id, by, messages } = options.first(known.checkpoint())
    const origin = { by, cause: null, correlation: null, settles: null }
    const position = known.position(clock.now())
    const decided = decideTurn({ messages, position, origin, machines, owners, decider })
    if (decided.kind === 'refused') {
      const { code, message } = decided.refusal
      throw new SystemError('FIRST_REFUSED', `${decided.to} refused (${code}): ${message}`)
    }
    await writer.write(decided.records, id)
  }

  // --- one turn -----------------------------------------------------------------------------------------------

  async function takeOnce(turn: Turn): Promise<TurnResult> {
    if (writer.state !== 'open' && writer.state !== 'closing') await writer.whenAtHand()
    if (writer.state === 'closing')
      throw new SystemError('TOWN_CLOSING', 'The town is closing; nothing was changed.')
    const before = await log.find(turn.id)
    if (before !== undefined) return { accepted: true, records: await recordsOf(before), repeated: true }
    // The log may have gone away while we looked.
    if (writer.state !== 'open') return takeOnce(turn)
    const origin = { by: turn.by, cause: null, correlation: null, settles: null }
    const decided = decideTurn({
      messages: turn.messages,
      position: known.position(clock.now()),
      origin,
      machines,
      owners,
      decider,
    })
    if (decided.kind === 'refused') return { accepted: false, to: decided.to, refusal: decided.refusal }
    if (decided.records.length === 0) return { accepted: true, records: [], repeated: false }
    await writer.write(decided.records, turn.id)
    return { accepted: true, records: decided.records, repeated: false }
  }

  /** What the log itself promised: an answer, a due timer, a tell. Settled by one record, whatever is decided. */
  function takePromised(
    id: string,
    messages: readonly { readonly to: Address; readonly message: AnyMessage }[],
    origin: Origin & { readonly settles: string },
    cut: Refusal | null = null,
  ): void {
    if (writer.state !== 'open' || !ledger.awaits(id)) return
    const refusal = unfit.has(id)
      ? { code: unfit.get(id) ?? '', message: 'What came of it is too large to be written.' }
      : cut
    const decided =
      refusal === null
        ? decideTurn({ messages, position: known.position(clock.now()), origin, machines, owners, decider })
        : ({ kind: 'refused', to: messages[0]?.to ?? '', refusal } as const)
    // A failed append leaves the promise open: it is kept again once the log is back.
    const keep = (records: readonly LogRecord[]) =>
      void writer.write(records, promiseId(id)).catch((error: unknown) => {
        if (isUnfit(error)) unfit.set(id, error.code)
      })
    if (decided.kind === 'records' && decided.records.length > 0) return keep(decided.records)
    const first = messages[0] as (typeof messages)[number]
    const refused = decided.kind === 'refused' ? decided : null
    const record = refusalRecord({
      to: refused?.to ?? first.to,
      message: (messages.find(({ to }) => to === refused?.to) ?? first).message,
      refusal: refused?.refusal ?? { code: 'NOTHING', message: 'Nothing came of it.' },
      position: known.position(clock.now()),
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

  // --- what is durable ----------------------------------------------------------------------------------------

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
    for (const tell of change.tells) bring(tell)
    wakeSettled(record.correlation)
  }

  /** To those it is for; each is decided once, however often it is brought. */
  function bring(tell: OpenTell): void {
    const { id, actor } = tell
    watch?.waits({ id, actor, what: `tell ${tell.messages[0]?.message.type ?? ''}` }, 0)
    if (options.deliver === undefined) takeTold(tell)
    else options.deliver({ id, actor }, () => takeTold(tell))
  }

  function restart(address: Address, promises: readonly string[]): { again: string[]; over: string[] } {
    const again: string[] = []
    const over: string[] = []
    decider.reset(address)
    for (const id of promises) {
      const tell = ledger.tells.get(id)
      const timer = ledger.timers.get(id)
      const effect = ledger.effects.get(id)
      const isIts = (tell ?? timer ?? effect)?.actor === address && ledger.awaits(id)
      if (isIts) again.push(id)
      else over.push(id)
      if (!isIts) continue
      if (tell !== undefined) bring(tell)
      if (timer !== undefined) runner.armForNow(timer)
      if (effect !== undefined) runner.expire(effect)
    }
    return { again, over }
  }

  /** It was written when nobody could act on it: what it asks for is open, and kept when the log is back. */
  function foldOnly(record: LogRecord): void {
    for (const id of fold(record).closed) runner.drop(id)
  }

  function fold(record: LogRecord): LedgerChange {
    const change = known.fold(record)
    show(record.seq, () => onRecord(record))
    return change
  }

  /** A fold that fails shows less than there is; it must not stop what the log has promised. */
  function show(seq: number, shown: () => void): void {
    try {
      shown()
    } catch (error) {
      onTrouble(new Error(`Record ${seq} could not be shown.`, { cause: error }))
    }
  }

  function showOpening(records: readonly LogRecord[]): void {
    const { onOpening } = options
    if (onOpening !== undefined) show(records[0]?.seq ?? 0, () => onOpening(records))
    else for (const record of records) show(record.seq, () => onRecord(record))
  }

  function goOn(): void {
    keepPromises()
    for (const correlation of settling.keys()) wakeSettled(correlation)
    wakeIdle()
  }

  /** Whatever is open and not under way: told, armed, carried out; answers that were not written are given again. */
  function keepPromises(): void {
    for (const tell of [...ledger.tells.values()]) bring(tell)
    for (const timer of [...ledger.timers.values()]) runner.arm(timer, 'before')
    for (const effect of [...ledger.effects.values()]) runner.start(effect, true)
  }

  /** Nothing is taken or carried out any more, and nobody is left waiting. */
  function stop(): void {
    runner.stop()
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
    const settled = ledger.tellsOf(correlation) === 0 || writer.state === 'closing'
    return settled ? Promise.resolve() : settling.wait(correlation)
  }

  function wakeSettled(correlation: number): void {
    if (ledger.tellsOf(correlation) === 0 || writer.state === 'closing') settling.wake(correlation)
  }

  /** Once closing, tells wait for the next start. */
  function isIdle(): boolean {
    return (
      writer.pending === 0 && inFlight.size === 0 && (ledger.tells.size === 0 || writer.state === 'closing')
    )
  }

  function wakeIdle(): void {
    if (isIdle()) resting.wake('idle')
  }
}
