// gt answer: what an agent asked is answered, with a receipt.

import { type Command, flagOf, given, textOf } from '../command.ts'
import { UsageError } from '../usage.ts'

type Receipt = {
  decision: string
  n: number
  kind: string
  choice: string
  note: string
  agent: string
  bead: string | null
  heard: 'now' | 'later' | 'gone'
  rule: { verdict: string } | null
  ruleText: string | null
  ruleDecides: boolean
  /** `agent` wrote it, and is told. */
  plan: { id: string; agent: string; state: string; beads: string[]; reason: string } | null
}

export const answer: Command = {
  name: 'answer',
  summary: 'answers what an agent asks; gt inbox lists it',
  usage: '<id> <choice>',
  where: 'person',
  words: [1, 2],
  options: {
    always: { type: 'flag', help: 'makes the rule of it that gt inbox shows' },
    note: {
      type: 'text',
      value: '<text>',
      help: 'what the agent is told besides; the answer to a question in words',
    },
  },
  async run(call) {
    const [decision, word] = call.words
    const note = textOf(call, 'note')
    const choice = word ?? (note === undefined ? undefined : 'note')
    if (choice === undefined) throw new UsageError('which answer? gt inbox lists the choices', 'answer')
    const always = flagOf(call, 'always')
    const body = given({ decision, choice, note, always: always || undefined })
    const receipt = await call.town().command<Receipt>('decision.answer', body)
    call.out.answer({ json: receipt, ids: [receipt.decision], lines: () => linesOf(receipt) })
  },
}

function linesOf(receipt: Receipt): string[] {
  const { decision, kind, choice, note, agent, bead, heard, rule, ruleText, ruleDecides, plan } = receipt
  if (plan !== null) return planLines(plan)
  if (kind === 'approval')
    return [
      choice === 'approve'
        ? `${decision}: approved. The Refinery (merge queue) lands ${bead}.`
        : `${decision}: refused. ${bead} goes back to its worker${note === '' ? '' : ', with your note'}.`,
    ]
  const told = {
    now: `${agent} waits for it and has it.`,
    later: `${agent} is not on the line; it gets this when it asks again.`,
    gone: `The session of ${agent} has ended, so nobody gets it.`,
  }[heard]
  return [
    `${decision}: ${choice}. ${told}`,
    ...(note !== '' && choice === 'allow' ? ['The note is kept; with a yes an agent is shown none.'] : []),
    ...(rule === null
      ? []
      : [
          `From now on: ${rule.verdict} ${ruleText}, and nothing else.`,
          ...(ruleDecides ? [] : ['An earlier rule of the rig fits as well, and decides otherwise.']),
        ]),
  ]
}

function planLines({ id, agent, state, beads, reason }: NonNullable<Receipt['plan']>): string[] {
  const told = agent === 'overseer' ? '' : ` ${agent} is told.`
  switch (state) {
    case 'slung':
      return [`${id}: filed and slung as ${beads.join(', ')}.${told}`]
    case 'filed':
      return [`${id}: filed as ${beads.join(', ')}.${told}`]
    case 'notFiled':
      return [`${id}: nothing was filed: ${reason}${told}`]
    default:
      return [`${id}: no.${told}`]
  }
}
