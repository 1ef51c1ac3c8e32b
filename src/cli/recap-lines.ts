// A recap as lines: one screen for a terminal, or Markdown to paste.
//
// Owns:      how many lines each part gets, and what is said where one was cut.
// Always:    each line ends with the command that shows more; nothing of a title or a reason acts on whoever reads it.

import { clock, cut, widthOf } from './layout.ts'
import { countText, moneyText, tokensText } from './money.ts'
import { safeLine } from './sanitize.ts'

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
type Part = {
  readonly heading: string
  readonly items: readonly (readonly string[])[]
  readonly wide: number
  readonly all: string
  /** As many at least, when there are so many, before others get more. */
  readonly least: number
}

/** Lines of a screen, less the one for the prompt. */
export const SCREEN_LINES = 49

/** `columns` by `rows` at most. */
export function screen(recap: Recap, columns: number, rows = SCREEN_LINES): string[] {
  const parts = partsOf(recap)
  const shares = shared(parts, rows - 1)
  return [
    cut(headline(recap), columns),
    ...parts.flatMap((part, n) => {
      const shown = shares[n] ?? 0
      const head = [headed(part)]
      const lines = aligned(part.items.slice(0, shown), part.wide, columns - 2)
      return [
        ...head,
        ...lines.map((line) => `  ${line}`),
        ...(shown < part.items.length ? [`  and ${part.items.length - shown} more: ${part.all}`] : []),
      ].map((line) => cut(line, columns))
    }),
  ]
}

/** Cells two blanks apart; the one at `wide` takes what is left, so that the command at the end is whole. */
function aligned(items: readonly (readonly string[])[], wide: number, columns: number): string[] {
  const widths = (items[0] ?? []).map((_, n) =>
    Math.max(...items.map((row) => widthOf(safeLine(row[n] ?? '')))),
  )
  const last = widths.length - 1
  // Commands of very different length: each takes its own room.
  const alike = (widths[last] ?? 0) <= ALIKE_MAX
  return items.map((row) => {
    const own = widthOf(row[last] ?? '')
    const others = widths.reduce((sum, width, n) => {
      if (n === wide) return sum
      return sum + 2 + (n === last && !alike ? own : width)
    }, 0)
    return row
      .map((cell, n) => {
        if (n === last) return safeLine(cell)
        const width = n === wide ? Math.max(8, columns - others) : (widths[n] ?? 0)
        const text = cut(cell, width)
        return text + ' '.repeat(Math.max(0, width - widthOf(text)))
      })
      .join('  ')
  })
}

const ALIKE_MAX = 24

/** The same, to be pasted into an issue or a message. */
export function markdown(recap: Recap, rows = SCREEN_LINES): string[] {
  const parts = partsOf(recap)
  const shares = shared(parts, rows - 1)
  return [
    `# ${plain(headline(recap))}`,
    ...parts.flatMap((part, n) => {
      const shown = shares[n] ?? 0
      const [count, more] = [part.items.length, part.items.length - shown]
      return [
        '',
        `**${plain(headed(part))}**`,
        ...(count === 0 ? [] : ['']),
        ...part.items.slice(0, shown).map(pasted),
        ...(more > 0 ? [`- and ${more} more: ${code(part.all)}`] : []),
      ]
    }),
  ]
}

/** How many there are, unless the heading has said what counts. */
const headed = ({ heading, items }: Part): string =>
  items.length === 0 || heading.includes(':') ? heading : `${heading}: ${items.length}`

const pasted = (cells: readonly string[]): string => {
  const said = cells.slice(0, -1).filter((cell) => cell !== '')
  return `- ${said.map(plain).join(' · ')} ${code(cells.at(-1) ?? '')}`
}

/** Nothing in it marks anything up, names a person or an issue, or is HTML. */
const plain = (text: string): string =>
  safeLine(text)
    .replace(/[\\`*_[\]()<>|#~!&]/g, (mark) => (mark === '<' ? '&lt;' : mark === '&' ? '&amp;' : `\\${mark}`))
    .replaceAll('@', '&#64;')
    .replaceAll('://', ':&#47;/')

const code = (text: string): string => `\`${safeLine(text).replaceAll('`', "'")}\``

/** How many items of each part are shown. A part that is cut needs one line to say so. */
function shared(parts: readonly Part[], rows: number): number[] {
  const shares = parts.map(({ items, least }) => Math.min(items.length, least))
  const used = (): number =>
    parts.reduce((sum, { items }, n) => {
      const shown = shares[n] ?? 0
      return sum + 1 + shown + (shown < items.length ? 1 : 0)
    }, 0)
  // The first parts matter most; one more line for each in turn, as long as there is room.
  for (let grown = true; grown; ) {
    grown = false
    for (const [n, { items }] of parts.entries()) {
      const shown = shares[n] ?? 0
      if (shown >= items.length) continue
      shares[n] = shown + 1
      if (used() <= rows) grown = true
      else shares[n] = shown
    }
  }
  return shares
}

function headline({ town, span, landed, notLanded }: Recap): string {
  const { from, to, awakeMs } = span
  return `${town}, ${moment(from.at)} to ${moment(to.at)}, awake ${timeText(awakeMs)}: ${landed.length} landed, ${notLanded.length} not`
}

/** To the minute. */
const moment = (iso: string): string => clock(iso).replace(/:\d\d$/, '')

function partsOf(recap: Recap): Part[] {
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
        `${reason} (since ${moment(from)}) - ${title}`,
        more,
      ]),
      wide: 1,
      all: 'gt bead list --status open,hooked,in_progress,blocked,deferred',
      least: 4,
    },
    {
      heading: waitsForYou.length === 0 ? 'Nothing waits for you.' : 'WAITS FOR YOU',
      items: waitsForYou.map(({ id, bead, what, next }) => [bead ?? id, what, short(next)]),
      wide: 1,
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
      items: red.map(({ kind, rig, what, message, since: from, until, more }) => [
        `${kind} ${what}`,
        `${rig}, ${from === null ? 'from before' : moment(from)} ${until === null ? 'until now' : `to ${moment(until)}`}: ${message}`,
        more,
      ]),
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

function spent({ items, total }: Recap['costs'], since: string): Part {
  const all = `gt costs --by bead ${since}`
  const tokens = (cost: Cost): string =>
    tokensText(cost.tokens.input + cost.tokens.output + cost.tokens.cacheRead + cost.tokens.cacheWrite)
  const money = ({ costUsd, unpriced, requests }: Cost): string =>
    unpriced === 0 || costUsd === null
      ? moneyText(costUsd)
      : `${moneyText(costUsd)}, ${unpriced} of ${requests} unpriced`
  const brief = ({ costUsd, unpriced }: Cost): string =>
    unpriced === 0 || costUsd === null ? moneyText(costUsd) : `${moneyText(costUsd)} + unknown`
  if (total.requests === 0)
    return { heading: 'Nothing is known to have been used.', items: [], wide: 0, all, least: 0 }
  const rows = items.map((item) => [
    item.key,
    item.title ?? '',
    tokens(item),
    brief(item),
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

/** `7h 40m` */
export function timeText(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 1) return ms > 0 ? '<1m' : '0m'
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60]
  return hours === 0 ? `${rest}m` : `${hours}h ${rest}m`
}
