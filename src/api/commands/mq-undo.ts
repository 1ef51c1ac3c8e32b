// What a person does with a merge request: says that it does not land, or takes back what has.

import { z } from 'zod'
import { beadOwner, lastPart, OVERSEER, refinery } from '../../events/address.ts'
import { line } from '../../events/define.ts'
import { bead as beadRow } from '../../projections/bead-queries.ts'
import type { Projections } from '../../projections/index.ts'
import { type MergeRow, mergeRequests, mergeRequestsNamed } from '../../projections/merge-queue.ts'
import { rig as rigRow } from '../../projections/rigs.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { findMergeRequest, shown } from '../resolve.ts'
import { take } from '../turn.ts'
import { newId } from './bead.ts'

const name = z.string().min(1).max(200)

const reject = command({
  name: 'mq.reject',
  summary: 'Takes a merge request out of the queue; its work is kept, and its bead open again.',
  who: 'operator',
  input: z.strictObject({ mergeRequest: name, reason: line.default('') }),
  async run({ town, caller, input, id }) {
    const row = findMergeRequest(town.projections, input.mergeRequest)
    const message = { type: 'refinery.reject', mergeRequest: row.address, reason: input.reason } as const
    const { seq } = await take(town, caller, id, [{ to: refinery(row.rig), message }])
    return { id: row.id, bead: row.bead, rig: row.rig, branch: row.branch, seq }
  },
})

/** Of its bead: soon, as somebody wants it out. */
const PRIORITY = 1

const revert = command({
  name: 'mq.revert',
  summary: 'Takes back what has landed, in one request of its own that is tested like any other.',
  who: 'operator',
  input: z.strictObject({
    /** Merge requests, beads or landed commits, of one rig. */
    of: z.array(name).min(1).max(50),
    reason: line.default(''),
    priority: z.number().int().min(0).max(4).default(PRIORITY),
    /** It may land on a frozen target. On a red one it may in any case: that is what it mends. */
    fixesTarget: z.boolean().default(false),
  }),
  async run({ town, caller, input, id }) {
    const { projections } = town
    const rows = [...new Set(input.of.map((each) => findLanded(projections, each)))]
    const [first] = rows as [MergeRow]
    const { rig, target } = first
    const elsewhere = rows.find((row) => row.rig !== rig)
    if (elsewhere !== undefined)
      throw new Fault('INPUT_INVALID', `${first.id} is of rig ${rig}, ${elsewhere.id} of ${elsewhere.rig}.`)
    const reverts = rows.map((row) => {
      const { base, commit } = row.receipt as NonNullable<MergeRow['receipt']>
      return { mergeRequest: row.address, bead: row.bead, base, commit }
    })
    const row = rigRow(projections.rigs.rows, rig)
    const mends = input.fixesTarget || row?.red != null
    const made = newId(town, row?.prefix ?? rig)
    const { records, seq } = await take(town, caller, id, [
      {
        to: beadOwner(made),
        message: {
          type: 'bead.create',
          rig,
          title: titleOf(projections, rows),
          description: describe(rows, target, input.reason),
          beadType: 'task',
          priority: input.priority,
          labels: ['revert', ...(mends ? ['fixes-target'] : [])],
          parent: null,
          needs: [],
        },
      },
      { to: beadOwner(made), message: { type: 'bead.handIn', head: first.receipt?.commit ?? '' } },
      {
        to: refinery(rig),
        message: {
          type: 'refinery.revert',
          bead: made,
          of: reverts,
          reason: input.reason,
        },
      },
    ])
    // A repeated call made another id just now; the one that counts is in the record.
    const record = records.find(({ message }) => message.type === 'bead.create')
    const bead = lastPart(record?.actor ?? beadOwner(made))
    const request = mergeRequests(projections.mergeQueue.rows, { rig, bead }).at(-1)
    return {
      mergeRequest: request?.id ?? null,
      bead,
      rig,
      target,
      reverts: reverts.map(({ mergeRequest, ...one }) => ({ mergeRequest: lastPart(mergeRequest), ...one })),
      ...standingOn(
        projections,
        rows.map((each) => each.bead),
      ),
      seq,
    }
  },
})

export const mergeUndoCommands = [reject, revert]

/** @throws {Fault} MERGE_REQUEST_NOT_FOUND, AMBIGUOUS, NOT_LANDED, ALREADY_REVERTED, REVERT_OF_REVERT */
function findLanded(projections: Projections, asked: string): MergeRow {
  const all = mergeRequests(projections.mergeQueue.rows)
  const isCommit = /^[0-9a-f]{7,64}$/.test(asked)
  const named = [
    ...mergeRequestsNamed(projections.mergeQueue.rows, asked),
    ...all.filter(({ bead, receipt }) => bead === asked || (isCommit && receipt?.commit.startsWith(asked))),
  ]
  const landed = named.filter(({ state, receipt }) => state === 'landed' && receipt !== null)
  const rigs = new Set(landed.map(({ rig }) => rig))
  if (rigs.size > 1) {
    const candidates = landed.map(({ address }) => address)
    throw new Fault('AMBIGUOUS', `${shown(asked)} may be several: ${candidates.join(', ')}.`, { candidates })
  }
  const row = landed.at(-1) ?? named.at(-1) ?? findMergeRequest(projections, asked)
  if (row.state === 'reverted') throw new Fault('ALREADY_REVERTED', `${row.id} was ${row.reason?.message}.`)
  if (row.state !== 'landed') throw new Fault('NOT_LANDED', `${row.id} has not landed; it is ${row.state}.`)
  if (row.reverts.length > 0)
    throw new Fault('REVERT_OF_REVERT', `${row.id} took back what had landed; it is not taken back itself.`)
  return row
}

function titleOf({ beads }: Projections, rows: readonly MergeRow[]): string {
  const [first] = rows as [MergeRow]
  const title = beadRow(beads.rows, first.bead)?.title ?? first.bead
  const others = rows.length === 1 ? '' : ` and ${rows.length - 1} more`
  return `Revert "${title.slice(0, 400)}"${others}`
}

const describe = (rows: readonly MergeRow[], target: string, reason: string): string =>
  [
    `To be taken out of ${target} again:`,
    ...rows.map(({ id, bead, receipt }) => `- ${bead}, landed as ${receipt?.commit} (${id})`),
    ...(reason === '' ? [] : ['', `Why: ${reason}`]),
  ].join('\n')

/** Beads that will wait again when these are open, and those that were begun on their ground. */
function standingOn({ beads }: Projections, reverted: readonly string[]) {
  const found = new Set(reverted.flatMap((bead) => [...(beads.rows.dependents.get(bead) ?? [])]))
  const rows = [...found].flatMap((bead) => beadRow(beads.rows, bead) ?? [])
  const isBegun = ({ status, assignee }: (typeof rows)[number]): boolean =>
    status === 'in_progress' || status === 'closed' || assignee !== null
  return {
    waitAgain: rows.filter((row) => !isBegun(row)).map(({ id }) => id),
    begun: rows
      .filter(isBegun)
      .map(({ id, status, assignee }) => ({ id, status, worker: assignee === OVERSEER ? null : assignee })),
  }
}
