// Reading integration branches: where they stand, what is below their epics, and what keeps them from landing.

import { z } from 'zod'
import { lastPart } from '../../events/address.ts'
import { RepositoryError } from '../../ports/repositories.ts'
import { beadsBelow, reasonsAgainst } from '../../projections/epics.ts'
import type { Projections } from '../../projections/index.ts'
import { type IntegrationRow, inLineFor, integrations } from '../../projections/integrations.ts'
import { mergeRequests } from '../../projections/merge-queue.ts'
import { findIntegration } from '../commands/integration.ts'
import { read } from '../read.ts'
import { findRig } from '../resolve.ts'

const list = read({
  path: '/v1/integrations',
  summary: 'Integration branches of epics, by age.',
  query: z.strictObject({ rig: z.string().optional() }),
  run({ view: { projections, seq }, query }) {
    const items = integrations(projections.integrations.rows, query.rig)
    return { items: items.map((row) => shape(projections, row)), seq }
  },
})

const show = read({
  path: '/v1/integrations/:epic',
  summary: 'One integration branch: how far it is from its target, and why it may not land.',
  outside: true,
  async run({ town, view: { projections, seq }, params, query }) {
    const row = findIntegration({ projections }, params.epic)
    // Read before the await: rows change in place.
    const shown = shape(projections, row)
    const { rig, branch, state } = row
    const { remote, target } = findRig(projections, rig)
    const apart =
      town.repositories === null || state === 'landed' || query.at !== undefined
        ? null
        : await town.repositories
            .lookAtBranch({ rig, remote, target: target.branch, branch })
            .then(({ head, base, ahead, behind }) => ({ head, base, ahead, behind }))
            .catch((error: unknown) => {
              if (error instanceof RepositoryError) return { code: error.code, message: error.message }
              throw error
            })
    const nothing =
      apart !== null && 'ahead' in apart && apart.ahead === 0
        ? [`${target.branch} has all of it already.`]
        : []
    const reasons = [...nothing, ...shown.reasons]
    return { ...shown, reasons, mayLand: shown.state === 'open' && reasons.length === 0, apart, seq }
  },
})

export const integrationReads = [list, show]

function shape(projections: Projections, row: IntegrationRow) {
  const { rig, branch, state } = row
  const below = beadsBelow(projections.beads.rows, row.epic)
  const landedOnIt = new Set(
    mergeRequests(projections.mergeQueue.rows, { rig, state: 'landed' })
      .filter((request) => request.target === branch)
      .map(({ bead }) => bead),
  )
  const reasons = state === 'landed' ? [] : reasonsAgainst(projections, row)
  return {
    ...structuredClone(row),
    address: undefined,
    target: findRig(projections, rig).target.branch,
    children: {
      all: below.length,
      open: below.filter(({ status }) => status !== 'closed').length,
      closed: below.filter(({ status }) => status === 'closed').length,
      landed: below.filter(({ id }) => landedOnIt.has(id)).length,
      items: below.slice(0, 200).map(({ id, title, status, assignee }) => ({
        id,
        title,
        status,
        landed: landedOnIt.has(id),
        worker: assignee === null ? null : lastPart(assignee),
      })),
    },
    queue: inLineFor(projections.mergeQueue.rows, row).map(({ id, bead, state: at, reason }) => ({
      id,
      bead,
      state: at,
      reason,
    })),
    mayLand: state === 'open' && reasons.length === 0,
    reasons,
  }
}
