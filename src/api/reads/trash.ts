// Reading what was left behind and can come back.

import { z } from 'zod'
import { differing, type TrashRow, trash } from '../../projections/trash.ts'
import { asOf } from '../as-of.ts'
import { Fault } from '../fault.ts'
import { page, paging, read } from '../read.ts'
import { findBead, findRig, findTrash } from '../resolve.ts'

const list = read({
  path: '/v1/trash',
  summary: 'What was removed or left behind and can come back, newest first.',
  query: z.strictObject({ rig: z.string().optional(), bead: z.string().optional(), ...paging }),
  run({ view: { projections, seq }, query }) {
    const found = trash(projections.trash.rows, {
      rig: query.rig === undefined ? undefined : findRig(projections, query.rig).name,
      bead: query.bead === undefined ? undefined : findBead(projections, query.bead).id,
    })
    const { items, cursor } = page(found, query, ({ id }) => id)
    return { items: items.map(shape), cursor, seq }
  },
})

const show = read({
  path: '/v1/trash/:id',
  summary: 'One entry, with its files against what landed or what it began at, and its last checkpoints.',
  outside: true,
  async run(context) {
    const { town, view, params, query } = context
    // Of the past the log says which commit was kept; what is in it, the repository.
    if (view.past) return { row: findTrash(view.projections, params.id), seq: view.seq }
    const { row, seq } =
      query.at === undefined
        ? { row: findTrash(view.projections, params.id), seq: view.seq }
        : await asOf<{ row: TrashRow; seq: number }>(context, '/v1/trash/:id', params)
    const then = query.at === undefined ? undefined : (row.checkpoint?.commit ?? row.head ?? undefined)
    if (town.repositories === null)
      throw new Fault('DAEMON_DOWN', 'The town is not up, so nobody can look into the repository.')
    const { rig, branch, landed, head, base } = row
    const against = landed ? head : base
    const name = row.sandbox.replaceAll('/', '.')
    const kept = await town.repositories.showKept({
      rig,
      name,
      branch,
      against,
      ...(then === undefined ? {} : { commit: then }),
    })
    return { ...shape(row), against, ...kept, seq }
  },
})

export const trashReads = [list, show]

const shape = (row: TrashRow) => ({ ...structuredClone(row), differing: differing(row) })
