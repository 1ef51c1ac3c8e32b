// gt why: how something came to be as it is, who ordered it, what it waits for and what it cost.

import { type Command, flagOf, textOf } from '../command.ts'
import { clock } from '../layout.ts'
import { moneyText, tokensText } from '../money.ts'
import { showSpending } from '../why-cost.ts'
import { readWhy, type Why, type WhyNode } from '../why-reading.ts'
import { stateOf } from '../words-for.ts'

export const why: Command = {
  name: 'why',
  summary: 'what led to a bead, a record or a line, and what it waits for',
  usage: '<bead, agent, record, commit or path:line>',
  words: [1, 1],
  options: {
    cost: { type: 'flag', help: 'the sessions and turns behind its cost, largest first' },
    all: { type: 'flag', help: 'every record, also those that say nothing new' },
    rig: { type: 'text', value: '<name>', help: 'of a path: the rig (project) it is in' },
  },
  async run(call) {
    if (flagOf(call, 'cost')) return showSpending(call)
    const found = await readWhy(call, { all: flagOf(call, 'all') || undefined, at: textOf(call, 'at') })
    call.out.answer({ json: found, ids: idsOf(found.tree), lines: () => lines(found) })
  },
}

const idsOf = (nodes: readonly WhyNode[]): string[] =>
  nodes.flatMap(({ seq, children }) => [String(seq), ...idsOf(children)])

function lines(found: Why): string[] {
  const { id, kind, chain, tree, folded } = found
  const told = (node: WhyNode, indent = ''): string => lineOf(node, indent, kind === 'bead' ? id : null)
  const drawn = (node: WhyNode, indent: string): string[] => [
    told(node, indent),
    ...node.children.flatMap((child) => drawn(child, `${indent}  `)),
  ]
  return [
    ...ofLine(found),
    ...headOf(found),
    ...(chain === undefined ? [] : ['It was led to by:', ...chain.map((node) => told(node)), 'It led to:']),
    ...tree.flatMap((node) => drawn(node, '')),
    ...(folded > 0 ? [`… ${folded} records say no more: gt why ${id} --all`] : []),
    ...orderOf(found),
    ...waitOf(found),
  ]
}

function headOf({ id, kind, title, status, stage }: Why): string[] {
  if (kind === 'line') return []
  if (kind === 'record') return [`record ${id}`]
  const state = status == null || stage == null ? '' : `  (${stateOf({ status, stage })})`
  return [`${id}  ${title ?? ''}${state}`]
}

function lineOf(node: WhyNode, indent: string, bead: string | null): string {
  const { seq, at, actor, by, message, summary, facts, refused, note, mail } = node
  const text =
    refused !== null
      ? `${actor} refuses ${message}: ${refused}`
      : (summary ?? `${actor}: ${message} by ${by}`)
  const plain = summary === null && facts.length > 0 ? `${text} (${facts.join(', ')})` : text
  const said = bead === null ? plain : plain.replaceAll(new RegExp(`bead ${bead}(?![\\w-])`, 'g'), 'it')
  return [
    `${String(seq).padStart(6)}  ${clock(at)}  ${indent}`,
    by === 'overseer' ? 'you: ' : '',
    said,
    note === null ? '' : ` (${note})`,
    mail.length === 0 ? '' : `  [${mail.join(', ')}]`,
  ].join('')
}

/** Of a line of code: which commit it is of, and what its author was told. */
function ofLine({ line, kind, title, description }: Why): string[] {
  if (line === undefined) return []
  const { path, number, text, commit, author, at, branch } = line
  return [
    `${path}:${number} on ${branch}: ${text.trim()}`,
    `It is of commit ${commit.slice(0, 12)} by ${author}, ${clock(at)}.`,
    ...(kind === 'line' ? [] : [`What was ordered: ${title ?? ''}`, ...told(description)]),
  ]
}

const told = (description: string | undefined): string[] =>
  description === undefined || description === '' ? [] : description.split('\n').map((text) => `  ${text}`)

function orderOf({ id, cost }: Why): string[] {
  if (cost == null || cost.requests === 0) return []
  const { input, output, cacheRead, cacheWrite } = cost.tokens
  return [
    `It used ${tokensText(input + output + cacheRead + cacheWrite)}, ${moneyText(cost.costUsd)}: gt why ${id} --cost`,
  ]
}

function waitOf({ waitingFor, sentence }: Why): string[] {
  if (sentence === null) return []
  // Times as a person's clock has them.
  let text = sentence
  for (let wait: Why['waitingFor'] = waitingFor; wait !== null; wait = wait.next)
    text = text.replace(`since ${wait.since}`, `since ${clock(wait.since)}`)
  return [text]
}
