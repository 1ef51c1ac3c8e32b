// Reading who lands next, and why: the Refinery's own sum over what anybody can see.

import { z } from 'zod'
import { refinery, refineryOf } from '../../events/address.ts'
import { PRIORITY_DEFAULT } from '../../events/bead.ts'
import { linedUp, needsSentence, type Standing, type Sum, sumOf } from '../../events/queue-order.ts'
import { bead as beadRow } from '../../projections/bead-queries.ts'
import type { Projections } from '../../projections/index.ts'
import { integration } from '../../projections/integrations.ts'
import {
  isAside,
  isAtForge,
  isInReview,
  type MergeRow,
  mergeRequests,
  QUEUE_STATES,
} from '../../projections/merge-queue.ts'
import type { RigRow } from '../../projections/rigs.ts'
import { read } from '../read.ts'
import { chooseRig, chooseTarget } from '../resolve.ts'

type InLine = {
  readonly id: string
  readonly bead: string
  readonly title: string
  readonly worker: string
  readonly state: string
  readonly priority: number
  readonly retries: number
  readonly submittedAt: string
  /** Null when they are lined up as they came. */
  readonly sum: Sum | null
  /** Why it is passed over; null when its turn comes. */
  readonly waits: { readonly code: string; readonly message: string } | null
}

const next = read({
  path: '/v1/merge-order',
  summary: 'Who lands next in a rig (project), the sum that says so, and why others wait.',
  query: z.strictObject({
    rig: z.string().optional(),
    /** An integration branch, by its name or its epic; the rig's own target when it is not given. */
    target: z.string().max(200).optional(),
  }),
  run({ view: { projections, seq }, query }) {
    const { epic } = chooseTarget(projections, query)
    const rig = asOfTarget(projections, chooseRig(projections, query.rig), epic)
    const by = refinery(rig.name, epic)
    const all = mergeRequests(projections.mergeQueue.rows, { rig: rig.name }).filter(
      ({ address }) => refineryOf(address) === by,
    )
    const line = all.filter(({ state }) => QUEUE_STATES.includes(state))
    // As the Refinery does: as of the newest submission, whatever became of it.
    const asOf = all.at(-1)?.requestedAt ?? ''
    const inHand = line.filter(isInHand)
    const standings = line.filter((row) => !isInHand(row)).map((row, n) => standing(projections, row, n))
    const items = linedUp(standings, rig.order, asOf).map((one): InLine => {
      const { row, priority, retries } = one
      return {
        id: row.id,
        bead: row.bead,
        title: beadRow(projections.beads.rows, row.bead)?.title ?? '',
        worker: row.worker,
        state: row.state,
        priority,
        retries,
        submittedAt: row.requestedAt,
        sum: rig.order === 'fifo' ? null : sumOf(one, asOf),
        waits: waits(projections, rig, row, line),
      }
    })
    return {
      rig: rig.name,
      target: rig.target.branch,
      order: rig.order,
      /** The moment that the sums are of: the newest submission; null when there was none. */
      asOf: asOf === '' ? null : asOf,
      inHand: inHand.map(({ id, bead, state }) => ({ id, bead, state })),
      next: items.find((item) => item.waits === null) ?? null,
      items,
      seq,
    }
  },
})

export const mergeOrderReads = [next]

type Target = Pick<RigRow, 'name' | 'order' | 'frozen'> & {
  readonly target: { readonly branch: string; readonly reason: string }
  readonly red: object | null
}

function asOfTarget({ integrations }: Projections, rig: RigRow, epic: string | null): Target {
  const row = epic === null ? null : integration(integrations.rows, rig.name, epic)
  if (row === null) return rig
  const { branch, frozen, red, order } = row
  const reason = frozen === null ? `${red?.gate ?? 'a gate'} fails on it` : `frozen by ${frozen.by}`
  return { name: rig.name, order, frozen, red, target: { branch, reason } }
}

/** What waits for a second try is in hand; what waits for a person, a thaw or another bead is not. */
const isInHand = ({ state, reason }: MergeRow): boolean =>
  state === 'waiting' ? !isAside(reason?.code ?? '') : state !== 'queued'

/** In order of arrival, `order` counts them. */
const standing = (
  { beads }: Projections,
  row: MergeRow,
  order: number,
): Standing & { readonly row: MergeRow } => {
  const bead = beadRow(beads.rows, row.bead)
  return {
    row,
    address: row.address,
    bead: row.bead,
    order,
    at: row.requestedAt,
    priority: bead?.priority ?? PRIORITY_DEFAULT,
    retries: row.attempts - 1,
    needs: bead?.openNeeds ?? [],
  }
}

function waits(
  { beads }: Projections,
  rig: Target,
  row: MergeRow,
  line: readonly MergeRow[],
): InLine['waits'] {
  const bead = beadRow(beads.rows, row.bead)
  const needs = needsSentence(
    bead?.openNeeds ?? [],
    (need) => line.find((other) => other.bead === need)?.id ?? null,
  )
  if (needs !== null) return { code: 'NEEDS_OPEN', message: needs }
  const { code = '' } = row.reason ?? {}
  if (
    row.state === 'waiting' &&
    row.reason !== null &&
    (code === 'APPROVAL_NEEDED' || isAtForge(code) || isInReview(code))
  )
    return { ...row.reason }
  if (bead?.labels.includes('fixes-target') === true) return null
  const { branch, reason } = rig.target
  if (rig.frozen !== null) return { code: 'TARGET_FROZEN', message: `${branch} is ${reason}.` }
  if (rig.red !== null) return { code: 'TARGET_RED', message: `${branch} is red by itself: ${reason}.` }
  return null
}
