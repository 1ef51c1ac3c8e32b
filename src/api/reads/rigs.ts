// Reading rigs, their settings, and what the Refinery has.

import { z } from 'zod'
import { SETTING_NAMES, settingNamed } from '../../events/settings.ts'
import { beadCounts } from '../../projections/bead-queries.ts'
import { escalation, escalations } from '../../projections/escalations.ts'
import type { Projections } from '../../projections/index.ts'
import { type MergeState, mergeRequests, QUEUE_STATES } from '../../projections/merge-queue.ts'
import { rig as rigRow, rigs } from '../../projections/rigs.ts'
import { town as townRow } from '../../projections/town.ts'
import { landingSentence } from '../commands/rig.ts'
import { Fault } from '../fault.ts'
import { page, paging, read, several } from '../read.ts'
import { findMergeRequest, findRig, shown } from '../resolve.ts'
import { mergeShape, rigShape } from '../shapes.ts'

const list = read({
  path: '/v1/rigs',
  summary: 'Rigs (projects), with the state of their targets.',
  query: z.strictObject(paging),
  run({ view: { projections, seq }, query }) {
    const { items, cursor } = page(rigs(projections.rigs.rows), query, ({ name }) => name)
    return { items: items.map(rigShape), cursor, seq }
  },
})

const show = read({
  path: '/v1/rigs/:name',
  summary: 'One rig (project), with its settings and where its work lands.',
  own: (own, { name }) => own.rig === name,
  run({ view: { projections, seq }, params }) {
    const row = findRig(projections, params.name)
    return {
      ...rigShape(row),
      beads: beadCounts(projections.beads.rows, row.name),
      fork: forkOf(projections),
      sentence: landingSentence(row.name, row.target.branch, row.remote, row.settings),
      seq,
    }
  },
})

/** What this town is a fork of, in short, or null. */
function forkOf({ town }: Projections): { name: string; seq: number } | null {
  const { fork } = townRow(town.rows)
  return fork === null ? null : { name: fork.name, seq: fork.seq }
}

const settings = read({
  path: '/v1/settings',
  summary: 'What is set, for the town or for one rig; `key` alone gives one, `names` all there are.',
  query: z.strictObject({ rig: z.string().optional(), key: z.string().max(100).optional() }),
  run({ view: { projections, seq }, query }) {
    const rig = query.rig === undefined ? null : findRig(projections, query.rig).name
    const own =
      rig === null
        ? townRow(projections.town.rows).settings
        : (rigRow(projections.rigs.rows, rig)?.settings ?? {})
    const { key } = query
    if (key === undefined) {
      const names = SETTING_NAMES.map((name) => ({
        name,
        help: settingNamed(name.replace(/<name>/, 'x'))?.help ?? '',
      }))
      return { rig, settings: { ...own }, names, seq }
    }
    if (settingNamed(key) === null) throw new Fault('SETTING_UNKNOWN', `There is no setting ${shown(key)}.`)
    return { rig, key, value: own[key] ?? null, set: key in own, seq }
  },
})

const queue = read({
  path: '/v1/merge-queue',
  summary: 'What is with the Refinery (merge queue), in order of arrival.',
  query: z.strictObject({
    rig: z.string().optional(),
    /** `queue`: only what stands in line now. */
    state: several.optional(),
    bead: z.string().optional(),
    ...paging,
  }),
  run({ view: { projections, seq }, query }) {
    const rig = query.rig === undefined ? undefined : findRig(projections, query.rig).name
    const state = query.state?.flatMap((name) => (name === 'queue' ? QUEUE_STATES : [name as MergeState]))
    const found = mergeRequests(projections.mergeQueue.rows, { rig, state, bead: query.bead })
    const { items, cursor } = page(found, query, ({ address }) => address)
    return { items: items.map(mergeShape), cursor, seq }
  },
})

const oneRequest = read({
  path: '/v1/merge-queue/:id',
  summary: 'One merge request, by its id or its bead, with its receipt.',
  run({ view: { projections, seq }, params }) {
    return { ...mergeShape(findMergeRequest(projections, params.id)), seq }
  },
})

const questions = read({
  path: '/v1/escalations',
  summary: 'What waits for a person.',
  query: z.strictObject(paging),
  run({ view: { projections, seq }, query }) {
    const { items, cursor } = page(escalations(projections.escalations.rows), query, ({ id }) => id)
    return { items: structuredClone(items), cursor, seq }
  },
})

const question = read({
  path: '/v1/escalations/:id',
  summary: 'One thing that waits for a person.',
  run({ view: { projections, seq }, params }) {
    const row = escalation(projections.escalations.rows, params.id)
    if (row === null)
      throw new Fault('ESCALATION_NOT_FOUND', `There is no open escalation ${shown(params.id)}.`)
    return { ...row, position: seq }
  },
})

export const rigReads = [list, show, settings, queue, oneRequest, questions, question]
