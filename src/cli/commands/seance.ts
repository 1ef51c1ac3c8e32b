// gt seance: the earlier sessions of an agent, and one question to one of them.

import { ClientFault } from '../../client/fault.ts'
import { isInSession } from '../../client/session.ts'
import { type Call, type Command, numberOf, textOf } from '../command.ts'
import { since, table } from '../layout.ts'
import { countText, moneyText } from '../money.ts'
import { UsageError } from '../usage.ts'

type Session = {
  session: string
  agent: string
  bead: string | null
  runtime: string | null
  runtimeSession: string | null
  transcript: string | null
  openedAt: string
  endedAt: string | null
  ending: { kind: string; detail: string } | null
  stopReason: string | null
  done: boolean
  turns: number
  tokens: { input: number; output: number; cacheRead: number; cacheWrite: number }
  costUsd: number | null
  asks: 'talk' | 'read'
}
type Opened = Session & { program: string[] | null; model: string | null; allow: string[] }
type Used = { input: number; output: number; cacheRead: number; cacheWrite: number; costUsd: number | null }

export const seance: Command = {
  name: 'seance',
  summary: 'earlier sessions of an agent; --talk asks one of them a question',
  usage: '[polecat]',
  words: [0, 1],
  options: {
    talk: { type: 'text', value: '<session>', help: 'the session to ask, or a polecat: its last one' },
    prompt: { type: 'text', short: 'p', value: '<question>', help: 'the question' },
    read: { type: 'flag', help: 'do not ask; look through what is written down' },
    limit: { type: 'number', value: '<n>', help: 'how many to list; 20 when not said' },
  },
  async run(call) {
    const talk = textOf(call, 'talk')
    const question = textOf(call, 'prompt')
    if (talk === undefined && question === undefined) return list(call)
    if (talk === undefined || question === undefined || question.trim() === '')
      throw new UsageError('a question needs --talk <session> and -p <question>', 'seance')
    return ask(call, talk, question)
  },
}

async function list(call: Call): Promise<number> {
  const own = isInSession(call.env) ? call.env.GT_ACTOR : undefined
  const { items } = await call.town().get<{ items: Session[] }>('/v1/sessions', {
    agent: call.words[0] ?? own,
    limit: numberOf(call, 'limit') ?? 20,
    at: textOf(call, 'at'),
  })
  const now = new Date().toISOString()
  call.out.answer({
    json: { items },
    ids: items.map(({ session }) => session),
    lines: () =>
      items.length === 0
        ? ['There was none yet.']
        : table(
            ['SESSION', 'BEAD', 'ENDED', 'TURNS', 'TOKENS', 'COST', 'ASK'],
            items.map((one) => [
              one.session,
              one.bead ?? '-',
              endOf(one, now),
              String(one.turns),
              countText(Object.values(one.tokens).reduce((sum, each) => sum + each, 0)),
              moneyText(one.costUsd),
              one.asks === 'talk' ? 'talks' : 'reads',
            ]),
            { wide: 2, columns: call.out.columns },
          ),
  })
  return 0
}

/** How long ago, and how: 80 columns have no room for a whole time beside it. */
function endOf({ ending, endedAt, done, stopReason }: Session, now: string): string {
  if (ending === null || endedAt === null) return 'works'
  return `${since(endedAt, now)} ${done ? 'done' : (stopReason ?? ending.detail)}`
}

async function ask(call: Call, talk: string, question: string): Promise<number> {
  const { env, out, signal } = call
  const town = call.town()
  const opened = await town.command<Opened>('seance.open', {
    session: talk,
    reading: call.values.read === true,
  })
  const { session, runtime, runtimeSession } = opened
  const { askCopy, lookThrough } = await (await import('../../client/embedded.ts')).seance()
  if (opened.asks === 'talk' && runtime !== null && runtimeSession !== null) {
    const said = await askCopy({ ...opened, runtime, runtimeSession, question }, env, signal)
    if ('code' in said) throw new ClientFault(said.code, said.message)
    const { text, error, usage } = said
    const answered = text !== null
    const noted = await town.command<{ usage: Used[] }>('seance.told', { session, question, answered, usage })
    if (text !== null) {
      const json = { session, agent: opened.agent, question, answer: text, usage: noted.usage }
      out.answer({
        json,
        ids: [session],
        lines: () => [`${session} answers:`, ...quoted(text), tookText(noted.usage)],
      })
      return 0
    }
    if (signal.aborted) return 1
    out.note(`${session} gave no answer: ${error ?? 'nothing was said'}`)
  }
  const found = await lookThrough(town.dir ?? env.GT_TOWN ?? null, opened, question)
  const json = { session, agent: opened.agent, question, answer: null, ...found }
  out.answer({
    json,
    ids: [session],
    lines: () =>
      found.from === null
        ? [`${session} cannot be asked, and nothing is written down of it.`]
        : [
            `This is no answer: ${session} is not asked. This is what its ${found.from} holds.`,
            ...(found.passages.length === 0
              ? ['No passage holds a word of the question.']
              : ['Passages with words of the question:', ...found.passages.flatMap(passageLines)]),
            'The last that was said:',
            ...found.last.flatMap(passageLines),
          ],
  })
  return 0
}

const PASSAGE_CHARS = 600

const passageLines = ({ n, who, text }: { n: number; who: string; text: string }): string[] => [
  `[${n}] ${who}`,
  ...quoted(text.length > PASSAGE_CHARS ? `${text.slice(0, PASSAGE_CHARS)}…` : text),
]

const quoted = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .map((line) => `> ${line}`)

function tookText(usage: readonly Used[]): string {
  const tokens = usage.reduce((sum, one) => sum + one.input + one.output + one.cacheRead + one.cacheWrite, 0)
  const priced = usage.every(({ costUsd }) => costUsd !== null)
  const usd = usage.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0)
  return `It took ${countText(tokens)} tokens (${moneyText(priced && usage.length > 0 ? usd : null)}).`
}
