// Reading sessions: every process an agent was given, newest first.

import { z } from 'zod'
import { sessions } from '../../projections/sessions.ts'
import { page, paging, read } from '../read.ts'
import { findAgent, findBead } from '../resolve.ts'
import { sessionShape } from '../seance.ts'

const list = read({
  path: '/v1/sessions',
  summary: 'Sessions, newest first: runtime, bead, how it ended, turns, tokens, and whether it can be asked.',
  query: z.strictObject({ agent: z.string().optional(), bead: z.string().optional(), ...paging }),
  own: ({ agent }, _params, query) => query.agent === agent,
  run({ town, view: { projections, seq }, query }) {
    const found = sessions(projections.sessions.rows, {
      agent: query.agent === undefined ? undefined : findAgent(projections, query.agent),
      bead: query.bead === undefined ? undefined : findBead(projections, query.bead).id,
    })
    const { items, cursor } = page(found.toReversed(), query, ({ session }) => session)
    return { items: items.map((row) => sessionShape(town, row)), cursor, seq }
  },
})

export const sessionReads = [list]
