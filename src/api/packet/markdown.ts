// A review packet as Markdown: the body of a pull request.
//
// Always:    what agents, files and gates wrote is shown as it is and does nothing: no markup, no HTML, no link, no mention
//            of a person, a team or an issue. Never longer than a forge takes.

import type { Packet, PacketGate, Tests } from './packet.ts'

/** A forge takes 65,536 characters. */
const BODY_MAX = 60_000
const FILES_MAX = 50
const CRITERIA_MAX = 50
const ATTEMPTS_MAX = 20
const EVIDENCE_MAX = 5
const GATES_MAX = 60
const FINDINGS_MAX = 30
const TEXT_MAX = 300

export function packetMarkdown(packet: Packet): string {
  const { bead, state, target, commit, landedAt, rig, worker, orderedBy, reason } = packet
  const where =
    landedAt === null || commit === null
      ? `to ${code(target)}`
      : `on ${code(target)} as ${code(short(commit))}`
  const lines = [
    `## ${plain(bead.title)}`,
    '',
    `Bead ${code(bead.id)} of ${code(rig)}, **${plain(state)}** ${where}.`,
    `Made by ${code(worker)}${orderedBy === null ? '' : `, ordered by ${code(orderedBy)}`}.`,
    ...(reason === null ? [] : ['', plain(reason)]),
    ...section('What changes', changes(packet)),
    ...section('Acceptance criteria', criteria(packet)),
    ...section('Gates', gates(packet)),
    ...section('Reviews', reviews(packet)),
    ...section('Attempts', attempts(packet)),
    ...section('Cost', [costLine(packet)]),
    ...section(
      'More',
      packet.links.map(({ what, command }) => `- ${plain(what)}: ${code(command)}`),
    ),
  ]
  return bounded(lines, packet.id)
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', `### ${title}`, '', ...lines]

function changes({ change, changeWhy, outside, paths, resolved }: Packet): string[] {
  if (change === null) return [`Not counted: ${plain(changeWhy ?? '')}`]
  const { files, changed, added, removed } = change
  return [
    `${many(changed, 'file')}, +${added} −${removed} lines`,
    '',
    ...listed(files, FILES_MAX, changed, ({ path, added: plus, removed: minus }) =>
      plus === null ? `${code(path)} binary` : `${code(path)} +${plus} −${minus ?? 0}`,
    ),
    ...(resolved === null
      ? []
      : [
          '',
          `**It conflicted, and ${code(resolved.by)} settled that in ${resolved.files.slice(0, 10).map(code).join(', ')}.**`,
        ]),
    ...(paths === null || outside === null
      ? []
      : outside.length === 0
        ? ['', 'All of them are where the bead says.']
        : [
            '',
            `**${many(outside.length, 'file')} outside of the paths that the bead states:**`,
            '',
            ...listed(outside, FILES_MAX, outside.length, code),
          ]),
  ]
}

/** Evidence is what the worker said, and no more. */
const claim = (text: string): string => `  - the worker: ${plain(text)}`

const criteria = ({ criteria: all, evidence }: Packet): string[] =>
  all.length === 0
    ? ['None are stated.']
    : all
        .slice(0, CRITERIA_MAX)
        .flatMap(({ text, done, evidence: shown }) => [
          `- [${done ? 'x' : ' '}] ${plain(text)}`,
          ...(shown.length === 0 ? ['  - no evidence given'] : shown.slice(0, EVIDENCE_MAX).map(claim)),
        ])
        .concat(more(all.length, CRITERIA_MAX), evidence.slice(0, CRITERIA_MAX).map(claim))

function gates({ gates: all, tests }: Packet): string[] {
  return [
    ...(all.length === 0 ? ['None have run on it.'] : listed(all, GATES_MAX, all.length, gateLine)),
    '',
    `Tests: ${testsText(tests.before)} before, ${testsText(tests.after)} after`,
  ]
}

function gateLine({ name, outcome, exitCode, durationMs, command, required, cached }: PacketGate): string {
  const how = exitCode === null || exitCode === 0 ? '' : ` (exit ${exitCode})`
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
  const took =
    cached === undefined
      ? seconds(durationMs)
      : `passed on this tree before, in ${seconds(cached.durationMs)}`
  const advice = required === false ? ', advisory' : ''
  return `${plain(name)}: **${plain(outcome)}**${how}, ${took}${advice}: ${code(command.join(' '))}`
}

const reviews = ({ reviews: all }: Packet): string[] =>
  all.flatMap(({ gate, outcome, preset, model, note, findings }) => [
    `- ${plain(gate)}: **${outcome ?? 'under way'}**${model === null && preset === null ? '' : ` by ${code(model ?? preset ?? '')}`}${note === '' ? '' : `: ${plain(note)}`}`,
    ...findings
      .slice(0, FINDINGS_MAX)
      .map(({ path, line, text }) => `  - ${code(line === null ? path : `${path}:${line}`)} ${plain(text)}`),
  ])

const testsText = (tests: Tests | null): string =>
  tests === null ? 'not counted' : `${tests.ran}${tests.red === 0 ? '' : ` (${tests.red} red)`}`

const attempts = ({ attempts: all }: Packet): string[] =>
  all
    .slice(-ATTEMPTS_MAX)
    .map(
      ({ n, at, outcome, reason }) =>
        `- ${n}: ${plain(outcome)}${reason === null ? '' : `: ${plain(reason)}`} (${at.slice(0, 16).replace('T', ' ')})`,
    )

function costLine({ cost }: Packet): string {
  if (cost === null) return 'Nothing is known of what it used.'
  const { input, output, cacheRead, cacheWrite } = cost.tokens
  const money = cost.costUsd === null ? 'money unknown' : `$${cost.costUsd.toFixed(2)}`
  const unknown =
    cost.unpriced === 0 || cost.costUsd === null ? '' : `, ${many(cost.unpriced, 'request')} without a price`
  return `${input + output + cacheRead + cacheWrite} tokens, ${money}${unknown}`
}

function listed<T>(items: readonly T[], max: number, all: number, line: (item: T) => string): string[] {
  return items
    .slice(0, max)
    .map((item) => `- ${line(item)}`)
    .concat(more(all, Math.min(max, items.length)))
}

const more = (all: number, max: number): string[] => (all > max ? [`- and ${all - max} more`] : [])
const many = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
const short = (commit: string): string => commit.slice(0, 12)

/** C0, DEL, C1, and what turns the direction of text or hides in it. */
const ACTING = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/gu
const one = (text: string): string => {
  const line = text.replace(ACTING, ' ').trim()
  return line.length > TEXT_MAX ? `${line.slice(0, TEXT_MAX).toWellFormed()}…` : line
}

/** Keeps a name from being made a link of, and shows nothing. */
const APART = '\u2060'

/**
 * Text that stands for itself. A forge looks for names and issues after it has made its page, when an escape is gone
 * already; a character that joins no word keeps them apart.
 */
export const plain = (text: string): string =>
  one(text)
    .replace(/[\\`*_[\](){}|~!$<>&]/g, (mark) => ENTITIES[mark] ?? `\\${mark}`)
    .replace(/^(\d+)([.)])/, '$1\\$2')
    .replace(/^([-+#=>])/, '\\$1')
    .replace(/[@#]/g, (mark) => `${mark}${APART}`)
    .replace(/\b(GH-|www\.)/gi, (mark) => `${mark}${APART}`)
    .replace(/:\/\//g, `:${APART}//`)

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' }

/** Nothing in it is looked at by a forge. */
export const code = (text: string): string => {
  const inner = one(text).replaceAll('`', "'")
  return inner === '' ? '` `' : `\`${inner}\``
}

function bounded(lines: readonly string[], id: string): string {
  const kept: string[] = []
  let length = 0
  for (const line of lines) {
    length += line.length + 1
    if (length > BODY_MAX) {
      kept.push('', `The rest is in ${code(`gt mq packet ${id}`)}.`)
      break
    }
    kept.push(line)
  }
  return `${kept.join('\n')}\n`
}
