// A plan: beads that a person says yes or no to, and that are then made together. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { beadOwner, nudgeOwner, planOwner } from '../../events/address.ts'
import { nudgeLine } from '../../events/nudge-line.ts'
import type { PlannedBead } from '../../events/plan.ts'
import {
  ACTIONS,
  type Deciding,
  type Event,
  type MachineDef,
  OPTIONS,
  type Tell,
  typesOf,
  UNEXPECTED,
  writing,
} from '../machine.ts'
import { slinging } from '../slinging.ts'

type PlanContext = {
  plan: string
  title: string
  agent: string
  /** Is told what came of it; null when a person proposed it. */
  session: string | null
  /** As long as they are not made. */
  beads: readonly PlannedBead[]
  slung: boolean
}

type To = Deciding<PlanContext>

const { does, when } = writing<PlanContext>()

const PLANS = planOwner('')

const machine = setup({ types: typesOf<PlanContext>(), actions: ACTIONS }).createMachine({
  id: 'plan',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => ({
    plan: input.address.slice(PLANS.length),
    title: '',
    agent: '',
    session: null,
    beads: [],
    slung: false,
  }),
  states: {
    absent: {
      on: {
        'plan.propose': {
          target: 'proposed',
          actions: does('plan.propose', ({ plan }, { title, beads, agent, session }, to) => {
            to.set({ title, beads, agent, session })
            to.fact({ type: 'PlanProposed', plan, agent, title, beads: beads.map(({ bead }) => bead) })
          }),
        },
      },
    },

    /** Its decision is open. */
    proposed: {
      on: {
        'session.answered': [
          {
            guard: when('session.answered', ({ plan }, { decision }) => decisionFor(plan) !== decision),
            actions: does('session.answered', ({ plan }, { decision }, to) =>
              to.refuse('DECISION_NOT_FOUND', `${decision} is not about plan ${plan}.`),
            ),
          },
          {
            guard: when('session.answered', (_, { choice }) => choice === 'file' || choice === 'sling'),
            target: 'filing',
            actions: does('session.answered', file),
          },
          { target: 'refused', actions: does('session.answered', refuse) },
        ],
        'plan.replace': {
          target: 'replaced',
          actions: does('plan.replace', ({ plan, agent }, { by }, to) =>
            to.fact({ type: 'PlanReplaced', plan, agent, by }),
          ),
        },
      },
    },

    /** All its beads are to be made in one turn. */
    filing: {
      on: {
        'plan.filed': { target: 'filed', actions: does('plan.filed', filed) },
        'tell.refused': { target: 'notFiled', actions: does('tell.refused', notFiled) },
      },
    },

    filed: {
      on: {
        'tell.refused': {
          actions: does('tell.refused', ({ plan, agent }, { code, message, messages }, to) => {
            for (const { to: bead, message: told } of messages)
              if (told.type === 'bead.queue')
                to.fact({
                  type: 'PlannedBeadNotSlung',
                  plan,
                  agent,
                  bead: bead.slice(beadOwner('').length),
                  code,
                  message,
                })
          }),
        },
      },
    },

    refused: { type: 'final' },
    replaced: { type: 'final' },
    notFiled: { type: 'final' },
  },
  on: { '*': UNEXPECTED },
})

export const plan: MachineDef = { name: 'plan', version: 1, machine, live: false }

/** One id names a plan, the decision about it, and the message that says what came of it. */
const decisionFor = (plan: string): string => plan.replace(/^p-/, 'd-')
const nudgeFor = (plan: string): string => plan.replace(/^p-/, 'n-')

/** Every bead and what they need of others, or nothing: and the plan is told in that very turn. */
function file({ plan, beads }: PlanContext, { choice }: Event<'session.answered'>, to: To): void {
  to.set({ slung: choice === 'sling' })
  to.tell(...beads.flatMap(making), { to: planOwner(plan), message: { type: 'plan.filed' } })
}

function making({ bead, rig, title, priority, labels, needs, ...more }: PlannedBead): Tell[] {
  return [
    ...needs.map((need): Tell => ({ to: beadOwner(need), message: { type: 'bead.neededBy', bead } })),
    {
      to: beadOwner(bead),
      message: {
        type: 'bead.create',
        rig,
        title,
        description: described(more),
        beadType: 'task',
        priority,
        labels,
        parent: null,
        needs,
      },
    },
  ]
}

const described = ({ description, acceptance }: Pick<PlannedBead, 'description' | 'acceptance'>): string => {
  const list = acceptance.map((each) => `- [ ] ${each}`).join('\n')
  return [description.trim(), list === '' ? '' : `## Acceptance\n\n${list}`]
    .filter((part) => part !== '')
    .join('\n\n')
}

function filed(context: PlanContext, _: unknown, to: To): void {
  const { plan, agent, beads, slung } = context
  to.set({ beads: [] })
  to.fact({ type: 'PlanFiled', plan, agent, beads: beads.map(({ bead }) => bead), slung })
  if (slung) for (const one of beads) to.tell(...slinging({ ...one, group: plan }))
  const made = beads.map(({ key, bead }) => `${key} is ${bead}`).join(', ')
  tellProposer(context, `yes, ${slung ? 'filed and slung' : 'filed'}: ${made}.`, to)
}

function notFiled(context: PlanContext, { code, message }: Event<'tell.refused'>, to: To): void {
  const { plan, agent } = context
  to.set({ beads: [] })
  to.fact({ type: 'PlanNotFiled', plan, agent, code, message })
  tellProposer(context, `yes, but none of it could be filed (${message}) Propose it again.`, to)
}

function refuse(context: PlanContext, { choice, note = '' }: Event<'session.answered'>, to: To): void {
  const { plan, agent } = context
  to.set({ beads: [] })
  to.fact({ type: 'PlanRefused', plan, agent, reason: note })
  tellProposer(context, `${choice}.${note === '' ? '' : ` The person says: ${note}`}`, to)
}

/** How long the answer waits until its agent may be spoken to, ms. */
const ANSWER_WAIT_MS = 60 * 60_000

function tellProposer({ plan, agent, session }: PlanContext, answer: string, to: To): void {
  if (session === null) return
  const nudge = nudgeFor(plan)
  const text = `The answer to your plan ${plan} is ${answer}`.slice(0, 20_000)
  to.tell({
    to: nudgeOwner(nudge),
    message: {
      type: 'nudge.send',
      to: agent,
      session,
      text,
      line: nudgeLine(nudge, planOwner(plan), text),
      mode: 'idle',
      waitMs: ANSWER_WAIT_MS,
    },
  })
}
