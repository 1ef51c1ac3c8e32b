// The writer: appends what was decided, hands on what is durable, and gets back a log that failed.
//
// Owns:      the commits in flight; whether the log is at hand; the way back from a failed append.
// Does not:  decide, or know what a record asks for.
// Crosses:   write() on the way in; onDurable, onFound and onBack on the way out.
//
//   Durable records are handed on in their order, whatever order their commits are reported in (SYS-1). After a failed
//   append what is known goes back to what is durable, then the log is asked for until it is back (SYS-4, SYS-14).

import { type EventLog, LogError } from '../../eventlog/types.ts'
import type { LogRecord } from '../events/record.ts'
import { recordOf } from '../events/upcasters.ts'
import type { Clock } from '../ports/clock.ts'
import { FATAL, isUnfit, OPEN_AGAIN_MS } from './bounds.ts'
import type { Known } from './known.ts'
import { SystemError } from './types.ts'
import { createWaiters } from './waiters.ts'

export interface Writer {
  readonly state: 'opening' | 'open' | 'recovering' | 'paused' | 'closing'
  /** Commits in flight. */
  readonly pending: number
  /** What is known is what the log holds: turns may be taken. */
  open(): void
  /**
   * One turn's records, together or not at all. Resolves when they are durable and handed on.
   * Rejects with what the log says of records that it would never take, and with TURN_UNKNOWN otherwise.
   */
  write(records: readonly LogRecord[], id: string): Promise<void>
  /** Resolves when no commit is in flight. */
  whenWritten(): Promise<void>
  /** Resolves when the log may be at hand, or the town closes. */
  whenAtHand(): Promise<void>
  /** Lets go of the log for as long as `between` runs. */
  pause(between: () => Promise<void>): Promise<void>
  /** Nothing new is written any more. */
  close(): void
}

export function createWriter(options: {
  readonly log: EventLog
  readonly clock: Clock
  readonly known: Known
  /** It was written just now. Throws: nothing that this process decides could be trusted, and it closes. */
  readonly onDurable: (record: LogRecord) => void
  /** It had been written all the same when its append failed. */
  readonly onFound: (record: LogRecord) => void
  /** The log is at hand again. */
  readonly onBack: () => void
  readonly onClose: () => void
  /** A commit has ended, well or not. */
  readonly onEnded: () => void
  readonly onTrouble: (trouble: Error) => void
}): Writer {
  const { log, clock, known, onDurable, onFound, onBack, onClose, onEnded, onTrouble } = options
  let state: Writer['state'] = 'opening'
  let pending = 0
  /** Durable, and not handed on yet. */
  const written = new Map<number, LogRecord>()
  const waiters = createWaiters<'log' | 'written'>()

  return {
    get state() {
      return state
    },
    get pending() {
      return pending
    },
    open() {
      state = 'open'
    },
    write,
    whenWritten,
    whenAtHand: () => waiters.wait('log'),
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
    close,
  }

  async function write(records: readonly LogRecord[], id: string): Promise<void> {
    const first = records[0] as LogRecord
    known.propose(records)
    pending += 1
    try {
      const entries = records.map(({ seq: _, ...entry }) => entry)
      const appended = await log.append(entries, { id, expected: first.seq - 1 })
      if (appended.first !== first.seq)
        throw new Error(`Broken invariant: ${id} was written at ${appended.first}, not at ${first.seq}`)
    } catch (error) {
      pending -= 1
      recover(error)
      ended()
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
      for (let record = takeNext(); record !== undefined; record = takeNext()) onDurable(record)
    } catch (error) {
      onTrouble(asError(error))
      close()
    }
    ended()
  }

  function takeNext(): LogRecord | undefined {
    const seq = known.seq + 1
    const record = written.get(seq)
    written.delete(seq)
    return record
  }

  function ended(): void {
    if (pending === 0) waiters.wake('written')
    onEnded()
  }

  function whenWritten(): Promise<void> {
    return pending === 0 ? Promise.resolve() : waiters.wait('written')
  }

  // --- when the log fails -------------------------------------------------------------------------------------

  function recover(cause: unknown): void {
    // While paused, pause() itself opens the log again.
    if (state !== 'open') return
    if (isTheEnd(cause)) return close()
    state = 'recovering'
    void whenWritten().then(() => {
      setBack()
      openAgain()
    })
  }

  function isTheEnd(cause: unknown): boolean {
    const error = asError(cause)
    onTrouble(error)
    return !(error instanceof LogError) || FATAL.has(error.code)
  }

  function setBack(): void {
    known.setBack()
    written.clear()
  }

  /** Asks for the log until it is back; what needs it waits. */
  function openAgain(): void {
    if (state !== 'recovering') return
    log
      .reopen()
      .then(goOn)
      .catch((error: unknown) => {
        if (isTheEnd(error)) return close()
        clock.after(OPEN_AGAIN_MS, openAgain)
      })
  }

  /** The log is back: what it holds beyond us is found, and everybody goes on. */
  async function goOn(): Promise<void> {
    setBack()
    for await (const { line } of log.read({ after: known.seq })) onFound(recordOf(line))
    if (state === 'closing') return
    state = 'open'
    onBack()
    waiters.wake('log')
  }

  /** Whoever waits for the log hears of it. */
  function close(): void {
    state = 'closing'
    onClose()
    waiters.wake('log')
  }
}

const asError = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)))
