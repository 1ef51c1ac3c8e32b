// One line of a why: a record, in plain words where there are any.

import { OVERSEER } from '../../events/address.ts'
import type { LogRecord } from '../../events/record.ts'
import { feedItems } from '../../projections/feed.ts'
import { began, checksPassed } from './words.ts'

export type WhyNode = {
  readonly seq: number
  readonly at: string
  readonly actor: string
  readonly by: string
  readonly message: string
  readonly facts: readonly string[]
  /** In plain words, where there are any. */
  readonly summary: string | null
  readonly refused: string | null
  /** What else led to it, or why it began. */
  note: string | null
  /** Messages between roles that are folded into it: `POLECAT_DONE`. */
  readonly mail: string[]
  readonly children: WhyNode[]
}

export const nodeOf = (record: LogRecord): WhyNode => ({
  seq: record.seq,
  at: record.at,
  actor: record.actor,
  by: record.by,
  message: record.message.type,
  facts: record.facts.map(({ type }) => type),
  summary: sayOf(record),
  refused: record.refused?.code ?? null,
  note: null,
  mail: [],
  children: [],
})

/** What the feed says of a record, or what only a why needs to say. That an attempt begins says most. */
export function sayOf(record: LogRecord): string | null {
  const items = feedItems(record)
  const said = items.find(({ type }) => type === 'BeadStarted') ?? items[0]
  return said?.summary ?? checksPassed(record) ?? began(record)
}

/** A person's own word, which nothing before led to. */
export const isOrder = ({ cause, by }: LogRecord): boolean => cause === null && by === OVERSEER

/** As it is recorded: each below the one that led to it. `records` in their order. */
export function literalTree(records: readonly LogRecord[]): WhyNode[] {
  const nodes = new Map(records.map((record) => [record.seq, nodeOf(record)]))
  const roots: WhyNode[] = []
  for (const { seq, cause } of records) {
    const own = nodes.get(seq) as WhyNode
    const parent = cause === null ? undefined : nodes.get(cause)
    if (parent === undefined) roots.push(own)
    else parent.children.push(own)
  }
  return roots
}

/** Without the lines that say nothing: what is below them moves up. */
export function folded(nodes: readonly WhyNode[], keep: (node: WhyNode) => boolean): WhyNode[] {
  return nodes.flatMap((node) => {
    const children = folded(node.children, keep)
    return keep(node) ? [{ ...node, children }] : children
  })
}

/** Said often, and seldom why anything is as it is. */
const NOISE: ReadonlySet<string> = new Set([
  'AgentReported',
  'AgentStands',
  'BeadCommented',
  'BeadUpdated',
  'SandboxParked',
  'PolecatNamed',
  'PolecatHooked',
  'BeadReworked',
  'EscalationRaised',
  'NudgeAccepted',
  'OperatorNotified',
  'OperatorNotNotified',
  'WorktreeNotCheckpointed',
])

export const isNoise = ({ facts }: Pick<WhyNode, 'facts'>): boolean =>
  facts.length > 0 && facts.every((type) => NOISE.has(type))
