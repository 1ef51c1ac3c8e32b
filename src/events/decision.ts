// Decisions: what waits for a person, with a time after which it is settled without one.

import { z } from 'zod'
import { address, beadId, count, effect, failure, line, named, rigName } from './define.ts'

/** What an agent stands still for. */
const askedKind = z.enum(['permission', 'question', 'plan'])
export type AskedKind = z.infer<typeof askedKind>
/** `approval`: of work that a Refinery would land. */
export const decisionKind = z.enum([...askedKind.options, 'approval'])
export type DecisionKind = z.infer<typeof decisionKind>

/** What a person needs to see to decide; texts of agents, shown as data. */
export const decisionContext = z.strictObject({
  tool: line.nullable(),
  /** The command line, or what the tool is asked to do. */
  command: z.string().max(10_000).nullable(),
  files: z.array(line).max(50),
  /** What the agent says it is for. */
  why: line.nullable(),
  cwd: line.nullable(),
})
export type DecisionContext = z.infer<typeof decisionContext>

const asked = {
  kind: decisionKind,
  session: address,
  agent: address,
  rig: rigName.nullable(),
  bead: beadId.nullable(),
  question: z.string().min(1).max(10_000),
  choices: z.array(line).min(1).max(20),
  context: decisionContext,
  /** After this many ms it is `otherwise`; 0: it stays open until somebody says something. */
  waitMs: count,
  otherwise: line,
}

export const decisionMessages = [
  /** To `decisions/<id>`, together with session.asked in one turn. */
  named('decision.open', asked),
  named('decision.answer', { choice: line, always: z.boolean(), note: line }),
  /** From the session: nobody waits for it any more. */
  named('decision.withdraw', { reason: line }),
  /** Answers to notice.send. `decision` as it was asked for. */
  named('notice.sent', { decision: line, ways: z.array(line).max(10), failed: z.array(line).max(10) }),
  named('notice.notSent', { decision: line, ...failure }),
] as const

const whose = { decision: line, session: address, agent: address, bead: beadId.nullable() }

/** What the person was told of: a decision, or an escalation by its id. */
const about = { decision: line, agent: address, bead: beadId.nullable() }

export const decisionFacts = [
  named('DecisionOpened', { ...whose, ...asked }),
  named('DecisionAnswered', { ...whose, choice: line, always: z.boolean(), note: line }),
  named('DecisionExpired', { ...whose, choice: line }),
  named('DecisionWithdrawn', { ...whose, reason: line }),
  /** `ways` that worked, and a sentence for each that did not. */
  named('OperatorNotified', { ...about, ways: z.array(line).max(10), failed: z.array(line).max(10) }),
  named('OperatorNotNotified', { ...about, ...failure }),
] as const

/** To a session. */
export const askingMessages = [
  named('session.asked', { decision: line, kind: askedKind, tool: line }),
  /**
   * From the decision, to whoever asked: a session, a plan, or a Refinery, which is told by whom. `note` when the person
   * wrote one.
   */
  named('session.answered', { decision: line, choice: line, note: line.optional(), by: address.optional() }),
] as const

export const decisionEffects = {
  /** Tells the operator by every way that is set: desktop, webhook, notify.command. */
  'notice.send': effect({
    params: z.strictObject({ decision: line, agent: address, title: line, body: z.string().max(4_000) }),
    settle: 'once',
    deadlineMs: 30_000,
  }),
}
