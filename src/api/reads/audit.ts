// Reading whether all that is on a rig's target has a receipt, and all receipts are still on it.
//
// Owns:      which receipts there are, and from which commit on each must have one.
// Does not:  look into a repository (src/git/audit.ts); say that something is wrong: whoever pushed may have meant to.

import { z } from 'zod'
import type { AuditedCommit } from '../../ports/repositories.ts'
import type { Projections } from '../../projections/index.ts'
import { type IntegrationRow, integrations } from '../../projections/integrations.ts'
import { type MergeRow, mergeRequests } from '../../projections/merge-queue.ts'
import type { RigRow } from '../../projections/rigs.ts'
import { asOf } from '../as-of.ts'
import { Fault } from '../fault.ts'
import { read } from '../read.ts'
import { findRig, shown } from '../resolve.ts'

type Landed = MergeRow & { readonly receipt: NonNullable<MergeRow['receipt']> }
type Then = Pick<RigRow, 'name' | 'target' | 'remote' | 'receiptsFrom'> & { readonly seq: number }

const audit = read({
  path: '/v1/rigs/:name/audit',
  summary:
    'Commits of the target without a receipt, since the rig was added, and receipts whose commit it no longer has.',
  query: z.strictObject({
    /** From where the target stood then, as far as the log knows. */
    since: z.string().max(60).optional(),
    /** An integration branch, by its name or its epic, as a whole; also one that has landed. */
    target: z.string().max(200).optional(),
  }),
  outside: true,
  async run(context) {
    const { town, view, params, query } = context
    const { name } = findRig(view.projections, params.name)
    const rigAt = (at: string) => asOf<Then>({ ...context, query: { at } }, '/v1/rigs/:name', { name })
    const rig: Then =
      query.at === undefined ? { ...findRig(view.projections, name), seq: view.seq } : await rigAt(query.at)
    const start = query.since === undefined ? null : await rigAt(query.since)
    if (town.repositories === null)
      throw new Fault('DAEMON_DOWN', 'The town is not up, so nobody can look into the repository.')
    const own = query.target === undefined ? null : branchNamed(view.projections, name, query.target)
    const branch = own?.branch ?? rig.target.branch
    const head = own?.landed?.head ?? (query.at === undefined ? null : rig.target.head)
    const landed = landedOn(view.projections, name, branch).filter(({ receipt }) => receipt.seq <= rig.seq)
    const since = own?.base ?? start?.target.head ?? beginning(rig, landed)
    if (since === null || (query.at !== undefined && head === null))
      throw new Fault('NOTHING_TO_AUDIT', `Nothing is known yet of ${branch} of rig ${name}.`)
    // What was landed before it was forked or rejoined is held against another target.
    const from = Math.max(start?.seq ?? 0, rig.receiptsFrom?.seq ?? 0)
    const expected = landed.filter(({ receipt }) => receipt.seq > from)
    const found = await town.repositories.auditTarget({
      rig: name,
      remote: rig.remote,
      target: branch,
      since,
      head,
      receipts: expected.map(({ address, receipt: { commit, base } }) => ({
        commit,
        base,
        request: address,
      })),
    })
    const { unreceipted, unreceiptedCount, gone, goneCount } = found
    const byCommit = new Map(expected.map((row) => [row.receipt.commit, row]))
    return {
      rig: name,
      branch,
      ok: unreceiptedCount === 0 && goneCount === 0,
      head: found.head,
      stale: found.stale,
      since,
      from: found.from,
      rewritten: found.rewritten,
      commits: found.walked,
      receipts: expected.length,
      unreceipted: unreceipted.map(shape),
      unreceiptedCount,
      gone: gone.map((one) => ({ ...shape(one), ...ofRequest(byCommit.get(one.commit)) })),
      goneCount,
      seq: rig.seq,
    }
  },
})

export const auditReads = [audit]

/** The newest of that name. */
function branchNamed({ integrations: all }: Projections, rig: string, asked: string): IntegrationRow {
  const row = integrations(all.rows, rig).findLast(({ branch, epic }) => branch === asked || epic === asked)
  if (row !== undefined) return row
  throw new Fault('INTEGRATION_NOT_FOUND', `${rig} has no integration branch ${shown(asked)}.`)
}

/** In the order of their landing; what was taken back has its receipt for ever. */
const landedOn = ({ mergeQueue }: Projections, rig: string, branch: string): Landed[] =>
  mergeRequests(mergeQueue.rows, { rig })
    .filter((row): row is Landed => row.receipt !== null && row.target === branch)
    .sort((left, right) => left.receipt.seq - right.receipt.seq)

/** The commit after which each has a receipt: of a target that was chosen later, the one that the first landing found. */
const beginning = ({ receiptsFrom, target }: Then, landed: readonly Landed[]): string | null =>
  receiptsFrom?.branch === target.branch ? receiptsFrom.commit : (landed[0]?.receipt.base ?? null)

const shape = ({ commit, author, at, title }: AuditedCommit) => ({
  commit,
  author: author?.name ?? null,
  email: author?.email ?? null,
  at,
  title,
})

const ofRequest = (row: Landed | undefined) => ({
  mergeRequest: row?.address ?? null,
  bead: row?.bead ?? null,
  landedAt: row?.receipt.landedAt ?? null,
})
