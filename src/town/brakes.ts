// The brakes at work: what must rest is checkpointed and paused, and what may go on is sent on.
//
// Owns:      comparing what the log says must rest (a stop of everybody, budgets that are used up) with what rests.
// Does not:  decide that anything must rest: the town and the budgets do.
// Always:    a turn in hand ends before a budget pauses it; a stop of everybody waits for nobody. Whatever is done is
//            found out from the log alone, so that a restart goes on with it.

import { reachedFor, stoppedIn } from '../api/brakes.ts'
import { dayEnds } from '../api/day.ts'
import { BUDGETS, ownerKind, rigOf, rigOwner, workerOf } from '../events/address.ts'
import { type Budget, budgetsIn, type PauseReason } from '../events/budget.ts'
import type { Message } from '../events/index.ts'
import type { Address, Json, LogRecord } from '../events/record.ts'
import type { Clock } from '../ports/clock.ts'
import { meterOf, SAYS_USAGE } from '../projections/costs.ts'
import type { Projections } from '../projections/index.ts'
import { type OwnerState, type System, SystemError } from '../system/types.ts'

/** How long whoever must rest waits for checkpoints; what is not under its ref then is put there afterwards, ms. */
const CHECKPOINTS_MS = 1_300
/**
 * Checkpoints under way at a time. More would not be done sooner, and those that are late would take the processor from
 * the ending of the sessions, which must not be.
 */
const CHECKPOINTS_AT_ONCE = 4
/** Between the polite signals and SIGKILL when everybody is stopped, ms. */
const STOP_GRACE_MS = 700
/** Between two looks at the clock while a daily budget is used up, ms: a machine that slept over midnight is told so. */
const CLOCK_MS = 60_000

/** Until what could not be said is said again, ms: the log is away, or the town is busy. */
const AGAIN_MS = 1_000

/** Facts after which something may have to rest, or may go on. */
const TRIGGERS: ReadonlySet<string> = new Set([
  'EverybodyStopped',
  'EverybodyThawed',
  'RigParked',
  'RigUnparked',
  'BudgetReached',
  'BudgetLifted',
  'TurnEnded',
  'AgentStands',
  'AttemptBegun',
  'ReviewBegan',
])
/** Those of them that matter when nobody has to rest as far as is known. */
const LETS_GO: ReadonlySet<string> = new Set(['EverybodyThawed', 'BudgetLifted', 'RigParked', 'RigUnparked'])
/** Where a sandbox stays whatever happens. */
const OVER: ReadonlySet<string> = new Set([
  'absent',
  'removing',
  'shelving',
  'shelved',
  'removed',
  'kept',
  'failed',
])
/** Standings in which no turn is in hand, or none that gets on. */
const BETWEEN_TURNS: ReadonlySet<string> = new Set(['starting', 'ready', 'idle', 'limited', 'stuck'])

export interface Brakes {
  /** Is shown every record, after the projections have it. */
  record(record: LogRecord): void
  /** Goes on with what a start finds. */
  begin(): Promise<void>
  /** Resolves when nothing is left to do. */
  idle(): Promise<void>
  close(): void
}

export function createBrakes(options: {
  readonly system: System
  readonly projections: Projections
  readonly clock: Clock
  /** Puts a worktree's uncommitted state under a ref; never rejects. */
  readonly checkpoint: (sandbox: Address) => Promise<void>
  readonly onTrouble: (code: string, message: string) => void
}): Brakes {
  const { system, projections, clock, checkpoint, onTrouble } = options
  let working: Promise<void> | null = null
  let again = false
  let closed = false
  let cancelClock: (() => void) | null = null
  let cancelAgain: (() => void) | null = null
  /** Told to the budgets, and not decided yet. */
  let telling: Promise<unknown> = Promise.resolve()

  const take = async (id: string, to: Address, messages: readonly Message[]): Promise<void> => {
    if (closed) return
    try {
      await system.take({ id, by: BUDGETS, messages: messages.map((message) => ({ to, message })) })
    } catch (error) {
      if (closed) return
      if (!(error instanceof SystemError)) onTrouble('BRAKE_NOT_TOLD', `${id}: ${String(error)}`)
      // Nobody else would say it again.
      cancelAgain ??= clock.after(AGAIN_MS, () => {
        cancelAgain = null
        tellSpent(system.seq)
        settle()
      })
    }
  }

  // --- budgets -----------------------------------------------------------------------------------------------

  const budgets = (): Budget[] => budgetsIn(system.owner(BUDGETS)?.context ?? {})

  /** What each budget's scope has used, as of the record that is folded last. */
  function tellSpent(record: number): void {
    const until = dayEnds(clock.now())
    const messages = budgets().flatMap(({ scope, id, total, per }) => {
      const now = meterOf(projections.costs.rows, scope, id)
      return now.usd === total.usd && now.tokens === total.tokens && now.unpriced === total.unpriced
        ? []
        : [
            {
              type: 'budget.spent',
              scope,
              id,
              total: now,
              record,
              until: per === 'day' ? until : null,
            } as const,
          ]
    })
    // Not from within the record that is being shown.
    if (messages.length > 0) telling = telling.then(() => take(`spent.${record}`, BUDGETS, messages))
  }

  /** Says that a day has begun, when one has; and looks again while that would let something go on. */
  async function lookAtClock(): Promise<void> {
    cancelClock?.()
    cancelClock = null
    const daily = budgets().filter(({ per }) => per === 'day')
    const until = dayEnds(clock.now())
    if (daily.some((budget) => budget.until !== null && budget.until < until))
      await take(`day.${until}.${system.owner(BUDGETS)?.seq}`, BUDGETS, [{ type: 'budget.day', until }])
    if (closed || !budgets().some(({ per, reachedAt }) => per === 'day' && reachedAt !== null)) return
    const leftMs = Date.parse(until) - clock.now()
    cancelClock = clock.after(Math.max(1, Math.min(leftMs, CLOCK_MS)), () => void lookAtClock())
  }

  // --- sandboxes, and crew ---------------------------------------------------------------------------------------------

  /** Brings every assignment to where it must be. One pass at a time; what happens meanwhile is looked at after it. */
  function settle(): void {
    if (closed) return
    if (working !== null) {
      again = true
      return
    }
    working = (async () => {
      do {
        again = false
        await settleOnce()
      } while (again && !closed)
    })()
      .catch((error: unknown) => {
        if (!closed) onTrouble('BRAKE_NOT_APPLIED', String(error))
      })
      .finally(() => {
        working = null
      })
  }

  async function settleOnce(): Promise<void> {
    await telling
    const stopped = stoppedIn(system) !== null
    const anyBudget = budgets().some(({ reachedAt }) => reachedAt !== null)
    const pauses: Pause[] = []
    for (const [address, state] of system.living('review'))
      await settleReview(address, state, stopped, pauses)
    for (const [address, state] of [...system.living('crew'), ...system.living('sandbox')]) {
      if (ownerKind(address) === 'crew') {
        // A budget keeps turns from beginning, and says so to the person who is there.
        const held = (state.context.held ?? []) as readonly PauseReason[]
        if (stopped && state.value === 'working' && !held.includes('estop'))
          pauses.push({ address, reason: 'estop', graceMs: STOP_GRACE_MS })
        if (!stopped && held.includes('estop')) await resume(address, 'estop')
        if (rests(address) && state.value === 'working' && !held.includes('parked'))
          pauses.push({ address, reason: 'parked' })
        if (!rests(address) && held.includes('parked')) await resume(address, 'parked')
      }
      if (ownerKind(address) !== 'sandbox' || OVER.has(String(state.value))) continue
      const held = (state.context.held ?? []) as readonly PauseReason[]
      const isParked = rests(address)
      if (!stopped && !anyBudget && !isParked && held.length === 0) continue
      const spent = anyBudget && reachedFor(system, beginnerOf(address, state)) !== null
      if (stopped && !held.includes('estop'))
        pauses.push({ address, reason: 'estop', graceMs: STOP_GRACE_MS })
      if (!stopped && held.includes('estop')) await resume(address, 'estop')
      if (isParked && !held.includes('parked')) pauses.push({ address, reason: 'parked' })
      if (!isParked && held.includes('parked')) await resume(address, 'parked')
      if (spent) {
        const keepTurn = isAtWork(state) && isInTurn(state)
        // Held already, it has been told; its turn was in hand then, and is over now.
        if (!held.includes('budget') && keepTurn) await tell(address, { reason: 'budget', keepTurn })
        else if (!held.includes('budget') || (isAtWork(state) && !keepTurn))
          pauses.push({ address, reason: 'budget' })
      } else if (held.includes('budget')) await resume(address, 'budget')
    }
    if (pauses.length > 0) await pauseAll(pauses)
    await lookAtClock()
  }

  /** A review has nothing to keep; it begins again from the start. */
  async function settleReview(address: Address, state: OwnerState, stopped: boolean, pauses: Pause[]) {
    const { held = [], ask } = state.context as {
      held?: readonly PauseReason[]
      ask?: { bead?: string } | null
    }
    const bead = ask?.bead ?? null
    const spent = reachedFor(system, { agent: address, rig: rigOf(address), bead }) !== null
    const isDue: { readonly [R in PauseReason]?: boolean } = {
      estop: stopped,
      parked: rests(address),
      // Its turn in hand ends first.
      budget: spent && (held.includes('budget') || !isInTurn(state)),
    }
    for (const reason of ['estop', 'parked', 'budget'] as const) {
      const isOn = held.includes(reason)
      // Before anybody asks for it there is nothing to hold.
      if (isDue[reason] === true && !isOn && ask != null)
        pauses.push({ address, reason, ...(reason === 'estop' && { graceMs: STOP_GRACE_MS }) })
      if (isDue[reason] !== true && isOn) await resume(address, reason)
    }
  }

  /**
   * Each after its own checkpoint, and all of them when the time for checkpoints is over; a worktree that has none by
   * then is safe all the same, for nobody removes it.
   */
  async function pauseAll(pauses: readonly Pause[]): Promise<void> {
    const late = Promise.withResolvers<void>()
    let isLate = false
    const cancel = clock.after(CHECKPOINTS_MS, () => {
      isLate = true
      late.resolve()
    })
    const turns = pauses[Symbol.iterator]()
    const told: Promise<void>[] = []
    const keepNext = async (): Promise<void> => {
      for (const { address, ...how } of turns) {
        const path = system.owner(address)?.context.path
        if (!isLate && typeof path === 'string' && path !== '')
          await Promise.race([checkpoint(address), late.promise])
        told.push(tell(address, how))
      }
    }
    await Promise.all(Array.from({ length: CHECKPOINTS_AT_ONCE }, keepNext))
    cancel()
    await Promise.all(told)
  }

  /** Whether its rig is parked. */
  const rests = (address: Address): boolean => {
    const rig = rigOf(address)
    return rig !== null && system.owner(rigOwner(rig))?.context.parked != null
  }

  const tell = (sandbox: Address, how: { reason: PauseReason; graceMs?: number; keepTurn?: true }) =>
    take(`pause.${how.reason}.${sandbox}.${system.owner(sandbox)?.seq}`, sandbox, [
      HELD_ALIKE.has(String(ownerKind(sandbox)))
        ? { type: pauseOf(sandbox), reason: how.reason, graceMs: how.graceMs }
        : { type: 'sandbox.pause', ...how },
    ])

  const resume = (sandbox: Address, reason: PauseReason) =>
    take(`resume.${reason}.${sandbox}.${system.owner(sandbox)?.seq}`, sandbox, [
      { type: resumeOf(sandbox), reason },
    ])

  function isInTurn({ context }: OwnerState): boolean {
    const session = typeof context.session === 'string' ? system.owner(context.session) : null
    const standing = session?.context.standing as { readonly state?: Json } | null | undefined
    return session !== null && standing != null && !BETWEEN_TURNS.has(String(standing.state))
  }

  return {
    record({ seq, facts }) {
      if (closed) return
      if (facts.some(({ type }) => SAYS_USAGE.has(type) || type === 'BudgetSet')) tellSpent(seq)
      if (facts.some(({ type }) => TRIGGERS.has(type)) && isOfInterest(facts)) settle()
    },
    async begin() {
      tellSpent(system.seq)
      await telling
      await lookAtClock()
      settle()
      await this.idle()
    },
    async idle() {
      await telling
      while (working !== null) await working
    },
    close() {
      closed = true
      cancelClock?.()
      cancelAgain?.()
    },
  }

  /** Most records of agents say nothing while nobody has to rest. */
  function isOfInterest(facts: LogRecord['facts']): boolean {
    return (
      stoppedIn(system) !== null ||
      budgets().some(({ reachedAt }) => reachedAt !== null) ||
      facts.some(({ type }) => LETS_GO.has(type))
    )
  }
}

/** Who is to be paused, and how. */
type Pause = { readonly address: Address; readonly reason: PauseReason; readonly graceMs?: number }

/** Kinds of owners that are held in the same words as crew. */
const HELD_ALIKE: ReadonlySet<string> = new Set(['crew', 'review'])
const pauseOf = (address: Address) => (ownerKind(address) === 'review' ? 'review.pause' : 'crew.pause')
const RESUMES = { crew: 'crew.resume', review: 'review.resume' } as const
const resumeOf = (address: Address) => RESUMES[ownerKind(address) as keyof typeof RESUMES] ?? 'sandbox.resume'

const isAtWork = ({ value }: OwnerState): boolean => value === 'working'

const beginnerOf = (sandbox: Address, { context }: OwnerState) => ({
  agent: workerOf(sandbox)?.agent ?? '',
  rig: workerOf(sandbox)?.rig ?? null,
  bead: typeof context.bead === 'string' ? context.bead : null,
})
