// gt history: what happened to one thing, step by step.

import { part } from '../../client/connection.ts'
import { type Command, flagOf, numberOf, textOf } from '../command.ts'
import { clock } from '../layout.ts'
import { type LogRecord, stateText } from './records.ts'

/** Steps that a person is shown when they do not say how many. */
const SHOWN = 100
const PAGE = 2_000

type Step = LogRecord & { cause: number | null; summary: string | null; reason: string | null }
type Page = { id: string; owner: string; items: Step[]; earlier: number; next: number; seq: number }

export const history: Command = {
  name: 'history',
  summary: 'what happened to a bead, an agent, a merge request …, step by step',
  usage: '<id or address>',
  words: [1, 1],
  options: {
    lines: { type: 'number', short: 'n', value: '<n>', help: `the last so many; ${SHOWN} when not said` },
    since: { type: 'text', value: '<when>', help: 'from then on' },
    all: { type: 'flag', help: 'every record, also those of others that speak of it' },
    follow: { type: 'flag', short: 'f', help: 'go on with what happens next' },
  },
  async run(call) {
    const path = `/v1/history/${part(call.words[0] as string)}`
    const town = call.town()
    const lines = numberOf(call, 'lines')
    const steps = flagOf(call, 'all') ? undefined : 'true'
    const query = { steps, since: textOf(call, 'since'), at: textOf(call, 'at') }
    // A program gets all of it, unless it says how much it wants.
    const last = lines ?? (call.out.json || call.out.quiet ? undefined : SHOWN)
    const first = await town.get<Page>(
      path,
      last === undefined ? { ...query, limit: PAGE } : { ...query, last },
    )
    const items = [...first.items]
    for (let page = first; last === undefined && page.items.length === PAGE; ) {
      page = await town.get<Page>(path, { ...query, limit: PAGE, after: page.next })
      items.push(...page.items)
    }
    const line = (step: Step): string => stepLine(step, first.owner)
    if (!flagOf(call, 'follow')) {
      call.out.answer({
        json: items,
        ids: items.map(({ seq }) => String(seq)),
        lines: () => [
          ...(first.earlier === 0
            ? []
            : [`… ${first.earlier} earlier: gt history ${call.words[0]} -n ${first.earlier + items.length}`]),
          ...items.map(line),
        ],
      })
      return
    }
    const say = (step: Step) => call.out.event(step, () => line(step))
    for (const step of items) say(step)
    const { seq: after } = first
    await town.follow(`${path}/stream`, { query: { steps }, after, signal: call.signal }, ({ data }) =>
      say(JSON.parse(data) as Step),
    )
  },
}

/** Of an owner below the one that was asked for, what its address has beyond that one's. */
function stepLine(step: Step, owner: string): string {
  const { seq, at, actor, by, message, facts, from, to, summary, reason, cause, refused } = step
  const whose =
    actor === owner ? '' : `${actor.startsWith(`${owner}/`) ? actor.slice(owner.length + 1) : actor}  `
  const change = stateText(from) === stateText(to) ? stateText(to) : `${stateText(from)} > ${stateText(to)}`
  const said = refused !== undefined ? null : (summary ?? (facts.map(({ type }) => type).join(' ') || null))
  const why = reason === null || said?.includes(reason) === true ? null : reason
  const what = [said, why].filter((text) => text !== null).join('; ')
  const led = cause === null ? '' : `, from ${cause}`
  return `${String(seq).padStart(6)}  ${clock(at)}  ${whose}${change}  ${message.type} by ${by}${led}${what === '' ? '' : `: ${what}`}`
}
