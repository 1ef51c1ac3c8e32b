// gt why: what led to something.

import type { Command } from '../command.ts'
import { clock } from '../layout.ts'
import { readOne } from '../reading.ts'

type Node = {
  seq: number
  at: string
  actor: string
  by: string
  message: string
  facts: string[]
  summary: string | null
  refused: string | null
  children: Node[]
}
type Why = {
  id: string
  title?: string | null
  status?: string | null
  tree: Node[]
  chain?: Node[]
  sentence: string | null
}

export const why: Command = {
  name: 'why',
  summary: 'what led to a bead, a record or a commit',
  usage: '<bead, record or commit>',
  words: [1, 1],
  async run(call) {
    const found = await readOne<Why>(call, 'why')
    call.out.answer({ json: found, ids: idsOf(found.tree), lines: () => lines(found) })
  },
}

const idsOf = (nodes: readonly Node[]): string[] =>
  nodes.flatMap(({ seq, children }) => [String(seq), ...idsOf(children)])

function lines({ id, title, status, tree, chain, sentence }: Why): string[] {
  const head = title == null ? `record ${id}` : `${id}  ${title}  (${status})`
  return [
    head,
    ...(chain === undefined ? [] : ['led to by:', ...chain.map((node) => `  ${told(node)}`), 'all of it:']),
    ...tree.flatMap((node) => drawn(node, '')),
    ...(sentence === null ? [] : [sentence]),
  ]
}

const drawn = (node: Node, indent: string): string[] => [
  `${indent}${told(node)}`,
  ...node.children.flatMap((child) => drawn(child, `${indent}  `)),
]

const told = ({ seq, at, actor, by, message, summary, facts, refused }: Node): string => {
  const what = summary ?? (facts.length > 0 ? facts.join(' ') : '')
  return `${seq}  ${clock(at)}  ${actor}: ${message} by ${by}${refused === null ? '' : ` (refused: ${refused})`}${what === '' ? '' : ` - ${what}`}`
}
