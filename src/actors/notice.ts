// What a person is told at once of what waits for them, on a desktop, a phone or wherever they have it sent.
//
// Always:    a short title, a body of at most 4,000 characters that ends with how to answer; characters that a terminal
//            would act on are shown as marks.

import { lastPart, MAYOR } from '../events/address.ts'
import type { EffectParams, FactOf, MessageOf } from '../events/index.ts'

type Asked = Pick<
  MessageOf<'decision.open'>,
  'kind' | 'agent' | 'bead' | 'question' | 'choices' | 'context' | 'waitMs'
>

const TITLE_MAX = 200
const BODY_MAX = 4_000
/** What remains for the texts of an agent. */
const TEXT_MAX = 3_000

type Notice = EffectParams<'notice.send'>

export function decisionNotice(decision: string, asked: Asked): Notice {
  const { kind, agent, bead, question, choices, context, waitMs } = asked
  const { tool, command, files, why } = context
  const what = {
    permission: `may I use ${tool ?? 'this tool'}?`,
    plan: 'a plan',
    question: 'a question',
    approval: 'may it land?',
  }[kind]
  const said = [
    question,
    ...(command === null || question.includes(command) ? [] : [command]),
    ...(files.length === 0 ? [] : [files.join('\n')]),
    ...(why === null ? [] : [`Why: ${why}`]),
  ]
  const time =
    waitMs === 0 ? 'It waits until you say so.' : `After ${minutes(waitMs)} it is settled without you.`
  const how = `gt answer ${decision} ${choices.join('|')}\n${time}`
  return { decision, agent, ...texts(`${lastPart(agent)}${ofBead(bead)}: ${what}`, said.join('\n'), how) }
}

export function escalationNotice({
  id,
  bead,
  agent,
  code,
  reason,
}: Omit<FactOf<'EscalationRaised'>, 'type'>): Notice {
  const who = agent ?? MAYOR
  const how = agent === null ? `gt escalate close ${id}` : `gt start ${agent}, or gt escalate close ${id}`
  return {
    decision: id,
    agent: who,
    ...texts(`${lastPart(who)}${ofBead(bead)} needs you (${code})`, reason, how),
  }
}

const ofBead = (bead: string | null): string => (bead === null ? '' : ` (${bead})`)

function texts(title: string, said: string, how: string): Pick<Notice, 'title' | 'body'> {
  const cut = said.length > TEXT_MAX ? `${said.slice(0, TEXT_MAX)}…` : said
  return { title: visible(title).slice(0, TITLE_MAX), body: visible(`${cut}\n${how}`).slice(0, BODY_MAX) }
}

const minutes = (ms: number): string =>
  ms < 60_000 ? `${Math.ceil(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`

const visible = (text: string): string => text.replaceAll(/[^\P{C}\n\t]/gu, '\u{fffd}')
