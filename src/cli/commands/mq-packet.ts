// gt mq packet: what somebody who has to say yes to a change wants to know of it.

import { part } from '../../client/connection.ts'
import { type Command, flagOf, textOf } from '../command.ts'
import { clock } from '../layout.ts'
import { moneyText, tokensText } from '../money.ts'
import { safeLine } from '../sanitize.ts'

type Tests = { ran: number; red: number; skipped: number }
type Packet = {
  id: string
  rig: string
  branch: string
  target: string
  worker: string
  state: string
  reason: string | null
  bead: { id: string; title: string }
  commit: string | null
  landedAt: string | null
  criteria: { text: string; done: boolean; evidence: string[] }[]
  evidence: string[]
  resolved: { by: string; files: string[] } | null
  gates: {
    name: string
    outcome: string
    command: string[]
    durationMs: number
    required?: boolean
    cached?: object
  }[]
  reviews: {
    gate: string
    outcome: string | null
    preset: string | null
    model: string | null
    note: string
    findings: { path: string; line: number | null; text: string }[]
    tokens: number
    costUsd: number | null
  }[]
  tests: { before: Tests | null; after: Tests | null }
  attempts: { n: number; at: string; outcome: string; reason: string | null }[]
  cost: {
    tokens: { input: number; output: number; cacheRead: number; cacheWrite: number }
    costUsd: number | null
  } | null
  change: {
    files: { path: string; added: number | null; removed: number | null }[]
    changed: number
    added: number
    removed: number
  } | null
  changeWhy: string | null
  outside: string[] | null
  links: { what: string; command: string }[]
}

/** Lines of each part on a terminal; `--json` has all. */
const SHOWN_MAX = 20

export const mqPacket: Command = {
  name: 'mq packet',
  summary: 'what a reviewer wants to know of a landing: change, criteria, gates, attempts, cost',
  usage: '<bead or id>',
  words: [1, 1],
  options: { markdown: { type: 'flag', help: 'as Markdown: the body of a pull request' } },
  async run(call) {
    const path = `/v1/merge-queue/${part(call.words[0] as string)}/packet`
    const at = textOf(call, 'at')
    if (flagOf(call, 'markdown')) {
      type Text = { id: string; markdown: string }
      const text = await call.town().get<Text>(path, { at, form: 'markdown' })
      call.out.answer({
        json: text,
        ids: [text.id],
        lines: () => text.markdown.replace(/\n$/, '').split('\n'),
      })
      return
    }
    const found = await call.town().get<Packet>(path, { at })
    call.out.answer({ json: found, ids: [found.id], lines: () => lines(found) })
  },
}

function lines(packet: Packet): string[] {
  const { bead, rig, branch, target, worker, state, reason, commit, landedAt, links } = packet
  const where = landedAt === null ? `to ${target}` : `on ${target} as ${commit?.slice(0, 12)}`
  return [
    `${bead.id}  ${safeLine(bead.title)}`,
    `  ${state} ${where} of ${rig}, by ${worker} on ${branch}`,
    ...(reason === null ? [] : [`  ${safeLine(reason)}`]),
    ...changeLines(packet),
    ...(packet.resolved === null
      ? []
      : [
          `! it conflicted in ${packet.resolved.files.slice(0, 5).map(safeLine).join(', ')}, settled by ${packet.resolved.by}`,
        ]),
    ...partOf('criteria', packet.criteria, criterionLine),
    ...(packet.evidence.length === 0 ? [] : partOf('the worker says', packet.evidence, safeLine)),
    ...partOf('gates', packet.gates, gateLine),
    ...packet.reviews.flatMap(reviewLines),
    `tests: ${tests(packet.tests.before)} before, ${tests(packet.tests.after)} after`,
    ...partOf(
      'attempts',
      packet.attempts,
      ({ n, at, outcome, reason: why }) =>
        `${n}  ${clock(at)}  ${outcome}${why === null ? '' : `: ${safeLine(why)}`}`,
    ),
    `cost: ${costText(packet.cost)}`,
    ...links.map(({ what, command }) => `${command}  ${what}`),
  ]
}

const criterionLine = ({ text, done, evidence }: Packet['criteria'][number]): string => {
  const shown = evidence.length === 0 ? 'no evidence given' : evidence.map(safeLine).join('; ')
  return `[${done ? 'x' : ' '}] ${safeLine(text)}  (${shown})`
}

function changeLines({ change, changeWhy, outside }: Packet): string[] {
  if (change === null) return [`files: not counted: ${safeLine(changeWhy ?? '')}`]
  const { files, changed, added, removed } = change
  return [
    `files: ${changed}, +${added} -${removed} lines`,
    ...cut(
      files,
      changed,
      ({ path, added: plus, removed: minus }) =>
        `${safeLine(path)}  ${plus === null ? 'binary' : `+${plus} -${minus ?? 0}`}`,
    ),
    ...(outside === null || outside.length === 0
      ? []
      : [
          `! ${outside.length} outside of the paths that the bead states`,
          ...cut(outside, outside.length, safeLine),
        ]),
  ]
}

const gateLine = ({
  name,
  outcome,
  command,
  durationMs,
  required,
  cached,
}: Packet['gates'][number]): string =>
  [
    `${name}: ${outcome}`,
    `${cached === undefined ? '' : 'on this tree before, '}${Math.round(durationMs)} ms`,
    ...(required === false ? ['advisory'] : []),
    safeLine(command.join(' ')),
  ].join('  ')

function reviewLines({
  gate,
  outcome,
  note,
  findings,
  tokens,
  ...review
}: Packet['reviews'][number]): string[] {
  const who = review.model ?? review.preset
  const what = [
    `review ${gate}: ${outcome ?? 'under way'}`,
    ...(who === null ? [] : [safeLine(who)]),
    ...(tokens === 0 ? [] : [`${tokensText(tokens)}, ${moneyText(review.costUsd)}`]),
    ...(note === '' ? [] : [safeLine(note)]),
  ]
  return [
    what.join('  '),
    ...cut(
      findings,
      findings.length,
      ({ path, line, text }) => `${safeLine(path)}${line === null ? '' : `:${line}`}  ${safeLine(text)}`,
    ),
  ]
}

const tests = (found: Tests | null): string =>
  found === null ? 'not counted' : `${found.ran}${found.red === 0 ? '' : ` (${found.red} red)`}`

function costText(cost: Packet['cost']): string {
  if (cost === null) return 'nothing is known'
  const { input, output, cacheRead, cacheWrite } = cost.tokens
  return `${tokensText(input + output + cacheRead + cacheWrite)}, ${moneyText(cost.costUsd)}`
}

const partOf = <T>(name: string, items: readonly T[], line: (item: T) => string): string[] =>
  items.length === 0 ? [`${name}: none`] : [`${name}:`, ...cut(items, items.length, line)]

const cut = <T>(items: readonly T[], all: number, line: (item: T) => string): string[] => [
  ...items.slice(0, SHOWN_MAX).map((item) => `  ${line(item)}`),
  ...(all > SHOWN_MAX ? [`  and ${all - SHOWN_MAX} more`] : []),
]
