// Plans: proposed by the Mayor's session, a crew member or a person, and decided on by the person.

import { decisionOwner, planOwner } from '../../events/address.ts'
import { PLAN_CHOICES } from '../../events/plan.ts'
import type { Address } from '../../events/record.ts'
import { plan as planRow } from '../../projections/plans.ts'
import { workplaceOf } from '../callers.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { planId, planInput, plannedBeads, planText } from '../planning.ts'
import { shown } from '../resolve.ts'
import type { Caller, TownHandle } from '../town.ts'
import { recordsOfId, type Said, take } from '../turn.ts'

/** Until a plan that nobody answers is given up, ms: nobody stands still for it. */
const PLAN_WAIT_MS = 7 * 24 * 60 * 60_000
const CONTEXT_CHARS_MAX = 10_000

const propose = command({
  name: 'plan.propose',
  summary: 'Shows a person beads that belong together; they are made, and handed over, by their answer.',
  who: ['mayor', 'crew'],
  input: planInput,
  async run({ town, caller, input, id: call }) {
    const id = planId(town, caller.kind === 'session' ? caller.session : caller.actor, call)
    const decision = id.replace(/^p-/, 'd-')
    const known = (await recordsOfId(town, caller, call)).length > 0
    if (!known) await take(town, caller, call, proposal(town, caller, id, decision, input))
    const row = planRow(town.projections.plans.rows, id)
    return {
      id,
      decision,
      beads: [...(row?.beads ?? [])],
      replaces: input.replaces ?? null,
      seq: town.system.seq,
    }
  },
})

export const planCommands = [propose]

function proposal(
  town: TownHandle,
  caller: Caller,
  id: string,
  decision: string,
  input: Parameters<typeof plannedBeads>[2],
): Said[] {
  const before = input.replaces === undefined ? null : openPlan(town, input.replaces)
  const { agent, session } = proposer(town, caller, before)
  const beads = plannedBeads(town, id, input)
  if (caller.kind === 'session') {
    const { rig } = workplaceOf(town, caller)
    const other = rig === null ? undefined : beads.find((one) => one.rig !== rig)
    if (other !== undefined)
      throw new Fault('FORBIDDEN', `${other.key}: an agent of ${rig} plans for that rig only.`)
  }
  const title = input.title === '' ? (beads[0]?.title ?? '') : input.title
  const count = beads.length === 1 ? 'this bead' : `these ${beads.length} beads`
  return [
    { to: planOwner(id), message: { type: 'plan.propose', title, beads, agent, session } },
    {
      to: decisionOwner(decision),
      message: {
        type: 'decision.open',
        kind: 'plan',
        // Whoever asks is told the answer: here the plan itself.
        session: planOwner(id),
        agent: caller.actor,
        rig: null,
        bead: null,
        question: `May ${count} be made (${id}): ${title}?`,
        choices: [...PLAN_CHOICES],
        context: {
          tool: null,
          command: planText(beads).slice(0, CONTEXT_CHARS_MAX),
          files: [],
          why: null,
          cwd: null,
        },
        waitMs: PLAN_WAIT_MS,
        otherwise: 'no',
      },
    },
    ...(before === null
      ? []
      : ([
          { to: planOwner(before.id), message: { type: 'plan.replace', by: id } },
          {
            to: decisionOwner(before.id.replace(/^p-/, 'd-')),
            message: { type: 'decision.withdraw', reason: `plan ${id} stands in its place` },
          },
        ] as const)),
  ]
}

type Before = { readonly id: string; readonly agent: Address; readonly session: Address | null }

/** @throws {Fault} PLAN_NOT_FOUND, PLAN_OVER. */
function openPlan(town: TownHandle, id: string): Before {
  const owner = town.system.owner(planOwner(id))
  if (owner === null) throw new Fault('PLAN_NOT_FOUND', `There is no plan ${shown(id)}.`)
  if (owner.value !== 'proposed') throw new Fault('PLAN_OVER', `Plan ${id} is over: it is ${owner.value}.`)
  const { agent, session } = owner.context as { agent: Address; session: Address | null }
  return { id, agent, session }
}

/** Who is told what comes of it: whoever wrote it first, when a person changes it. @throws {Fault} ASSIGNMENT_OVER. */
function proposer(town: TownHandle, caller: Caller, before: Before | null): Omit<Before, 'id'> {
  if (caller.kind === 'session') {
    workplaceOf(town, caller)
    if (before !== null && before.agent !== caller.agent)
      throw new Fault('FORBIDDEN', `Plan ${before.id} is of ${before.agent}.`)
    return { agent: caller.agent, session: caller.session }
  }
  const lives = before?.session != null && town.system.owner(before.session)?.value !== 'ended'
  return before !== null && lives ? before : { agent: caller.actor, session: null }
}
