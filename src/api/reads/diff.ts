// Reading what changed between two moments.

import { z } from 'zod'
import { beadOwner } from '../../events/address.ts'
import { recordOf } from '../../events/upcasters.ts'
import {
  createOwnerChanges,
  isOwnerAsked,
  type RowTexts,
  restricted,
  rowChanges,
  rowTexts,
} from '../../past/diff.ts'
import { read } from '../read.ts'
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
type Earlier = { readonly seq: number; readonly taken: RowTexts }

const diff = read({
  path: '/v1/diff',
  summary: 'What changed between two moments: rows of each projection, and owners, with before and after.',
  past: true,
  query,
  earlier: {
    at: ({ from }) => String(from),
    // A bead may be named shortly, and by that name be another one or none then.
    take: ({ projections }, { rig }) => rowTexts(projections, { rig: rig as string | undefined }),
  },
  async run({ town, view, query, earlier }) {
    const { seq, taken } = earlier as Earlier
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
        rowTexts(projections, filter),
      ),
      actors: await ownersBetween(town, view, seq, filter),
      seq: view.seq,
    }
  },
})

export const diffReads = [diff]

/** Twice along the log: who changed, and what those few had been. */
async function ownersBetween(
  town: TownHandle,
  { projections, seq }: View,
  from: number,
  filter: Parameters<typeof isOwnerAsked>[1],
) {
  const ofRig = new Set([...(projections.beads.rows.byRig.get(filter.rig ?? '') ?? [])].map(beadOwner))
  const owners = new Set<string>()
  for await (const { line } of town.log.read({ after: from, to: seq })) {
    const actor = actorOf(line)
    if (isOwnerAsked(actor, filter, ofRig)) owners.add(actor)
  }
  const changes = createOwnerChanges()
  if (owners.size === 0) return []
  for await (const { seq: at, line } of town.log.read({ to: seq })) {
    if (!owners.has(actorOf(line))) continue
    if (at <= from) changes.before(recordOf(line))
    else changes.between(recordOf(line))
  }
  return changes.changes()
}

/** Found without parsing the rest: most lines are of nobody who is looked for. Addresses have no characters to escape. */
function actorOf(line: string): string {
  const at = line.indexOf(ACTOR) + ACTOR.length
  return line.slice(at, line.indexOf('"', at))
}

const ACTOR = '"actor":"'
