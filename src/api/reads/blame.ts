// Reading which commit a line of a rig's target is of.

import { z } from 'zod'
import type { RigRow } from '../../projections/rigs.ts'
import { asOf } from '../as-of.ts'
import { Fault } from '../fault.ts'
import { read } from '../read.ts'
import { findRig } from '../resolve.ts'

const blame = read({
  path: '/v1/blame/:rig',
  summary: 'Which commit a line of the rig’s target is of, as of `commit` (of the target) or as it is now.',
  query: z.strictObject({
    /** Relative to the top of the repository. */
    path: z.string().min(1).max(1_000),
    line: z.coerce.number().int().min(1).max(10_000_000),
    commit: z
      .string()
      .regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/)
      .optional(),
  }),
  outside: true,
  async run(context) {
    const { town, view, params, query } = context
    const { path, line, commit, at } = query
    const { projections } = view
    const { name, target } =
      at === undefined
        ? findRig(projections, params.rig)
        : await asOf<Pick<RigRow, 'name' | 'target'>>(context, '/v1/rigs/:name', { name: params.rig })
    if (town.repositories === null)
      throw new Fault('DAEMON_DOWN', 'The town is not up, so nobody can look into the repository.')
    const head = commit ?? target.head
    if (head === null)
      throw new Fault('LINE_NOT_FOUND', `Nothing is known yet of ${target.branch} of rig ${name}.`)
    const found = await town.repositories.blameLine({ rig: name, path, line, commit: head })
    const { bead, receipt, author, ...rest } = found
    // Anybody may write a trailer: it counts when its merge request was that bead's.
    const request = receipt === null ? undefined : projections.mergeQueue.rows.get(receipt)
    const isOurs = request !== undefined && request.bead === bead && request.state === 'landed'
    return {
      rig: name,
      path,
      number: line,
      branch: target.branch,
      ...rest,
      author: author.name,
      bead: isOurs ? bead : null,
    }
  },
})

export const blameReads = [blame]
