// Why something is as it is: the chain of records that led to it, down to who ordered it, and what it waits for.
//
// Owns:      the tree from `cause` and `correlation`. Nothing is guessed: each line is a record.

import { beadOwner } from '../../events/address.ts'
import type { LogRecord } from '../../events/record.ts'
import { recordOf } from '../../events/upcasters.ts'
import { speaksOf } from '../../past/history.ts'
import { bead as beadRow } from '../../projections/bead-queries.ts'
import { feedItems } from '../../projections/feed.ts'
import { Fault } from '../fault.ts'
import { read } from '../read.ts'
import { findBead, shown } from '../resolve.ts'
import { recordAt } from '../shapes.ts'
import type { TownHandle } from '../town.ts'
import type { View } from '../view.ts'

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
  readonly children: WhyNode[]
}

const why = read({
  path: '/v1/why/:id',
  summary: 'What led to a bead, a record or a landed commit, as a tree; and what it waits for.',
  past: true,
  async run({ town, view, params }) {
    const { id } = params
    if (/^\d{1,15}$/.test(id)) return whyRecord(town, view, Number(id))
    const bead = isCommit(id) ? beadOfCommit(view, id) : null
    return whyBead(town, view, bead ?? findBead(view.projections, id).id)
  },
})

export const whyReads = [why]

const isCommit = (id: string): boolean => /^[0-9a-f]{7,64}$/.test(id)

function beadOfCommit({ projections }: View, commit: string): string | null {
  const rows = projections.beads.rows.byId.values().filter((row) => row.commit?.startsWith(commit) === true)
  const [first, second] = rows.map(({ id }) => id).take(2)
  if (second !== undefined) throw new Fault('AMBIGUOUS', `${commit} may be several commits.`)
  return first ?? null
}

async function whyBead(town: TownHandle, view: View, bead: string) {
  const records = await withAncestors(town, view, await about(town, view, bead))
  const row = beadRow(view.projections.beads.rows, bead)
  const waitingFor = row?.waitingFor == null ? null : { ...row.waitingFor }
  return {
    id: bead,
    kind: 'bead',
    title: row?.title ?? null,
    status: row?.status ?? null,
    stage: row?.stage ?? null,
    orderedBy: row?.orderedBy ?? null,
    commit: row?.commit ?? null,
    tree: treeOf(records),
    waitingFor,
    sentence:
      waitingFor === null
        ? null
        : `It waits for ${waitingFor.kind} ${waitingFor.id} since ${waitingFor.since}.`,
    seq: view.seq,
  }
}

async function about(town: TownHandle, view: View, bead: string): Promise<LogRecord[]> {
  const owner = beadOwner(bead)
  const records: LogRecord[] = []
  for await (const { line } of town.log.read({ to: view.seq })) {
    if (!line.includes(bead)) continue
    const record = recordOf(line)
    if (speaksOf(record, { owner, about: bead })) records.push(record)
  }
  return records
}

/** With the records between them and where each came from, so that the tree hangs together. */
async function withAncestors(
  town: TownHandle,
  view: View,
  found: readonly LogRecord[],
): Promise<LogRecord[]> {
  const known = new Map(found.map((record) => [record.seq, record]))
  for (const record of found) {
    let { cause } = record
    while (cause !== null && cause <= view.seq && !known.has(cause)) {
      const before = await recordAt(town, cause)
      if (before === null) break
      known.set(cause, before)
      cause = before.cause
    }
  }
  return [...known.values()].sort((left, right) => left.seq - right.seq)
}

/** Up to where it came from outside, and down to all that it led to. */
async function whyRecord(town: TownHandle, view: View, wanted: number) {
  const record = wanted <= view.seq ? await recordAt(town, wanted) : null
  if (record === null) throw new Fault('RECORD_NOT_FOUND', `There is no record ${shown(String(wanted))}.`)
  const records: LogRecord[] = []
  for await (const { line } of town.log.read({ after: record.correlation - 1, to: view.seq })) {
    if (!line.includes(`"correlation":${record.correlation}`)) continue
    const each = recordOf(line)
    if (each.correlation === record.correlation) records.push(each)
  }
  const chain: WhyNode[] = []
  const bySeq = new Map(records.map((each) => [each.seq, each]))
  for (
    let at: LogRecord | undefined = record;
    at !== undefined;
    at = at.cause === null ? undefined : bySeq.get(at.cause)
  )
    chain.unshift(node(at))
  return {
    id: String(wanted),
    kind: 'record',
    chain,
    tree: treeOf(records),
    waitingFor: null,
    sentence: null,
    seq: view.seq,
  }
}

function treeOf(records: readonly LogRecord[]): WhyNode[] {
  const nodes = new Map(records.map((record) => [record.seq, node(record)]))
  const roots: WhyNode[] = []
  for (const { seq, cause } of records) {
    const own = nodes.get(seq) as WhyNode
    const parent = cause === null ? undefined : nodes.get(cause)
    if (parent === undefined) roots.push(own)
    else parent.children.push(own)
  }
  return roots
}

const node = (record: LogRecord): WhyNode => ({
  seq: record.seq,
  at: record.at,
  actor: record.actor,
  by: record.by,
  message: record.message.type,
  facts: record.facts.map(({ type }) => type),
  summary: feedItems(record)[0]?.summary ?? null,
  refused: record.refused?.code ?? null,
  children: [],
})
