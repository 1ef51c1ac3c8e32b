// A decision: what an agent asks of a person, with a time after which it is settled without one. Rules: SPEC.md.

import { setup } from 'xstate'
import { decisionOwner, rigOwner } from '../../events/address.ts'
import type { DecisionKind, DecisionContext as Shown } from '../../events/decision.ts'
import { ruleOf } from '../../events/permission-rules.ts'
import type { PermissionRule } from '../../events/settings.ts'
import {
  ACTIONS,
  type Deciding,
  type Event,
  type MachineDef,
  OPTIONS,
  typesOf,
  UNEXPECTED,
  writing,
} from '../machine.ts'
import { decisionNotice } from '../notice.ts'

type DecisionContext = {
  decision: string
  kind: DecisionKind
  session: string
  agent: string
  rig: string | null
  bead: string | null
  choices: readonly string[]
  /** The rule that an answer for always would make, with `allow`; null when there is none. */
  rule: PermissionRule | null
  waitMs: number
  otherwise: string
  /** How it was settled; null while it is open, and when it was withdrawn. */
  choice: string | null
  note: string
}

const { does, when } = writing<DecisionContext>()

const asked = {
  'decision.answer': [
    { guard: when('decision.answer', refusesAnswer), actions: does('decision.answer', refuseAnswer) },
    { target: 'answered', actions: does('decision.answer', answer) },
  ],
  'decision.withdraw': {
    target: 'withdrawn',
    actions: does('decision.withdraw', (context, { reason, meta }, to) => {
      to.fact({ type: 'DecisionWithdrawn', ...whose(context), reason })
      // Whoever withdraws what it asked waits no more.
      if (meta.by !== context.session) tellSession(context, context.otherwise, to)
    }),
  },
  'notice.sent': {
    actions: does('notice.sent', (context, { ways, failed }, to) =>
      to.fact({ type: 'OperatorNotified', ...told(context), ways, failed }),
    ),
  },
  'notice.notSent': { actions: does('notice.notSent', notNotified) },
  'effect.failed': { actions: does('effect.failed', notNotified) },
}

const machine = setup({
  types: typesOf<DecisionContext>(),
  actions: ACTIONS,
  delays: { overdue: ({ context }) => context.waitMs },
}).createMachine({
  id: 'decision',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => ({
    decision: input.address.slice(decisionOwner('').length),
    kind: 'permission',
    session: '',
    agent: '',
    rig: null,
    bead: null,
    choices: [],
    rule: null,
    waitMs: 0,
    otherwise: '',
    choice: null,
    note: '',
  }),
  states: {
    absent: {
      on: {
        'decision.open': [
          {
            guard: when('decision.open', (_, { waitMs }) => waitMs === 0),
            target: 'standing',
            actions: does('decision.open', open),
          },
          { target: 'open', actions: does('decision.open', open) },
        ],
      },
    },

    open: {
      after: {
        overdue: {
          target: 'expired',
          actions: does('decision.answer', (context, _, to) => {
            to.set({ choice: context.otherwise })
            to.fact({ type: 'DecisionExpired', ...whose(context), choice: context.otherwise })
            tellSession(context, context.otherwise, to)
          }),
        },
      },
      on: asked,
    },

    /** Open, without a time. */
    standing: { on: asked },

    answered: { type: 'final' },
    expired: { type: 'final' },
    withdrawn: { type: 'final' },
  },
  on: { '*': UNEXPECTED },
})

export const decision: MachineDef = { name: 'decision', version: 2, machine, live: false }

type To = Deciding<DecisionContext>

const whose = ({ decision, session, agent, bead }: Readonly<DecisionContext>) => ({
  decision,
  session,
  agent,
  bead,
})

const told = ({ decision, agent, bead }: Readonly<DecisionContext>) => ({ decision, agent, bead })

function open(context: DecisionContext, event: Event<'decision.open'>, to: To): void {
  const { meta: _meta, type: _type, question, context: shown, ...asked } = event
  const { kind, session, agent, rig, bead, choices, waitMs, otherwise } = asked
  const rule = kind === 'permission' ? ruleOf(toolOf(shown), 'allow') : null
  to.set({ kind, session, agent, rig, bead, choices, rule, waitMs, otherwise })
  to.fact({ type: 'DecisionOpened', decision: context.decision, question, context: shown, ...asked })
  to.effect('notice.send', decisionNotice(context.decision, event))
}

const toolOf = ({ tool, command, files }: Shown) => ({ tool: tool ?? '', command, files })

function refusesAnswer({ choices, rule, rig }: DecisionContext, event: Event<'decision.answer'>): boolean {
  return !choices.includes(event.choice) || (event.always && (rule === null || rig === null))
}

function refuseAnswer(
  { decision, choices }: DecisionContext,
  { choice }: Event<'decision.answer'>,
  to: To,
): void {
  if (!choices.includes(choice))
    return to.refuse('CHOICE_UNKNOWN', `${decision} can be answered with ${choices.join(', ')}.`, {
      choices: [...choices],
    })
  to.refuse(
    'ALWAYS_NOT_POSSIBLE',
    `No rule says just what ${decision} asks, so it is answered for this once.`,
  )
}

function answer(context: DecisionContext, event: Event<'decision.answer'>, to: To): void {
  const { rule, rig, kind } = context
  const { choice, always, note, meta } = event
  to.set({ choice, note })
  to.fact({ type: 'DecisionAnswered', ...whose(context), choice, always, note })
  tellSession(context, choice, to, note, kind === 'approval' ? meta.by : '')
  if (!always || rule === null || rig === null) return
  const verdict = choice === 'allow' ? 'allow' : 'deny'
  to.tell({ to: rigOwner(rig), message: { type: 'rig.addRule', rule: { ...rule, verdict } } })
}

function notNotified(context: DecisionContext, failure: { code: string; message: string }, to: To): void {
  const { code, message } = failure
  to.fact({ type: 'OperatorNotNotified', ...told(context), code, message })
}

function tellSession(
  { decision, session }: DecisionContext,
  choice: string,
  to: To,
  note = '',
  by = '',
): void {
  const message = {
    type: 'session.answered',
    decision,
    choice,
    ...(note !== '' && { note }),
    ...(by !== '' && { by }),
  } as const
  to.tell({ to: session, message })
}
