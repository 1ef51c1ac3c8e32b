// Decisions: an agent asks, a person answers, and each is told what came of it.

import { z } from 'zod'
import { decisionOwner, ownerKind } from '../../events/address.ts'
import { line } from '../../events/define.ts'
import { ruleFor, ruleOf, ruleText } from '../../events/permission-rules.ts'
import type { PermissionRule } from '../../events/settings.ts'
import { type DecisionRow, decision as decisionRow } from '../../projections/decisions.ts'
import { plan as planRow } from '../../projections/plans.ts'
import { decisionId, FREE_CHOICES, listenersTo, NO_ANSWER, openDecision } from '../asking.ts'
import { sessionOnly, workplaceOf } from '../callers.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { permissionsOf } from '../permissions.ts'
import { findDecision, findRig } from '../resolve.ts'
import type { TownHandle } from '../town.ts'
import { recordsOfId, take } from '../turn.ts'

const answer = command({
  name: 'decision.answer',
  summary: 'Answers what an agent asks; `always` makes a rule of it.',
  who: 'operator',
  input: z.strictObject({
    decision: z.string().min(1).max(100),
    choice: z.string().min(1).max(2_000),
    always: z.boolean().default(false),
    note: line.default(''),
  }),
  async run({ town, caller, input, id }) {
    const { always, note } = input
    const row = structuredClone(findDecision(town.projections, input.decision))
    const known = (await recordsOfId(town, caller, id)).length > 0
    if (row.state !== 'open' && !known) throw over(row)
    const choice = row.choices.find((one) => one.toLowerCase() === input.choice.toLowerCase()) ?? input.choice
    // Counted before: the answer ends the waiting.
    const heard = hearing(town, row)
    const message = { type: 'decision.answer', choice, always, note } as const
    const { seq } = await take(town, caller, id, [{ to: decisionOwner(row.id), message }]).catch((error) => {
      if (!(error instanceof Fault) || error.code !== 'OWNER_ENDED') throw error
      throw over(decisionRow(town.projections.decisions.rows, row.id) ?? row)
    })
    const { id: decision, n, agent, bead, kind } = row
    return {
      decision,
      n,
      kind,
      choice,
      always,
      note,
      agent,
      bead,
      heard,
      plan: planMade(town, row),
      ...ruleMade(town, row, choice, always),
      seq,
    }
  },
})

const ask = command({
  name: 'ask',
  summary: 'Asks a person; the same question of the same session is asked once.',
  who: 'session',
  input: z.strictObject({
    question: z.string().trim().min(1).max(10_000),
    choices: z.array(z.string().trim().min(1).max(200)).max(20).default([]),
    /** The agent stands still until it is answered. */
    wait: z.boolean().default(false),
  }),
  async run({ town, caller: anybody, input }) {
    const caller = sessionOnly(anybody)
    const { bead, rig } = workplaceOf(town, caller)
    const { question, wait } = input
    const choices = input.choices.length === 0 ? FREE_CHOICES : [...new Set(input.choices)]
    const id = decisionId(caller.session, `question ${JSON.stringify([question, choices])}`)
    const { waitMs } = permissionsOf(town, rig ?? '')
    const context = { tool: null, command: null, files: [], why: null, cwd: null }
    await openDecision(
      town,
      caller,
      id,
      { kind: 'question', question, choices, otherwise: NO_ANSWER, context, rig, bead, waitMs },
      wait,
    )
    return { decision: id, waitMs, seq: town.system.seq }
  },
})

export const decisionCommands = [answer, ask]

/** `now`: the agent waits for it here. `later`: it gets it when it asks again. `gone`: its session has ended. */
function hearing(town: TownHandle, { id, session }: DecisionRow): 'now' | 'later' | 'gone' {
  if (town.system.owner(session)?.value === 'ended') return 'gone'
  return listenersTo(town, id) > 0 ? 'now' : 'later'
}

/** What became of the plan that it is about: its beads are made before this is answered. */
function planMade(town: TownHandle, { session }: DecisionRow) {
  if (ownerKind(session) !== 'plan') return null
  const plan = planRow(town.projections.plans.rows, session.slice(session.lastIndexOf('/') + 1))
  return plan === null
    ? null
    : { id: plan.id, agent: plan.agent, state: plan.state, beads: [...plan.beads], reason: plan.reason }
}

function over({ id, state, answer, settledAt, reason }: DecisionRow): Fault {
  const how =
    state === 'withdrawn'
      ? `it was withdrawn (${reason})`
      : state === 'expired'
        ? `nobody answered in time, so the answer was ${answer?.choice}`
        : `${answer?.by} answered ${answer?.choice}`
  return new Fault('DECISION_OVER', `${id} is over: ${how}.`, { state, answer, settledAt, reason })
}

/** The rule that came of it, and whether it decides: an earlier one may fit as well. */
function ruleMade(
  town: TownHandle,
  { rig, context }: DecisionRow,
  choice: string,
  always: boolean,
): { rule: PermissionRule | null; ruleText: string | null; ruleDecides: boolean } {
  const verdict = choice === 'allow' ? 'allow' : 'deny'
  const { tool, command: line, files } = context
  const asked = { tool: tool ?? '', command: line, files }
  const rule = always && rig !== null ? ruleOf(asked, verdict) : null
  if (rule === null || rig === null) return { rule: null, ruleText: null, ruleDecides: false }
  const { rules } = permissionsOf(town, findRig(town.projections, rig).name)
  const ruleDecides = ruleFor(rules, { ...asked, cwd: null }, null) === verdict
  return { rule, ruleText: ruleText(rule), ruleDecides }
}
