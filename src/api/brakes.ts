// The brakes: whether anything may begin for an agent.
//
// Owns:      looking at the stop of everybody and at the budgets that are used up, and saying so in one sentence.
// Does not:  stop what is at work (src/town/brakes.ts does).
// Always:    answers from memory; a hook waits for it.

import { BUDGETS, rigOf, TOWN } from '../events/address.ts'
import { type Budget, budgetsIn } from '../events/budget.ts'
import type { Address } from '../events/record.ts'
import type { HookReply } from '../ports/presets.ts'
import type { System } from '../system/types.ts'
import type { SessionCaller } from './callers.ts'
import { Fault } from './fault.ts'
import type { TownHandle } from './town.ts'

export type Brake = { readonly code: 'STOPPED' | 'BUDGET_USED_UP'; readonly message: string }

/** Who wants to begin something. `bead` null: with none on its hook. */
export type Beginner = {
  readonly agent: Address
  readonly rig: string | null
  readonly bead: string | null
}

/** When nothing may begin for them: why. */
export function brakeOn(system: System, who: Beginner): Brake | null {
  const stopped = stoppedIn(system)
  if (stopped !== null) {
    const reason = stopped.reason === '' ? '' : ` (${stopped.reason})`
    return { code: 'STOPPED', message: `Everybody is stopped${reason}; a person lets them go on.` }
  }
  const budget = reachedFor(system, who)
  if (budget === null) return null
  const ends = budget.until === null ? 'until a person raises it' : `until ${budget.until}`
  return {
    code: 'BUDGET_USED_UP',
    message: `The budget of ${scopeName(budget)} is used up, so no turn begins ${ends}.`,
  }
}

/** For a prompt that was submitted: a reply that keeps its turn from beginning, or null when it may begin. */
export function mayBeginTurn(town: TownHandle, caller: Speaker): HookReply | null {
  const brake = brakeOn(town.system, beginnerOf(town, caller))
  return brake === null ? null : { kind: 'block', reason: brake.message }
}

/** Nothing is typed for whom no turn may begin. @throws {Fault} STOPPED, BUDGET_USED_UP. */
export function mayBeSpokenTo(town: TownHandle, whom: Speaker): void {
  const brake = brakeOn(town.system, beginnerOf(town, whom))
  if (brake !== null) throw new Fault(brake.code, brake.message)
}

type Speaker = Pick<SessionCaller, 'agent' | 'session'>

function beginnerOf(town: TownHandle, { agent, session }: Speaker): Beginner {
  const bead = town.system.owner(session)?.context.bead
  return { agent, rig: rigOf(agent), bead: typeof bead === 'string' && bead !== '' ? bead : null }
}

export type Stopped = { readonly since: string; readonly reason: string }

/** The stop of everybody that holds, or null. */
export const stoppedIn = (system: System): Stopped | null =>
  (system.owner(TOWN)?.context.stopped ?? null) as Stopped | null

/** A budget that is used up and that they are in the scope of, or null. */
export const reachedFor = (system: System, who: Beginner): Budget | null =>
  budgetsIn(system.owner(BUDGETS)?.context ?? {}).find(
    (budget) => budget.reachedAt !== null && isInScope(budget, who),
  ) ?? null

function isInScope({ scope, id }: Pick<Budget, 'scope' | 'id'>, { agent, rig, bead }: Beginner): boolean {
  switch (scope) {
    case 'town':
      return true
    case 'rig':
      return id === rig
    case 'bead':
      return id === bead
    case 'agent':
      return id === agent
  }
}

export const scopeName = ({ scope, id }: Pick<Budget, 'scope' | 'id'>): string =>
  scope === 'town' ? 'the town' : `${scope} ${id}`
