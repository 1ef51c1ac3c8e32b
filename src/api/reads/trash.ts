// Reading what was left behind and can come back.

import { z } from 'zod'
import { differing, type TrashRow, trash } from '../../projections/trash.ts'
import { Fault } from '../fault.ts'
import { page, paging, read } from '../read.ts'
import { findBead, findRig, findTrash, shown } from '../resolve.ts'

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
  async run({ town, view: { projections, seq, past }, params }) {
    const row = findTrash(projections, params.id)
    if (past) throw new Fault('POSITION_INVALID', `What is kept of ${shown(row.id)} is shown as it is now.`)
    if (town.repositories === null)
      throw new Fault('DAEMON_DOWN', 'The town is not up, so nobody can look into the repository.')
    const { rig, branch, landed, head, base } = row
    const against = landed ? head : base
    const name = row.sandbox.replaceAll('/', '.')
    const kept = await town.repositories.showKept({ rig, name, branch, against })
    return { ...shape(row), against, ...kept, seq }
  },
})

export const trashReads = [list, show]

const shape = (row: TrashRow) => ({ ...structuredClone(row), differing: differing(row) })
