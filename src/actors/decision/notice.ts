// What a person is told at once of a decision, on a desktop, a phone or wherever they have it sent.
//
// Always:    a short title, a body of at most 4,000 characters that ends with how to answer; characters that a terminal
//            would act on are shown as marks.

import { lastPart } from '../../events/address.ts'
import type { MessageOf } from '../../events/index.ts'

type Asked = Pick<
  MessageOf<'decision.open'>,
  'kind' | 'agent' | 'bead' | 'question' | 'choices' | 'context' | 'waitMs'
>

const TITLE_MAX = 200
const BODY_MAX = 4_000
/** What remains for the texts of an agent. */
const TEXT_MAX = 3_000

export function titleOf({ kind, agent, bead, context: { tool } }: Asked): string {
  const what =
    kind === 'permission' ? `may I use ${tool ?? 'this tool'}?` : kind === 'plan' ? 'a plan' : 'a question'
  const whose = bead === null ? '' : ` (${bead})`
  return visible(`${lastPart(agent)}${whose}: ${what}`).slice(0, TITLE_MAX)
}

export function bodyOf(decision: string, { question, choices, context, waitMs }: Asked): string {
  const { command, files, why } = context
  const said = [
    question,
    ...(command === null || question.includes(command) ? [] : [command]),
    ...(files.length === 0 ? [] : [files.join('\n')]),
    ...(why === null ? [] : [`Why: ${why}`]),
  ].join('\n')
  const cut = said.length > TEXT_MAX ? `${said.slice(0, TEXT_MAX)}…` : said
  const how = `gt answer ${decision} ${choices.join('|')}\nAfter ${minutes(waitMs)} it is settled without you.`
  return visible(`${cut}\n${how}`).slice(0, BODY_MAX)
}

const minutes = (ms: number): string =>
  ms < 60_000 ? `${Math.ceil(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`

const visible = (text: string): string => text.replaceAll(/[^\P{C}\n\t]/gu, '\u{fffd}')
