// What a revert takes back: what was named, all that landed with it, all below an epic, or all since a moment.
//
// Owns:      which landings are meant, what of them is left where it is, and what stands on them.
// Does not:  take anything back; look at what a forge or a person put between them, but by the audit of git.
// Always:    newest first, of one target; what is left is named with the reason.

import { type Repositories, RepositoryError } from '../ports/repositories.ts'
import { bead as beadRow } from '../projections/bead-queries.ts'
import { beadsBelow } from '../projections/epics.ts'
import type { Projections } from '../projections/index.ts'
import { type MergeRow, mergeRequests, mergeRequestsNamed } from '../projections/merge-queue.ts'
import { rig as rigRow } from '../projections/rigs.ts'
import { Fault } from './fault.ts'
import { chooseRig, findMergeRequest, shown } from './resolve.ts'

/** Requests that one revert takes back at most: as many as its record may name. */
export const REVERTED_MAX = 50

export type Landed = MergeRow & { readonly receipt: NonNullable<MergeRow['receipt']> }
type Left = { readonly mergeRequest: string; readonly bead: string; readonly why: string }
type Meant = { readonly rows: readonly Landed[]; readonly left: readonly Left[] }

/** What a person may mean. `since`: the last record before. */
type Asked = {
  readonly of: readonly string[]
  readonly batch: boolean
  readonly epic: string | null
  readonly since: { readonly seq: number; readonly text: string } | null
  readonly rig: string | undefined
}

/** @throws {Fault} those of `findLanded`; NOTHING_TO_REVERT, REVERT_TOO_LARGE, INPUT_INVALID for several rigs or targets */
export function meant(projections: Projections, asked: Asked): Meant {
  const named = asked.of.map((each) => findLanded(projections, each))
  const around = asked.batch ? named.flatMap((row) => landedWith(projections, row)) : []
  const below = asked.epic === null ? [] : landedBelow(projections, asked.epic)
  const since = asked.since === null ? [] : landedSince(projections, asked.since.seq, asked.rig)
  const found = new Set([...named, ...around, ...below, ...since])
  const isMine = (row: Landed): boolean => row.state === 'landed' && row.reverts.length === 0
  const rows = [...found].filter(isMine).sort((one, other) => other.receipt.seq - one.receipt.seq)
  const left = [...found].filter((row) => !isMine(row)).flatMap((row) => leftOf(row, found))
  const [first] = rows
  if (first === undefined)
    throw new Fault('NOTHING_TO_REVERT', `Nothing ${what(asked)} is there to take back.`)
  const elsewhere = rows.find(({ rig, target }) => rig !== first.rig || target !== first.target)
  if (elsewhere !== undefined) {
    const place = ({ id, rig, target }: Landed) => `${id} is of rig ${rig}, on ${target}`
    throw new Fault(
      'INPUT_INVALID',
      `${place(first)}; ${place(elsewhere)}. Take them back one after the other.`,
    )
  }
  if (rows.length > REVERTED_MAX)
    throw new Fault(
      'REVERT_TOO_LARGE',
      `These are ${rows.length} requests; one revert takes back ${REVERTED_MAX}.`,
      {
        requests: rows.length,
        max: REVERTED_MAX,
      },
    )
  return { rows, left }
}

const what = ({ epic, since }: Asked): string =>
  [
    ...(epic === null ? [] : [`of what is below ${shown(epic)}`]),
    ...(since === null ? [] : [`since ${shown(since.text)}`]),
  ].join(' or ')

/** What took something back is not taken back; where both are meant, neither is there any more. */
function leftOf(row: Landed, found: ReadonlySet<Landed>): Left[] {
  const { id, bead, reverts, revertedBy } = row
  if (reverts.length === 0) return [{ mergeRequest: id, bead, why: `was taken back by ${idOf(revertedBy)}` }]
  const others = reverts.filter(
    ({ mergeRequest }) => ![...found].some(({ address }) => address === mergeRequest),
  )
  return others.length === 0 ? [] : [{ mergeRequest: id, bead, why: 'took back what had landed before' }]
}

const idOf = (by: MergeRow['revertedBy']): string => by?.mergeRequest.split('/').at(-1) ?? 'another'

const isReceipted = (row: MergeRow): row is Landed => row.receipt !== null

/** What one push brought was tested by its highest commit. */
const landedWith = ({ mergeQueue }: Projections, { rig, target, receipt }: Landed): Landed[] =>
  mergeRequests(mergeQueue.rows, { rig })
    .filter(isReceipted)
    .filter((row) => row.target === target && tipOf(row.receipt) === tipOf(receipt))

const tipOf = ({ tested, commit }: Landed['receipt']): string => tested?.commit ?? commit

function landedBelow({ beads, mergeQueue }: Projections, epic: string): Landed[] {
  if (beadRow(beads.rows, epic) === null)
    throw new Fault('BEAD_NOT_FOUND', `There is no bead ${shown(epic)}.`)
  const below = new Set([epic, ...beadsBelow(beads.rows, epic).map(({ id }) => id)])
  return mergeRequests(mergeQueue.rows)
    .filter(isReceipted)
    .filter(({ bead }) => below.has(bead))
}

/** On the rig's own target. */
function landedSince(projections: Projections, seq: number, name: string | undefined): Landed[] {
  const { name: rig, target } = chooseRig(projections, name)
  return mergeRequests(projections.mergeQueue.rows, { rig })
    .filter(isReceipted)
    .filter((row) => row.target === target.branch && row.receipt.seq > seq)
}

/** @throws {Fault} MERGE_REQUEST_NOT_FOUND, AMBIGUOUS, NOT_LANDED, ALREADY_REVERTED, REVERT_OF_REVERT */
function findLanded(projections: Projections, asked: string): Landed {
  const all = mergeRequests(projections.mergeQueue.rows)
  const isCommit = /^[0-9a-f]{7,64}$/.test(asked)
  const named = [
    ...mergeRequestsNamed(projections.mergeQueue.rows, asked),
    ...all.filter(({ bead, receipt }) => bead === asked || (isCommit && receipt?.commit.startsWith(asked))),
  ]
  const landed = named.filter(isReceipted).filter(({ state }) => state === 'landed')
  const rigs = new Set(landed.map(({ rig }) => rig))
  if (rigs.size > 1) {
    const candidates = landed.map(({ address }) => address)
    throw new Fault('AMBIGUOUS', `${shown(asked)} may be several: ${candidates.join(', ')}.`, { candidates })
  }
  const row = landed.at(-1) ?? named.at(-1) ?? findMergeRequest(projections, asked)
  if (row.state === 'reverted') throw new Fault('ALREADY_REVERTED', `${row.id} was ${row.reason?.message}.`)
  if (row.state !== 'landed' || !isReceipted(row))
    throw new Fault('NOT_LANDED', `${row.id} has not landed; it is ${row.state}.`)
  if (row.reverts.length > 0)
    throw new Fault('REVERT_OF_REVERT', `${row.id} took back what had landed; it is not taken back itself.`)
  return row
}

type Foreign = {
  readonly commit: string
  readonly author: string | null
  readonly at: string | null
  readonly title: string | null
}

/** Commits between those that are taken back which nobody landed by gt; null where nobody can look. */
export async function foreignBetween(
  {
    repositories,
    projections,
  }: {
    readonly repositories: Pick<Repositories, 'auditTarget'> | null
    readonly projections: Projections
  },
  rows: readonly Landed[],
): Promise<Foreign[] | null> {
  const [newest, oldest] = [rows[0], rows.at(-1)]
  if (newest === undefined || oldest === undefined || newest === oldest) return []
  const row = rigRow(projections.rigs.rows, newest.rig)
  if (repositories === null || row === null) return null
  const receipts = mergeRequests(projections.mergeQueue.rows, { rig: newest.rig })
    .filter(isReceipted)
    .filter(({ target, receipt }) => target === newest.target && receipt.seq >= oldest.receipt.seq)
    .map(({ address, receipt: { commit, base } }) => ({ commit, base, request: address }))
  try {
    const { unreceipted } = await repositories.auditTarget({
      rig: newest.rig,
      remote: row.remote,
      target: newest.target,
      since: oldest.receipt.base,
      head: newest.receipt.commit,
      receipts,
    })
    return unreceipted.map(({ commit, author, at, title }) => ({
      commit,
      author: author?.name ?? null,
      at,
      title,
    }))
  } catch (error) {
    if (error instanceof RepositoryError) return null
    throw error
  }
}

/** Beads that will wait again when these are open, and those that were begun on their ground. */
export function standingOn({ beads }: Projections, reverted: readonly string[], overseer: string) {
  const found = new Set(reverted.flatMap((bead) => [...(beads.rows.dependents.get(bead) ?? [])]))
  const rows = [...found]
    .filter((bead) => !reverted.includes(bead))
    .flatMap((bead) => beadRow(beads.rows, bead) ?? [])
  const isBegun = ({ status, assignee }: (typeof rows)[number]): boolean =>
    status === 'in_progress' || status === 'closed' || assignee !== null
  return {
    waitAgain: rows.filter((row) => !isBegun(row)).map(({ id }) => id),
    begun: rows
      .filter(isBegun)
      .map(({ id, status, assignee }) => ({ id, status, worker: assignee === overseer ? null : assignee })),
  }
}
