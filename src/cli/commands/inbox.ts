// gt inbox: what agents ask you, and what else only you can move on.

import { type Command, flagOf, textOf } from '../command.ts'
import { clock, since } from '../layout.ts'
import { safe } from '../sanitize.ts'

type Decision = {
  id: string
  n: number
  kind: 'permission' | 'question' | 'plan' | 'approval'
  agent: string
  bead: string | null
  question: string
  choices: string[]
  context: {
    tool: string | null
    command: string | null
    files: string[]
    why: string | null
    cwd: string | null
  }
  since: string
  expiresAt: string | null
  state: 'open' | 'answered' | 'expired' | 'withdrawn'
  answer: { choice: string; always: boolean; note: string; by: string } | null
  settledAt: string | null
  reason: string | null
  notice: { ways: string[]; problem: string | null } | null
  always: string | null
}
type Escalation = {
  id: string
  code: string
  bead: string | null
  agent: string | null
  reason: string
  since: string
}

/** Presets cut a command there. */
const COMMAND_MAX = 10_000

export const inbox: Command = {
  name: 'inbox',
  summary: 'what agents ask you; gt answer answers',
  usage: '',
  words: [0, 0],
  options: { all: { type: 'flag', help: 'the last ones that are settled, too' } },
  async run(call) {
    const town = call.town()
    const at = textOf(call, 'at')
    const [asked, stuck] = await Promise.all([
      town.get<{ items: Decision[] }>('/v1/decisions', { at, state: flagOf(call, 'all') ? 'all' : 'open' }),
      town.get<{ items: Escalation[] }>('/v1/escalations', { at }),
    ])
    const now = new Date().toISOString()
    call.out.answer({
      json: [...asked.items, ...stuck.items.map(asItem)],
      ids: [...asked.items, ...stuck.items].map(({ id }) => id),
      lines: () => {
        const lines = [
          ...asked.items.flatMap((one) => [...decisionLines(one, now), '']),
          ...stuck.items.flatMap((one) => [...escalationLines(one, now), '']),
        ]
        return lines.length === 0 ? ['Nobody asks you anything.'] : lines.slice(0, -1)
      },
    })
  },
}

/** With the fields of a decision. */
const asItem = ({ id, code, bead, agent, reason, since: from }: Escalation) => ({
  id,
  kind: 'escalation',
  code,
  agent,
  bead,
  question: reason,
  choices: [],
  context: null,
  since: from,
  expiresAt: null,
  next: nextOf({ id, agent }),
})

const nextOf = ({ id, agent }: Pick<Escalation, 'id' | 'agent'>): string =>
  agent === null ? `gt escalate close ${id}` : `gt start ${agent}, or gt escalate close ${id}`

const escalationLines = (one: Escalation, now: string): string[] => [
  `${one.id}  ${one.bead ?? one.agent ?? ''} for ${since(one.since, now)}: ${oneLine(one.reason)}`,
  `    ${nextOf(one)}`,
]

function decisionLines(one: Decision, now: string): string[] {
  const { command } = one.context
  const { n, id, agent, bead, question, context, choices, always, notice } = one
  const head = `${n}  ${agent}${bead === null ? '' : ` (${bead})`}: ${oneLine(question)}`
  if (one.state !== 'open') return [head, ...shown(context), `    ${settled(one)}`]
  const left =
    one.expiresAt === null
      ? 'without a time'
      : Date.parse(one.expiresAt) > Date.parse(now)
        ? `${since(now, one.expiresAt)} left`
        : 'time is over'
  const only = choices.map(oneLine).join('|')
  return [
    head,
    `    ${id}, for ${since(one.since, now)}, ${left}`,
    ...shown(context),
    ...(notice?.problem == null ? [] : [`    you were not told: ${oneLine(notice.problem)}`]),
    `    gt answer ${n} ${only}`,
    ...(always === null
      ? []
      : [`    with --always a rule for ${command === null ? oneLine(always) : 'this very command'}`]),
  ]
}

/** The command whole, each line behind a bar, so that none can be taken for a line of ours. */
function shown({ command, files, why, cwd }: Decision['context']): string[] {
  return [
    ...(command === null
      ? []
      : safe(command)
          .split('\n')
          .map((line) => `    | ${line}`)),
    ...(command !== null && command.length >= COMMAND_MAX
      ? ['    (it may go on: this is its beginning)']
      : []),
    ...files.map((file) => `    file ${oneLine(file)}`),
    ...(why === null ? [] : [`    why: ${oneLine(why)}`]),
    ...(cwd === null || command === null ? [] : [`    in ${oneLine(cwd)}`]),
  ]
}

function settled({ state, answer, settledAt, reason }: Decision): string {
  const at = settledAt === null ? '' : ` at ${clock(settledAt)}`
  if (state === 'withdrawn') return `withdrawn${at}: ${oneLine(reason ?? '')}`
  if (state === 'expired') return `nobody answered${at}: ${answer?.choice ?? ''}`
  const note = answer === null || answer.note === '' ? '' : `: ${oneLine(answer.note)}`
  return `${answer?.by ?? ''} answered ${answer?.choice ?? ''}${answer?.always === true ? ' for always' : ''}${at}${note}`
}

const oneLine = (text: string): string => safe(text.replace(/\s+/g, ' '))
