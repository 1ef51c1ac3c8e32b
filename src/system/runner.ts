// Effects under way and timers armed: what durable records asked of the world and of time.
//
// Owns:      the abort signal of each effect, the order of one owner's effects, deadlines, armed timers.
// Does not:  decide what is open (ledger.ts) or what an answer means (the owner's machine).
// Always:    nothing starts before its record is durable; an answer nobody waits for goes nowhere.

import { effectSpec } from '../events/index.ts'
import type { Address, AnyMessage } from '../events/record.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ledger, OpenTimer, OpenWorld } from './ledger.ts'
import type { Perform } from './types.ts'

export type Answer = { readonly id: string; readonly message: AnyMessage; readonly by: Address }

export interface Runner {
  start(effect: OpenWorld, again: boolean): void
  arm(timer: OpenTimer): void
  /** Nobody waits for it any more. */
  drop(id: string): void
  stop(): void
}

export function createRunner(options: {
  readonly clock: Clock
  readonly ledger: Ledger
  readonly perform: Perform | undefined
  readonly onAnswer: (answer: Answer) => void
}): Runner {
  const { clock, ledger, perform, onAnswer } = options
  const aborts = new Map<string, AbortController>()
  const armed = new Map<string, () => void>()
  // Effects of one owner begin in the order of their records; they may overlap only once begun.
  const lastBegun = new Map<Address, Promise<void>>()
  let stopped = false

  return {
    start(effect, again) {
      if (perform === undefined || stopped || aborts.has(effect.id)) return
      const abort = new AbortController()
      aborts.set(effect.id, abort)
      const begun = (lastBegun.get(effect.actor) ?? Promise.resolve()).then(() => {
        if (!abort.signal.aborted) void carryOut(effect, again, abort)
      })
      lastBegun.set(effect.actor, begun)
      void begun.then(() => {
        if (lastBegun.get(effect.actor) === begun) lastBegun.delete(effect.actor)
      })
    },
    arm(timer) {
      if (perform === undefined || stopped || armed.has(timer.id)) return
      // Time in which nobody was there to see it pass does not count.
      const shift = ledger.unwatchedMs - ledger.unwatchedWhenSet(timer.id)
      const wait = Math.max(0, Date.parse(timer.dueAt) + shift - clock.now())
      const callOff = clock.after(wait, () => {
        armed.delete(timer.id)
        if (!stopped && ledger.isOpen(timer.id)) {
          onAnswer({ id: timer.id, message: { type: timer.event }, by: 'clock' })
        }
      })
      armed.set(timer.id, callOff)
    },
    drop(id) {
      aborts.get(id)?.abort()
      aborts.delete(id)
      armed.get(id)?.()
      armed.delete(id)
    },
    stop() {
      stopped = true
      for (const abort of aborts.values()) abort.abort()
      for (const callOff of armed.values()) callOff()
      aborts.clear()
      armed.clear()
    },
  }

  async function carryOut(effect: OpenWorld, again: boolean, abort: AbortController): Promise<void> {
    const deadlineMs = effectSpec(effect.kind)?.deadlineMs ?? 0
    let callOff = () => {}
    const late = new Promise<Omit<Answer, 'id'>>((resolve) => {
      if (deadlineMs === 0) return
      callOff = clock.after(deadlineMs, () =>
        resolve({ message: failed(effect, 'DEADLINE', `No answer within ${deadlineMs} ms.`), by: 'clock' }),
      )
    })
    const { id, kind, params, actor } = effect
    const asked = { id, kind, params, actor, again, signal: abort.signal }
    const done = (perform as Perform)(asked).catch((error: unknown) => ({
      message: failed(effect, 'EFFECT_FAILED', error instanceof Error ? error.message : String(error)),
      by: 'town',
    }))
    const answer = await Promise.race([done, late])
    callOff()
    if (stopped || abort.signal.aborted || !ledger.isOpen(id)) return
    onAnswer({ id, ...answer })
  }
}

function failed(effect: OpenWorld, code: string, message: string): AnyMessage {
  return {
    type: 'effect.failed',
    kind: effect.kind,
    code,
    message: message.slice(0, 10_000),
    params: effect.params,
  }
}
