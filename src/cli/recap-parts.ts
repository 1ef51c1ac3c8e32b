// The parts of a recap: what each line says, and the command that it ends with.
//
// Owns:      the words and their order.
// Does not:  know how much room there is (recap-lines.ts cuts).

import { since as ago, clock } from './layout.ts'
import { countText, moneyText, tokensText } from './money.ts'

type Cost = {
  tokens: { input: number; output: number; cacheRead: number; cacheWrite: number }
  costUsd: number | null
  requests: number
  unpriced: number
}

export type Recap = {
  town: string
  span: {
    from: { seq: number; at: string }
    to: { seq: number; at: string }
    awakeMs: number
    lengthMs: number
  }
  first: { what: string; about: string; text: string; more: string }[]
  landed: {
    bead: string
    title: string
    agent: string
    commit: string
    lines: { added: number; removed: number } | null
    reopened: boolean
    more: string
  }[]
  notLanded: { bead: string; title: string; reason: string; since: string; more: string }[]
  closed: { bead: string; title: string; reason: string; more: string }[]
  waitsForYou: { id: string; bead: string | null; what: string; since: string; next: string }[]
  red: {
    kind: string
    rig: string
    what: string
    message: string
    since: string | null
    until: string | null
    more: string
  }[]
  agents: {
    agent: string
    bead: string | null
    restarts: number
    stuck: boolean
    cause: string
    more: string
  }[]
  costs: { items: (Cost & { key: string; title: string | null })[]; more: number; total: Cost }
  hours: Record<'place' | 'working' | 'person' | 'gates' | 'rework' | 'other', number>
}

/** `items`: cells; the one at `wide` is cut to what is left. `all`: the command for what is not shown. */
export type Part = {
  readonly heading: string
  readonly items: readonly (readonly string[])[]
  readonly wide: number
  readonly all: string
  /** As many at least, when there are so many, before others get more. */
  readonly least: number
}

export function headline({ town, span, landed, notLanded }: Recap): string {
  const { from, to, awakeMs } = span
  return `${town}, ${moment(from.at)} to ${moment(to.at)}, awake ${timeText(awakeMs)}: ${landed.length} landed, ${notLanded.length} not`
}

/** To the minute. */
const moment = (iso: string): string => clock(iso).replace(/:\d\d$/, '')

export function partsOf(recap: Recap): Part[] {
  const since = `--since ${recap.span.from.seq}`
  const { first, landed, notLanded, closed, waitsForYou, red, agents, costs, hours } = recap
  const parts: Part[] = [
    {
      heading: first.length === 0 ? 'Nothing needs a look.' : 'LOOK FIRST',
      items: first.map(({ about, text, more }) => [about, text, short(more)]),
      wide: 1,
      all: 'gt status',
      least: 3,
    },
    {
      heading: landed.length === 0 ? 'Nothing landed.' : 'LANDED',
      items: landed.map(({ bead, title, agent, lines, commit, reopened, more }) => [
        bead,
        `${reopened ? '(open again) ' : ''}${title}`,
        lastName(agent),
        lines === null ? '? lines' : `+${countText(lines.added)} -${countText(lines.removed)}`,
        commit.slice(0, 7),
        more,
      ]),
      wide: 1,
      all: `gt feed ${since} --limit 5000`,
      least: 5,
    },
    {
      heading:
        notLanded.length === 0 ? 'Everything that was handed over has landed or is closed.' : 'NOT LANDED',
      items: notLanded.map(({ bead, title, reason, since: from, more }) => [
        bead,
        ago(from, recap.span.to.at),
        `${reason} - ${title}`,
        more,
      ]),
      wide: 2,
      all: 'gt bead list --status open,hooked,in_progress,blocked,deferred',
      least: 4,
    },
    {
      heading: waitsForYou.length === 0 ? 'Nothing waits for you.' : 'WAITS FOR YOU',
      items: waitsForYou.map(({ id, bead, what, since: from, next }) => [
        bead ?? id,
        ago(from, recap.span.to.at),
        what,
        short(next),
      ]),
      wide: 2,
      all: 'gt status',
      least: 3,
    },
  ]
  if (closed.length > 0)
    parts.push({
      heading: 'CLOSED WITHOUT LANDING',
      items: closed.map(({ bead, title, reason, more }) => [bead, `${reason} - ${title}`, more]),
      wide: 1,
      all: 'gt bead list --status closed',
      least: 1,
    })
  if (red.length > 0)
    parts.push({
      heading: 'WAS RED',
      items: grouped(red).map(redLine),
      wide: 1,
      all: `gt feed --problems ${since}`,
      least: 2,
    })
  if (agents.length > 0)
    parts.push({
      heading: 'AGENTS THAT STOPPED OR BEGAN AGAIN',
      items: agents.map(({ agent, bead, restarts, stuck, cause, more }) => [
        lastName(agent),
        [
          bead,
          stuck ? 'stands still' : null,
          restarts === 0 ? null : restarts === 1 ? 'begun again once' : `begun again ${restarts} times`,
          cause,
        ]
          .filter((text) => text !== null && text !== '')
          .join(', '),
        more,
      ]),
      wide: 1,
      all: `gt feed --problems ${since}`,
      least: 2,
    })
  parts.push(spent(costs, since), wentWhere(hours, since))
  return parts
}

type Red = Recap['red'][number]

/** What is red again and again is one line; what still is, first. */
function grouped(red: readonly Red[]): (readonly Red[])[] {
  const groups = new Map<string, Red[]>()
  for (const each of red) {
    const key = `${each.kind} ${each.rig} ${each.what}`
    groups.set(key, [...(groups.get(key) ?? []), each])
  }
  const isOpen = (group: readonly Red[]): boolean => group.at(-1)?.until === null
  return [...groups.values()].sort((left, right) => Number(isOpen(right)) - Number(isOpen(left)))
}

function redLine(group: readonly Red[]): string[] {
  const last = group.at(-1) as Red
  const { kind, rig, what, message, since: from, until, more } = last
  const when = `${from === null ? 'from before' : moment(from)} ${until === null ? 'until now' : `to ${moment(until)}`}`
  const times = group.length === 1 ? when : `${group.length} times, last ${when}`
  return [`${kind} ${what}`, `${rig}, ${times}: ${message}`, more]
}

function spent({ items, total }: Recap['costs'], since: string): Part {
  const all = `gt costs --by bead ${since}`
  const tokens = (cost: Cost): string =>
    tokensText(cost.tokens.input + cost.tokens.output + cost.tokens.cacheRead + cost.tokens.cacheWrite)
  const money = ({ costUsd, unpriced }: Cost): string =>
    unpriced === 0 || costUsd === null ? moneyText(costUsd) : `${moneyText(costUsd)} + unknown`
  if (total.requests === 0)
    return { heading: 'Nothing is known to have been used.', items: [], wide: 0, all, least: 0 }
  const rows = items.map((item) => [
    item.key,
    item.title ?? '',
    tokens(item),
    money(item),
    `gt why --cost ${item.key}`,
  ])
  return {
    heading: `USED: ${tokens(total)}, ${money(total)}: ${all}`,
    items: rows,
    wide: 1,
    all,
    least: 3,
  }
}

const WHERE = [
  ['working', 'working', 'gt agents'],
  ['rework', 'rework', 'gt feed --problems'],
  ['gates', 'gates (checks), landing', 'gt mq list'],
  ['place', 'waiting for a place', 'gt scheduler list'],
  ['person', 'waiting for a person', 'gt inbox'],
  ['other', 'waiting for something else', 'gt bead blocked'],
] as const

function wentWhere(hours: Recap['hours'], since: string): Part {
  const rows = WHERE.filter(([kind]) => hours[kind] > 0).map(([kind, name, more]) => [
    name,
    timeText(hours[kind]),
    more.startsWith('gt feed') ? `${more} ${since}` : more,
  ])
  return {
    heading: rows.length === 0 ? 'No work was on its way.' : 'WHERE THE HOURS WENT: of each bead on its way',
    items: rows,
    wide: 0,
    all: `gt recap ${since} --json`,
    least: 6,
  }
}

/** Of several ways the first; one that would leave no room for what it is about is said by `gt status` in full. */
const short = (command: string): string => {
  const [first = ''] = command.split(', or ')
  return first.length <= COMMAND_MAX ? first : 'gt status'
}

const COMMAND_MAX = 40

const lastName = (address: string): string => address.slice(address.lastIndexOf('/') + 1)

/** `7h 40m`, `12m`, `40s` */
export function timeText(ms: number): string {
  if (ms < 59_500) return `${Math.round(ms / 1_000)}s`
  const minutes = Math.round(ms / 60_000)
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60]
  return hours === 0 ? `${rest}m` : `${hours}h ${rest}m`
}
