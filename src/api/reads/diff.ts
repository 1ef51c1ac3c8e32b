// Reading what changed between two moments.

import { z } from 'zod'
import { beadOwner } from '../../events/address.ts'
import {
  createOwnerChanges,
  isOwnerAsked,
  type RowTexts,
  restricted,
  rowChanges,
  rowTexts,
} from '../../past/diff.ts'
import { recordsIn } from '../../system/records-in.ts'
import { type ReadContext, read } from '../read.ts'
import { findBead, findRig } from '../resolve.ts'
import { recordAt } from '../shapes.ts'
import type { TownHandle } from '../town.ts'
import type { View } from '../view.ts'

const query = z.strictObject({
  /** The earlier moment; the later one is `at`, or now. */
  from: z.string().max(60),
  rig: z.string().optional(),
  bead: z.string().optional(),
})

/** Rows of the earlier moment, as they were then: whole, for a bead may have come into a rig since. */
type Earlier = NonNullable<ReadContext<unknown, unknown>['earlier']> & { readonly taken: RowTexts }

const diff = read({
  path: '/v1/diff',
  summary: 'What changed between two moments: rows of each projection, and owners, with before and after.',
  past: true,
  query,
  earlier: {
    at: ({ from }) => String(from),
    // A bead may be named shortly, and by that name be another one or none then.
    take: ({ projections }, { rig }, touched) =>
      rowTexts(projections, { rig: rig as string | undefined }, touched),
  },
  async run({ town, view, query, earlier }) {
    const { seq, taken, touched, contexts } = earlier as Earlier
    const { projections } = view
    const filter = {
      rig: query.rig === undefined ? undefined : findRig(projections, query.rig).name,
      bead: query.bead === undefined ? undefined : findBead(projections, query.bead).id,
    }
    return {
      from: { seq, at: (await recordAt(town, seq))?.at ?? null },
      to: { seq: view.seq, at: (await recordAt(town, view.seq))?.at ?? null },
      records: view.seq - seq,
      rows: rowChanges(
        filter.bead === undefined ? taken : restricted(taken, filter),
        rowTexts(projections, filter, touched),
      ),
      actors: await ownersBetween(town, view, { seq, contexts }, filter),
      seq: view.seq,
    }
  },
})

export const diffReads = [diff]

/** Along the records between the moments alone; what those owners had been before is asked once they are known. */
async function ownersBetween(
  town: TownHandle,
  { projections, seq }: View,
  earlier: Pick<Earlier, 'seq' | 'contexts'>,
  filter: Parameters<typeof isOwnerAsked>[1],
) {
  const ofRig = new Set([...(projections.beads.rows.byRig.get(filter.rig ?? '') ?? [])].map(beadOwner))
  const changes = createOwnerChanges()
  for await (const piece of town.log.pieces({ after: earlier.seq, to: seq }))
    for (const record of recordsIn(piece)) if (isOwnerAsked(record.actor, filter, ofRig)) changes.add(record)
  return changes.since(await earlier.contexts(changes.owners))
}
