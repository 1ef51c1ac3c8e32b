// The brakes in a person's hand: budgets, the stop of everybody, and its end.

import { z } from 'zod'
import { BUDGETS, DEACON, TOWN } from '../../events/address.ts'
import { type BudgetScope, budgetScope } from '../../events/budget.ts'
import { line } from '../../events/define.ts'
import { stoppedIn } from '../brakes.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { firstOf } from '../follow.ts'
import { usedBy } from '../reads/costs.ts'
import { findAgent, findBead, findRig, shown } from '../resolve.ts'
import type { TownHandle } from '../town.ts'
import { take } from '../turn.ts'

const whose = {
  scope: budgetScope,
  /** Name of the rig, id of the bead, or the agent; nothing for the town. */
  which: z.string().min(1).max(200).optional(),
}

const USD_MAX = 1_000_000_000

const setBudget = command({
  name: 'budget.set',
  summary:
    'Bounds what the town, a rig, a bead or an agent may use, in dollars or tokens, each day or in total.',
  who: 'operator',
  input: z.strictObject({
    ...whose,
    usd: z.number().positive().max(USD_MAX).nullable().default(null),
    tokens: z.number().int().positive().max(Number.MAX_SAFE_INTEGER).nullable().default(null),
    per: z.enum(['day', 'total']),
  }),
  async run({ town, caller, input, id: turn }) {
    const { scope, usd, tokens, per } = input
    if (usd === null && tokens === null)
      throw new Fault('BUDGET_INVALID', 'A budget bounds money or tokens, so it needs an amount.')
    const id = scopeId(town, scope, input.which)
    const used = await usedBy(town, scope, id, per)
    const { seq } = await take(town, caller, turn, [
      { to: BUDGETS, message: { type: 'budget.set', scope, id, usd, tokens, per, ...used } },
    ])
    return { scope, id, usd, tokens, per, until: used.until, spent: used.spent, seq }
  },
})

const unsetBudget = command({
  name: 'budget.unset',
  summary: 'Takes a budget away; what waited for it goes on.',
  who: 'operator',
  input: z.strictObject(whose),
  async run({ town, caller, input, id: turn }) {
    const { scope } = input
    const id = scopeId(town, scope, input.which)
    const { seq } = await take(town, caller, turn, [
      { to: BUDGETS, message: { type: 'budget.unset', scope, id } },
    ])
    return { scope, id, seq }
  },
})

/** How long the answer waits for the last session to end, ms. */
const ESTOP_WAIT_MS = 8_000

const estop = command({
  name: 'estop',
  summary: 'Stops every agent at once, after a checkpoint. Hooks stay, nothing new begins, until thaw.',
  who: 'operator',
  input: z.strictObject({ reason: line.default('') }),
  async run({ town, caller, input, id, signal }) {
    const before = liveSessions(town)
    const began = town.clock.now()
    const { seq, repeated } = await take(town, caller, id, [
      { to: TOWN, message: { type: 'town.estop', reason: input.reason } },
    ])
    if (!repeated && town.daemon !== null && liveSessions(town).length > 0)
      await firstOf(town, { after: seq, timeoutMs: ESTOP_WAIT_MS, signal }, () =>
        liveSessions(town).length === 0 ? true : null,
      )
    const still = liveSessions(town)
    return {
      ...stoppedIn(town.system),
      stopped: before.length - still.length,
      still,
      tookMs: town.clock.now() - began,
      seq,
    }
  },
})

const thaw = command({
  name: 'thaw',
  summary:
    'Lets everybody go on: after a stop of everybody, after many deaths at once, or one in quarantine.',
  who: 'operator',
  input: z.strictObject({
    /** A polecat in quarantine; nothing for everybody. */
    agent: z.string().min(1).max(200).optional(),
  }),
  async run({ town, caller, input, id }) {
    if (input.agent !== undefined) {
      const agent = findAgent(town.projections, input.agent)
      const { seq } = await take(town, caller, id, [
        { to: DEACON, message: { type: 'deacon.release', agent } },
      ])
      return { thawed: agent, seq }
    }
    const isPaused = town.projections.town.rows.town.paused !== null
    const { seq } = await take(town, caller, id, [
      ...(isPaused && stoppedIn(town.system) === null
        ? []
        : [{ to: TOWN, message: { type: 'town.thaw' } as const }]),
      ...(isPaused ? [{ to: DEACON, message: { type: 'deacon.letGo' } as const }] : []),
    ])
    return { thawed: 'town', seq }
  },
})

export const brakeCommands = [setBudget, unsetBudget, estop, thaw]

function liveSessions({ system }: TownHandle): string[] {
  return [...system.living('session')]
    .filter(([, { value }]) => value !== 'ended' && value !== 'absent')
    .map(([address]) => address)
}

/** @throws {Fault} INPUT_INVALID, RIG_NOT_FOUND, BEAD_NOT_FOUND, AGENT_NOT_FOUND, AMBIGUOUS. */
function scopeId({ projections }: TownHandle, scope: BudgetScope, name: string | undefined): string {
  if (scope === 'town') {
    if (name === undefined || name === 'town') return 'town'
    throw new Fault('INPUT_INVALID', `There is one town, so ${shown(name)} is not needed here.`)
  }
  if (name === undefined) throw new Fault('INPUT_INVALID', `The field "which" is missing: which ${scope}?`)
  if (scope === 'rig') return findRig(projections, name).name
  return scope === 'bead' ? findBead(projections, name).id : findAgent(projections, name)
}
