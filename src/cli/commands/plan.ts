// gt plan: beads that belong together, shown to you before any of them is made.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Connection, part } from '../../client/connection.ts'
import { ClientFault } from '../../client/fault.ts'
import { type Call, type Command, flagOf, given, textOf } from '../command.ts'
import { since } from '../layout.ts'
import { showList } from '../listing.ts'
import { safe, safeLine } from '../sanitize.ts'

export type Plan = {
  id: string
  agent: string
  by: string
  title: string
  state: string
  reason: string
  proposedAt: string
}
type Planned = {
  key: string
  bead: string
  rig: string
  title: string
  description: string
  acceptance: string[]
  priority: number
  needs: string[]
  agent: string | null
}
export type WholePlan = Plan & { beads: Planned[] }

export const planPropose: Command = {
  name: 'plan propose',
  summary: 'shows the person a plan: a JSON file of beads and what they need',
  usage: '<file>',
  words: [1, 1],
  options: {
    replaces: { type: 'text', value: '<plan>', help: 'stands in the place of this one, which is still open' },
  },
  async run(call) {
    const plan = planIn(call)
    const made = await call.town().command<{ id: string; beads: string[] }>('plan.propose', plan)
    const isPerson = call.env.GT_SESSION === undefined
    call.out.answer({
      json: made,
      ids: [made.id],
      lines: () => [
        `${made.id} is proposed, with ${made.beads.length} beads.`,
        isPerson
          ? `gt plan show ${made.id} shows it; gt answer ${made.id} file, sling or no.`
          : 'A person answers with file, sling or no; you are told. Nothing is made before.',
      ],
    })
  },
}

export const planShow: Command = {
  name: 'plan show',
  summary: 'one plan with all its beads; --json can be edited and proposed again',
  usage: '<id>',
  words: [1, 1],
  async run(call) {
    const plan = await wholePlan(call.town(), call.words[0] as string, textOf(call, 'at'))
    call.out.answer({ json: plan, ids: [plan.id], lines: () => planLines(plan) })
  },
}

export const planList: Command = {
  name: 'plan list',
  summary: 'plans, and what came of them',
  usage: '',
  words: [0, 0],
  options: { open: { type: 'flag', help: 'only those that wait for you' } },
  async run(call) {
    const query = { at: textOf(call, 'at'), state: flagOf(call, 'open') ? 'open' : 'all' }
    const { items } = await call.town().get<{ items: Plan[] }>('/v1/plans', query)
    const now = new Date().toISOString()
    showList(call, items, {
      id: ({ id }) => id,
      none: 'There is no plan; gt mayor plan "<what you want>" asks for one.',
      head: ['ID', 'STATE', 'SINCE', 'BY', 'TITLE'],
      row: ({ id, state, proposedAt, by, title }) => [id, state, since(proposedAt, now), by, title],
    })
  },
}

export const wholePlan = (town: Connection, id: string, at?: string): Promise<WholePlan> =>
  town.get<WholePlan>(`/v1/plans/${part(id)}`, { at })

export function planLines({ id, title, by, state, reason, beads }: WholePlan): string[] {
  const ids = state === 'filed' || state === 'slung'
  return [
    `${id}  ${safeLine(title)}  (${state}, by ${by})`,
    ...(reason === '' ? [] : [`    ${safeLine(reason)}`]),
    ...beads.flatMap((one) => [
      '',
      `${safeLine(one.key)}${ids ? ` = ${one.bead}` : ''}  ${one.rig}  P${one.priority}  ${safeLine(one.title)}${one.agent === null ? '' : `  (${one.agent})`}`,
      ...(one.needs.length === 0 ? [] : [`    needs ${one.needs.map(safeLine).join(', ')}`]),
      ...indented(one.description),
      ...one.acceptance.map((each) => `    - [ ] ${safeLine(each)}`),
    ]),
    ...(state === 'proposed' ? ['', `gt answer ${id} file|sling|no`] : []),
  ]
}

const indented = (text: string): string[] =>
  text.trim() === ''
    ? []
    : safe(text.trim())
        .split('\n')
        .map((line) => `    ${line}`)

/** What is proposed of a file: also one that gt plan show has written. */
function planIn(call: Call): Record<string, unknown> {
  const [file = '-'] = call.words
  let found: unknown
  try {
    found = JSON.parse(readFileSync(file === '-' ? 0 : resolve(call.cwd, file), 'utf8'))
  } catch (error) {
    const why = error instanceof SyntaxError ? `is no JSON: ${error.message}` : 'cannot be read'
    throw new ClientFault('PLAN_INVALID', `${file === '-' ? 'The input' : file} ${why}.`)
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    throw new ClientFault('PLAN_INVALID', 'A plan is one JSON object with its beads.')
  const shown = found as Readonly<Record<string, unknown>>
  if (typeof shown.id !== 'string')
    return given({ ...shown, replaces: textOf(call, 'replaces') ?? shown.replaces })
  const { title, beads } = shown
  // Shown while it was open, it is the one that is changed.
  const replaces = textOf(call, 'replaces') ?? (shown.state === 'proposed' ? shown.id : undefined)
  return given({ title, beads, replaces })
}
