// What a person does with a merge request: says that it does not land, or takes back what has.

import { z } from 'zod'
import { beadOwner, lastPart, OVERSEER, refinery, refineryOf } from '../../events/address.ts'
import { line } from '../../events/define.ts'
import { bead as beadRow } from '../../projections/bead-queries.ts'
import type { Projections } from '../../projections/index.ts'
import { epicOfTarget } from '../../projections/integrations.ts'
import { mergeRequests } from '../../projections/merge-queue.ts'
import { rig as rigRow } from '../../projections/rigs.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { seqSince } from '../moment.ts'
import { findMergeRequest } from '../resolve.ts'
import { foreignBetween, type Landed, meant, REVERTED_MAX, standingOn } from '../reverting.ts'
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
    const { seq } = await take(town, caller, id, [{ to: refineryOf(row.address), message }])
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
    of: z.array(name).max(REVERTED_MAX).default([]),
    /** With all that landed by the same push. */
    batch: z.boolean().default(false),
    /** All that this bead, and those below it, have landed. */
    epic: name.optional(),
    /** All that has landed on the rig's target since: a record number, an ISO time, HH:MM or a time ago. */
    since: z.string().min(1).max(60).optional(),
    rig: name.optional(),
    /** Says what would be taken back, and does nothing. */
    dryRun: z.boolean().default(false),
    reason: line.default(''),
    priority: z.number().int().min(0).max(4).default(PRIORITY),
    /** It may land on a frozen target. On a red one it may in any case: that is what it mends. */
    fixesTarget: z.boolean().default(false),
  }),
  async run({ town, caller, input, id }) {
    const { projections } = town
    const { since: text, of, batch, epic = null } = input
    if (of.length === 0 && epic === null && text === undefined)
      throw new Fault('INPUT_INVALID', 'Say what is to be taken back: a bead, an epic, or since when.')
    const since = text === undefined ? null : { text, seq: await seqSince(town.log, text, town.clock.now()) }
    const { rows, left } = meant(projections, { of, batch, epic, since, rig: input.rig })
    const [first] = rows as [Landed]
    const { rig, target } = first
    const beads = [...new Set(rows.map((row) => row.bead))]
    const told = {
      rig,
      target,
      reverts: rows.map((row) => ({
        mergeRequest: row.id,
        bead: row.bead,
        base: row.receipt.base,
        commit: row.receipt.commit,
        title: beadRow(projections.beads.rows, row.bead)?.title ?? '',
        landedAt: row.receipt.landedAt,
      })),
      left,
      /** Null: nobody could look. */
      foreign: await foreignBetween(town, rows),
      ...standingOn(projections, beads, OVERSEER),
    }
    if (input.dryRun) return { mergeRequest: null, bead: null, dryRun: true, ...told, seq: town.system.seq }
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
      { to: beadOwner(made), message: { type: 'bead.handIn', head: first.receipt.commit } },
      {
        to: refinery(rig, epicOfTarget(projections.integrations.rows, rig, target)),
        message: {
          type: 'refinery.revert',
          bead: made,
          of: rows.map(({ address, bead, receipt: { base, commit } }) => ({
            mergeRequest: address,
            bead,
            base,
            commit,
          })),
          reason: input.reason,
        },
      },
    ])
    // A repeated call made another id just now; the one that counts is in the record.
    const record = records.find(({ message }) => message.type === 'bead.create')
    const bead = lastPart(record?.actor ?? beadOwner(made))
    const request = mergeRequests(projections.mergeQueue.rows, { rig, bead }).at(-1)
    return { mergeRequest: request?.id ?? null, bead, dryRun: false, ...told, seq }
  },
})

export const mergeUndoCommands = [reject, revert]

function titleOf({ beads }: Projections, rows: readonly Landed[]): string {
  const [first] = rows as [Landed]
  const title = beadRow(beads.rows, first.bead)?.title ?? first.bead
  const others = rows.length === 1 ? '' : ` and ${rows.length - 1} more`
  return `Revert "${title.slice(0, 400)}"${others}`
}

const describe = (rows: readonly Landed[], target: string, reason: string): string =>
  [
    `To be taken out of ${target} again:`,
    ...rows.map(({ id, bead, receipt }) => `- ${bead}, landed as ${receipt.commit} (${id})`),
    ...(reason === '' ? [] : ['', `Why: ${reason}`]),
  ].join('\n')
