// Reading the review packet of a request to land.

import { z } from 'zod'
import { asOf } from '../as-of.ts'
import { packetMarkdown } from '../packet/markdown.ts'
import { packetOf, type Said, saidOf } from '../packet/packet.ts'
import { read } from '../read.ts'

const PATH = '/v1/merge-queue/:id/packet'

const packet = read({
  path: PATH,
  summary:
    'What a reviewer wants to know of a merge request: change, criteria, gates, tests, attempts, cost. `form`: markdown.',
  query: z.strictObject({ form: z.enum(['json', 'markdown']).default('json') }),
  outside: true,
  async run(context) {
    const { town, view, params, query } = context
    const now = query.at === undefined || view.past
    const said = now
      ? await saidOf(town, view.projections, view.seq, params.id)
      : await asOf<Said>(context, PATH, params)
    // Of the past the log says what it was; what is in its commits, the repository.
    if (view.past) return said
    const newest = town.projections.rigs.rows.get(said.rig)?.target.head ?? null
    const found = await packetOf(said, town.repositories, newest)
    return query.form === 'markdown'
      ? { id: found.id, markdown: packetMarkdown(found), seq: found.seq }
      : found
  },
})

export const packetReads = [packet]
