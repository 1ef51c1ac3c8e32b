// Why something is as it is: the chain of records that led to it, down to who ordered it, and what it waits for.
//
// Owns:      which record, bead or rig is meant, and reading what its story needs.
// Does not:  say what hangs below what, or what a wait is called (src/past/why).

import { z } from 'zod'
import { beadOwner, OVERSEER } from '../../events/address.ts'
import type { LogRecord } from '../../events/record.ts'
import { recordOf } from '../../events/upcasters.ts'
import { mayBeOf, type Subject, speaksOf } from '../../past/history.ts'
import { folded, isNoise, literalTree, nodeOf } from '../../past/why/node.ts'
import { story } from '../../past/why/story.ts'
import { type Wait, waitSentence } from '../../past/why/wait.ts'
import { waitOf } from '../../past/why/waits.ts'
import { targetWait } from '../../past/why/waits-landing.ts'
import { bead as beadRow } from '../../projections/bead-queries.ts'
import { costOf } from '../../projections/costs.ts'
import { Fault } from '../fault.ts'
import { flag, read } from '../read.ts'
import { findRig, shown } from '../resolve.ts'
import { description, recordAt } from '../shapes.ts'
import type { TownHandle } from '../town.ts'
import type { View } from '../view.ts'
import { beadOfCommit, isCommit, openedBy } from './finding.ts'
import { subjectOf } from './history.ts'

const query = z.strictObject({
  /** Every record, below the one that led to it, instead of those that tell the story. */
  all: flag.default(false),
})

const why = read({
  path: '/v1/why/:id',
  summary: 'What led to a bead, a record or a landed commit, as a tree; and what it waits for.',
  past: true,
  query,
  async run({ town, view, params, query: { all } }) {
    const { id } = params
    if (/^\d{1,15}$/.test(id)) return whyRecord(town, view, Number(id), all)
    if (isCommit(id)) return whyBead(town, view, await beadOfCommit(town, view, id), all)
    const { owner, about } = subjectOf(view.projections, id)
    if (owner === beadOwner(about)) return whyBead(town, view, about, all)
    if (view.projections.rigs.rows.has(about)) return whyRig(view, about)
    const request = view.projections.mergeQueue.rows.get(owner)
    if (request !== undefined) return whyBead(town, view, request.bead, all)
    const agent = view.projections.agents.rows.byAddress.get(owner)
    if (agent !== undefined)
      return agent.hook === null ? idle(view, owner) : whyBead(town, view, agent.hook, all)
    const made = await openedBy(town, owner, view.seq)
    if (made === null) throw new Fault('NO_SUCH_OWNER', `There is nobody called ${shown(id)}.`)
    return whyRecord(town, view, made.seq, all)
  },
})

export const whyReads = [why]

async function whyBead(town: TownHandle, view: View, bead: string, all: boolean) {
  const { projections, seq } = view
  const row = beadRow(projections.beads.rows, bead)
  if (row === null) throw new Fault('BEAD_NOT_FOUND', `There is no bead ${shown(bead)}.`, { bead })
  const wait = waitOf(projections, row)
  const {
    title,
    status,
    stage,
    rig,
    orderedBy,
    commit,
    assignee,
    attempt,
    mergeRequest,
    descriptionSeq,
    createdAt,
    createdBy,
  } = row
  const cost = costOf(projections.costs.rows, 'bead', bead)
  const found = await about(town, { owner: beadOwner(bead), about: bead }, seq)
  const before = await withAncestors(town, found, seq)
  const known = new Map(before.map((record) => [record.seq, record]))
  const told = story(bead, found, (at) => known.get(at))
  return {
    id: bead,
    kind: 'bead' as const,
    title,
    status,
    stage,
    rig,
    orderedBy,
    createdAt,
    createdBy,
    assignee,
    attempt,
    mergeRequest,
    commit,
    /** What the agent was told to do. */
    description: await description(town, bead, descriptionSeq),
    cost,
    tree: all ? literalTree(before) : told.tree,
    folded: all ? 0 : told.folded,
    ...waiting(wait),
    seq,
  }
}

const waiting = (wait: Wait | null) => ({
  waitingFor: wait,
  sentence: wait === null ? null : waitSentence(wait, (iso) => iso),
})

function whyRig({ projections, seq }: View, name: string) {
  const row = findRig(projections, name)
  const wait = targetWait(row)
  return {
    id: name,
    kind: 'rig' as const,
    title: row.target.reason,
    tree: [],
    folded: 0,
    ...waiting(wait),
    seq,
  }
}

function idle({ projections, seq }: View, address: string) {
  const row = projections.agents.rows.byAddress.get(address)
  const why = row?.health.reason ?? 'nobody has handed it any work'
  const since = row?.health.since ?? ''
  const wait: Wait = {
    kind: 'unslung',
    id: address,
    since,
    what: 'work',
    why,
    command: 'gt bead ready',
    next: null,
  }
  return {
    id: address,
    kind: 'agent' as const,
    title: row?.state ?? null,
    tree: [],
    folded: 0,
    ...waiting(wait),
    seq,
  }
}

async function about(town: TownHandle, subject: Subject, to: number): Promise<LogRecord[]> {
  const may = mayBeOf(subject)
  const records: LogRecord[] = []
  for await (const { line } of town.log.read({ to })) {
    if (!may(line)) continue
    const record = recordOf(line)
    if (speaksOf(record, subject)) records.push(record)
  }
  return records
}

/** With the records between them and where each came from, so that the tree hangs together. */
async function withAncestors(
  town: TownHandle,
  found: readonly LogRecord[],
  to: number,
): Promise<LogRecord[]> {
  const known = new Map(found.map((record) => [record.seq, record]))
  for (const record of found) {
    let { cause } = record
    while (cause !== null && cause <= to && !known.has(cause)) {
      const before = await recordAt(town, cause)
      if (before === null) break
      known.set(cause, before)
      cause = before.cause
    }
  }
  return [...known.values()].sort((left, right) => left.seq - right.seq)
}

/** Up to the person who ordered it, and down to all that it led to. */
async function whyRecord(town: TownHandle, view: View, wanted: number, all: boolean) {
  const record = wanted >= 1 && wanted <= view.seq ? await recordAt(town, wanted) : null
  if (record === null) throw new Fault('RECORD_NOT_FOUND', `There is no record ${shown(String(wanted))}.`)
  const below: LogRecord[] = [record]
  const led = new Set([record.seq])
  for await (const { line } of town.log.read({ after: record.seq, to: view.seq })) {
    if (!line.includes(`"correlation":${record.correlation}`)) continue
    const each = recordOf(line)
    if (each.cause === null || !led.has(each.cause)) continue
    led.add(each.seq)
    below.push(each)
  }
  const tree = literalTree(below)
  return {
    id: String(wanted),
    kind: 'record' as const,
    chain: (await chainTo(town, record)).map(nodeOf),
    tree: all
      ? tree
      : folded(tree, (node) => node.seq === wanted || (node.summary !== null && !isNoise(node))),
    folded: 0,
    ...waiting(null),
    seq: view.seq,
  }
}

/** An agent's word goes back to what began its session, and from there to the person. */
async function chainTo(town: TownHandle, record: LogRecord): Promise<LogRecord[]> {
  const chain = [record]
  for (let at: LogRecord | null = record; at !== null; ) {
    const { cause, by, actor, message, seq }: LogRecord = at
    const from: string = typeof message.session === 'string' ? message.session : actor
    if (cause !== null) at = await recordAt(town, cause)
    else at = by === OVERSEER ? null : await openedBy(town, from, seq - 1)
    if (at !== null) chain.unshift(at)
  }
  return chain
}
