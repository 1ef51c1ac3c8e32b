// Plans: beads that are to be made together, shown to a person before any of them is.

import { z } from 'zod'
import { address, beadId, failure, line, named, rigName, text } from './define.ts'

/** Beads of one plan: what a person can look through, and one turn can make. */
export const PLAN_BEADS_MAX = 100
/** Characters of a plan as JSON. */
export const PLAN_CHARS_MAX = 200_000

/** One bead of a plan, as it will be made. */
export const plannedBead = z.strictObject({
  /** Its name within the plan. */
  key: line,
  bead: beadId,
  rig: rigName,
  title: z.string().min(1).max(500),
  description: text,
  acceptance: z.array(line).max(50),
  priority: z.number().int().min(0).max(4),
  /** Ids of beads, those of this plan among them. */
  needs: z.array(beadId).max(200),
  labels: z.array(line).max(100),
  /** Kind of agent that it is slung to; null: the default. */
  preset: line.nullable(),
})
export type PlannedBead = z.infer<typeof plannedBead>

export const PLAN_CHOICES = ['file', 'sling', 'no'] as const

export const planMessages = [
  /**
   * To `plans/<id>`, together with decision.open in one turn; a bead stands behind those of the plan that it needs.
   * `session`: who proposes it, and is told what came of it; null when a person does.
   */
  named('plan.propose', {
    title: line,
    beads: z.array(plannedBead).min(1).max(PLAN_BEADS_MAX),
    agent: address,
    session: address.nullable(),
  }),
  /** Another plan stands in its place. */
  named('plan.replace', { by: line }),
  /** From itself, in the turn that makes its beads: all of them are there. */
  named('plan.filed'),
] as const

const whose = { plan: line, agent: address }

export const planFacts = [
  named('PlanProposed', { ...whose, title: line, beads: z.array(beadId) }),
  named('PlanFiled', { ...whose, beads: z.array(beadId), slung: z.boolean() }),
  /** Not one of its beads was made. */
  named('PlanNotFiled', { ...whose, ...failure }),
  named('PlanRefused', { ...whose, reason: line }),
  named('PlanReplaced', { ...whose, by: line }),
  /** It is there, and could not be handed over. */
  named('PlannedBeadNotSlung', { ...whose, bead: beadId, ...failure }),
] as const
