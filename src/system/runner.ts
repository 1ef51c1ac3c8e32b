// Effects under way and timers armed: what durable records asked of the world and of time.
//
// Owns:      the abort signal of each effect, the order of one owner's effects, deadlines, armed timers.
// Does not:  decide what is open (ledger.ts) or what an answer means (the owner's machine).
// Always:    nothing starts before its record is durable; an answer nobody waits for goes nowhere; an answer whose
//            record could not be written is given again, and its effect is not carried out again.

import { effectSpec } from '../events/index.ts'
import type { Address, AnyMessage } from '../events/record.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ledger, OpenTimer, OpenWorld } from './ledger.ts'
import type { Perform, SystemOptions } from './types.ts'

export type Answer = { readonly id: string; readonly message: AnyMessage; readonly by: Address }

export interface Runner {
  /** Carries it out; one that has its answer already gives it again. */
  start(effect: OpenWorld, again: boolean): void
  /** `set`: its record was written just now, so the whole delay is still to come. */
  arm(timer: OpenTimer, set: 'now' | 'before'): void
  /** It is due since long: armed for now, whatever was armed before. */
  armForNow(timer: OpenTimer): void
  /** Its time is over, whatever its deadline did: it has failed. One that was never begun here begins; a held one waits. */
  expire(effect: OpenWorld): void
  /** Nobody waits for it any more. */
  drop(id: string): void
  /** Time has passed unwatched: every timer is armed anew. */
  armAnew(): void
  stop(): void
}

/** Given, because an error made for each answered effect would cost more than deciding on the answer. */
const NOBODY_WAITS = 'Nobody waits for it any more.'

type Running = { readonly abort: AbortController; isBegun: boolean; answer: Answer | null }

export function createRunner(options: {
  readonly clock: Clock
  readonly ledger: Ledger
  readonly perform: Perform | undefined
  readonly hold: SystemOptions['hold']
  /** ms before this process began that nobody has accounted for yet. */
  readonly awayMs: () => number
  /** Timers stand still until it resolves. */
  readonly timersFrom: Promise<void> | undefined
  readonly watch: SystemOptions['watch']
  readonly onAnswer: (answer: Answer) => void
}): Runner {
  const { clock, ledger, perform, hold, awayMs, timersFrom, watch, onAnswer } = options
  const running = new Map<string, Running>()
  const armed = new Map<string, () => void>()
  // Effects of one owner begin in the order of their records; they may overlap only once begun.
  const lastBegun = new Map<Address, Promise<void>>()
  let stopped = false
  /** Timers that stand still, or null when they run. */
  let still: Set<() => void> | null = timersFrom === undefined ? null : new Set()
  void timersFrom?.then(() => {
    const waiting = still ?? []
    still = null
    for (const begin of waiting) begin()
  })

  const runner: Runner = {
    start(effect, again) {
      if (perform === undefined || stopped) return
      const known = running.get(effect.id)
      if (known !== undefined) {
        if (known.answer !== null) onAnswer(known.answer)
        return
      }
      const own: Running = { abort: new AbortController(), isBegun: false, answer: null }
      running.set(effect.id, own)
      const begun = (lastBegun.get(effect.actor) ?? Promise.resolve()).then(async () => {
        const { signal } = own.abort
        if (!signal.aborted) await hold?.({ kind: effect.kind, actor: effect.actor, signal })
        if (!own.abort.signal.aborted) void carryOut(perform, effect, again, own)
      })
      lastBegun.set(effect.actor, begun)
      void begun.then(() => {
        if (lastBegun.get(effect.actor) === begun) lastBegun.delete(effect.actor)
      })
    },
    arm(timer, set) {
      if (perform === undefined || stopped || armed.has(timer.id)) return
      armIn(set === 'now' ? timer.delayMs : leftOf(timer), timer)
    },
    armForNow(timer) {
      if (perform === undefined || stopped) return
      armed.get(timer.id)?.()
      armIn(0, timer)
    },
    expire(effect) {
      const own = running.get(effect.id)
      if (own === undefined) return runner.start(effect, true)
      if (!own.isBegun) return
      own.answer ??= { id: effect.id, ...tooLate(effect) }
      onAnswer(own.answer)
    },
    drop(id) {
      watch?.over(id)
      running.get(id)?.abort.abort(NOBODY_WAITS)
      running.delete(id)
      armed.get(id)?.()
      armed.delete(id)
    },
    armAnew() {
      for (const callOff of armed.values()) callOff()
      armed.clear()
      for (const timer of ledger.timers.values()) runner.arm(timer, 'before')
    },
    stop() {
      stopped = true
      for (const { abort } of running.values()) abort.abort(NOBODY_WAITS)
      for (const callOff of armed.values()) callOff()
      running.clear()
      armed.clear()
    },
  }
  return runner

  function armIn(ms: number, timer: OpenTimer): void {
    const { id, actor, event } = timer
    const begin = () => {
      watch?.waits({ id, actor, what: event }, ms)
      const callOff = clock.after(ms, () => {
        armed.delete(id)
        if (!stopped) onAnswer({ id, message: { type: event }, by: 'clock' })
      })
      armed.set(id, callOff)
    }
    if (still === null) return begin()
    still.add(begin)
    armed.set(id, () => void still?.delete(begin))
  }

  /** Time in which nobody was there to see it pass does not count; nor does a clock that was set back. */
  function leftOf({ id, dueAt, delayMs }: OpenTimer): number {
    const shift = ledger.unwatchedMs - ledger.unwatchedWhenSet(id) + awayMs()
    return Math.min(delayMs, Math.max(0, Date.parse(dueAt) + shift - clock.now()))
  }

  async function carryOut(perform: Perform, effect: OpenWorld, again: boolean, own: Running): Promise<void> {
    const { id, kind, params, actor } = effect
    const { signal } = own.abort
    const deadlineMs = deadlineOf(effect)
    own.isBegun = true
    if (deadlineMs > 0) watch?.waits({ id, actor, what: kind }, deadlineMs)
    const answer = await new Promise<Omit<Answer, 'id'> | null>((resolve) => {
      if (deadlineMs > 0) {
        const callOff = clock.after(deadlineMs, () => resolve(tooLate(effect)))
        signal.addEventListener('abort', callOff)
      }
      signal.addEventListener('abort', () => resolve(null))
      // In a promise of its own, so that one that throws at once is a failure like any other.
      void (async () => perform({ id, kind, params, actor, again, signal }))().then(
        resolve,
        (error: unknown) =>
          resolve({
            message: failed(effect, 'EFFECT_FAILED', error instanceof Error ? error.message : String(error)),
            by: 'town',
          }),
      )
    })
    if (answer === null || signal.aborted) return
    // It was given up meanwhile, and the log has that.
    if (own.answer !== null) return
    own.answer = { id, ...answer }
    onAnswer(own.answer)
  }
}

const deadlineOf = ({ kind }: OpenWorld): number => effectSpec(kind)?.deadlineMs ?? 0

const tooLate = (effect: OpenWorld) => ({
  message: failed(effect, 'DEADLINE', `No answer within ${deadlineOf(effect)} ms.`),
  by: 'clock',
})

function failed(effect: OpenWorld, code: string, message: string): AnyMessage {
  return {
    type: 'effect.failed',
    kind: effect.kind,
    code,
    message: message.slice(0, 10_000),
    params: effect.params,
  }
}
