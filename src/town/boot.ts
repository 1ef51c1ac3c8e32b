// The watch that tells Boot what is late: one timer of the process, and none when nothing is open.
//
// Owns:      by when each open promise must have been kept.
// Does not:  decide what is done about one that was not (src/actors/boot), or know what it is about.
// Always:    time is watched time (`elapsed`), and when the watch itself comes late nobody is called late for that.

import { BOOT, MAYOR } from '../events/address.ts'
import type { Address, LogRecord } from '../events/record.ts'
import type { Clock } from '../ports/clock.ts'
import { type DispatchRows, dispatchQueue, queuedBead } from '../projections/dispatch.ts'
import { type System, SystemError, type Watch } from '../system/types.ts'

/** So long past its time something is stale, ms. */
const GRACE_MS = 5 * 60_000
/** A watch that comes later than this has slept, or everybody was kept from working, ms. */
const LATE_MS = 10_000
/** It is said once, and once more when it is still so. */
const SAID_MAX = 2
const SAID_AT_ONCE = 100

export interface BootWatch extends Watch {
  /** Is shown every record, after the projections have it. */
  record(record: LogRecord): void
  /** From now on Boot is told. */
  begin(system: System): void
  close(): void
}

type Open = { readonly actor: Address; readonly what: string; dueAt: number; said: number }

export function createBootWatch(options: {
  readonly clock: Pick<Clock, 'after'>
  /** ms since whenever; stands still while the machine sleeps. */
  readonly elapsed: () => number
  readonly dispatch: () => DispatchRows
  readonly onTrouble: (code: string, message: string) => void
}): BootWatch {
  const { clock, elapsed, dispatch, onTrouble } = options
  const open = new Map<string, Open>()
  let timer: { readonly at: number; readonly callOff: () => void } | null = null
  let system: System | null = null
  let closed = false

  const askAt = ({ dueAt, said }: Open): number => dueAt + GRACE_MS * (said + 1)

  function setTimer(at: number): void {
    if (closed || (timer !== null && timer.at <= at)) return
    timer?.callOff()
    timer = { at, callOff: clock.after(Math.max(0, at - elapsed()), look) }
  }

  function look(): void {
    const now = elapsed()
    const lateMs = now - (timer?.at ?? now)
    timer = null
    if (closed) return
    // What fell due meanwhile has only now a chance to be kept.
    if (lateMs > LATE_MS) for (const one of open.values()) one.dueAt += lateMs + GRACE_MS
    const stale = new Map<Address, { id: string; what: string; lateMs: number }[]>()
    for (const [id, one] of open) {
      if (askAt(one) > now) continue
      if (id.startsWith(DISPATCH) && !isReady(id.slice(DISPATCH.length))) {
        open.delete(id)
        continue
      }
      one.said += 1
      const found = stale.get(one.actor) ?? []
      stale.set(one.actor, found)
      if (found.length < SAID_AT_ONCE) found.push({ id, what: one.what, lateMs: Math.round(now - one.dueAt) })
    }
    for (const [role, overdue] of stale) void tell(role, overdue)
    const next = [...open.values()].filter(({ said }) => said < SAID_MAX).map(askAt)
    if (next.length > 0) setTimer(Math.min(...next))
  }

  async function tell(role: Address, overdue: { id: string; what: string; lateMs: number }[]): Promise<void> {
    try {
      await system?.take({
        id: `boot.${overdue[0]?.id}.${overdue[0]?.lateMs}`,
        by: BOOT,
        messages: [{ to: BOOT, message: { type: 'boot.found', role, overdue } }],
      })
    } catch (error) {
      // The town closes, or the log is away; what is late then is late for everybody.
      if (!closed && !(error instanceof SystemError)) onTrouble('BOOT_NOT_TOLD', String(error))
    }
  }

  const isReady = (bead: string): boolean => queuedBead(dispatch(), bead)?.waitingFor === null

  const waitsForNothing = (bead: string): void =>
    watch.waits({ id: DISPATCH + bead, actor: MAYOR, what: `dispatch of ${bead}` }, 0)

  const watch: BootWatch = {
    waits({ id, actor, what }, ms) {
      const one = { actor, what, dueAt: elapsed() + ms, said: 0 }
      open.set(id, one)
      setTimer(askAt(one))
    },
    over(id) {
      open.delete(id)
    },
    record({ facts }) {
      for (const fact of facts) {
        const bead = String(fact.bead)
        if (fact.type === 'DispatchQueued') waitsForNothing(bead)
        else if (fact.type === 'BeadNeedsChanged') {
          if (isReady(bead)) waitsForNothing(bead)
        } else if (fact.type === 'DispatchWaiting' || IS_OVER.has(fact.type)) open.delete(DISPATCH + bead)
      }
    },
    begin(of) {
      system = of
      for (const { bead, waitingFor } of dispatchQueue(dispatch()))
        if (waitingFor === null) waitsForNothing(bead)
    },
    close() {
      closed = true
      timer?.callOff()
      timer = null
      open.clear()
    },
  }
  return watch
}

const DISPATCH = 'dispatch/'
const IS_OVER: ReadonlySet<string> = new Set(['DispatchStarted', 'DispatchWithdrawn'])
