// The review packet: what somebody who has to say yes to a change wants to know of it, put together from what is known.
//
// Owns:      which records are looked at, and what is said where nothing is known.
// Does not:  judge; show code; count tests itself: gates report them, or nobody does.

import type { GateResultData } from '../../events/define.ts'
import type { Resolved } from '../../events/landing.ts'
import type { AnyFact } from '../../events/record.ts'
import type { Evidence } from '../../events/worker.ts'
import { type ChangeStat, type Repositories, RepositoryError } from '../../ports/repositories.ts'
import { type Cost, costOf } from '../../projections/costs.ts'
import type { Projections } from '../../projections/index.ts'
import type { MergeRow, ReviewRow } from '../../projections/merge-queue.ts'
import { findMergeRequest } from '../resolve.ts'
import { description, recordAt } from '../shapes.ts'
import type { TownHandle } from '../town.ts'
import { type Criterion, criteriaIn, fitsOne, pathsIn } from './stated.ts'

export type Tests = { readonly ran: number; readonly red: number; readonly skipped: number }
/** What a reviewer found, and what its session took. */
export type PacketReview = ReviewRow & {
  readonly tokens: number
  readonly costUsd: number | null
}
export type PacketGate = Omit<GateResultData, 'logTail'>

/** What the log says. */
export type Said = {
  readonly id: string
  readonly mergeRequest: string
  readonly rig: string
  readonly branch: string
  readonly target: string
  readonly worker: string
  readonly orderedBy: string | null
  readonly state: string
  readonly reason: string | null
  readonly bead: { readonly id: string; readonly title: string; readonly status: string | null }
  readonly base: string | null
  /** As it was submitted. */
  readonly head: string
  /** What is tested, or has landed. */
  readonly commit: string | null
  readonly landedAt: string | null
  /** `evidence`: what its worker said for it when that commit was submitted; a claim, shown as it was made. */
  readonly criteria: readonly (Criterion & { readonly evidence: readonly string[] })[]
  /** What its worker said for no one criterion. */
  readonly evidence: readonly string[]
  /** Null: the bead states none. */
  readonly paths: readonly string[] | null
  /** It conflicted, and this settled it without anybody; null when it fitted. */
  readonly resolved: Resolved | null
  readonly gates: readonly PacketGate[]
  /** The newest last. */
  readonly reviews: readonly PacketReview[]
  /** Null: no gate counted them. `before`: when the commit below landed. */
  readonly tests: { readonly before: Tests | null; readonly after: Tests | null }
  readonly attempts: readonly {
    readonly n: number
    readonly at: string
    readonly outcome: string
    readonly reason: string | null
  }[]
  readonly cost: Cost | null
  readonly seq: number
}

export type Packet = Said & {
  /** Null: nobody could look; `changeWhy` says why. */
  readonly change: ChangeStat | null
  readonly changeWhy: string | null
  /** Files that fit none of the stated paths; null when none are stated, or the files are not known. */
  readonly outside: readonly string[] | null
  readonly links: readonly { readonly what: string; readonly command: string }[]
}

/** States in which the gates have been run on what is there now. */
const GATED: ReadonlySet<string> = new Set(['landing', 'waiting', 'landed', 'failed', 'rejected', 'reverted'])

/** @throws {Fault} MERGE_REQUEST_NOT_FOUND, AMBIGUOUS */
export async function saidOf(
  town: Pick<TownHandle, 'log'>,
  projections: Projections,
  seq: number,
  name: string,
): Promise<Said> {
  const row = findMergeRequest(projections, name)
  const bead = projections.beads.rows.byId.get(row.bead)
  const text = await description(town, row.bead, bead?.descriptionSeq ?? null)
  const gates = GATED.has(row.state) ? await gatesOf(town, row) : []
  const below = [...projections.mergeQueue.rows.values()].find(
    ({ rig, receipt }) => receipt !== null && rig === row.rig && receipt.commit === row.base,
  )
  return {
    id: row.id,
    mergeRequest: row.address,
    rig: row.rig,
    branch: row.branch,
    target: row.target,
    worker: row.worker,
    orderedBy: bead?.orderedBy ?? null,
    state: row.state,
    reason: row.reason?.message ?? null,
    bead: { id: row.bead, title: bead?.title ?? row.bead, status: bead?.status ?? null },
    base: row.base,
    head: row.head,
    commit: row.commit,
    landedAt: row.landedAt,
    ...withEvidence(criteriaIn(text), await evidenceFor(town, row, bead?.evidenceSeq)),
    paths: pathsIn(text),
    resolved: structuredClone(row.resolved),
    gates,
    reviews: row.reviews.map((one) => reviewOf(projections, one)),
    tests: {
      before: below === undefined ? null : testsIn(await gatesOf(town, below)),
      after: testsIn(gates),
    },
    attempts: attemptsOf(row),
    cost: costOf(projections.costs.rows, 'bead', row.bead),
    seq,
  }
}

/** Of the commit that was submitted, and of no other. */
async function evidenceFor(
  town: Pick<TownHandle, 'log'>,
  { head, bead }: MergeRow,
  seq: number | undefined,
): Promise<readonly Evidence[]> {
  const record = seq === undefined ? null : await recordAt(town, seq)
  const fact = record?.facts.find((one) => one.type === 'AgentDone' && one.bead === bead && one.head === head)
  // Facts have their shape: they were parsed when they were written.
  return (fact?.evidence ?? []) as unknown as readonly Evidence[]
}

function withEvidence(
  criteria: readonly Criterion[],
  all: readonly Evidence[],
): Pick<Said, 'criteria' | 'evidence'> {
  const isOf = (n: number) => all.filter(({ criterion }) => criterion === n).map(({ text }) => text)
  return {
    criteria: criteria.map((one, n) => ({ ...one, evidence: isOf(n + 1) })),
    evidence: all
      .filter(({ criterion }) => criterion === null || criterion > criteria.length)
      .map(({ text }) => text),
  }
}

/** With what the repository says. `newest`: where the target stands, for what was not built yet. */
export async function packetOf(
  said: Said,
  repositories: Pick<Repositories, 'showChange'> | null,
  newest: string | null,
): Promise<Packet> {
  const { rig, id, bead, commit } = said
  const landed = said.landedAt !== null && commit !== null
  const base = said.base ?? newest
  const looked = await changeOf(repositories, rig, base, landed ? commit : said.head)
  const files = looked.change?.files
  const { paths } = said
  return {
    ...said,
    ...looked,
    outside:
      paths === null || files === undefined
        ? null
        : files.map(({ path }) => path).filter((path) => !fitsOne(path, paths)),
    links: [
      ...(landed ? [{ what: 'the proof of its landing', command: `gt mq receipt ${id}` }] : []),
      { what: 'where it is, and what it went through', command: `gt mq show ${id}` },
      { what: 'what led to it', command: `gt why ${bead.id}` },
      { what: 'what it cost', command: `gt why ${bead.id} --cost` },
    ],
  }
}

async function changeOf(
  repositories: Pick<Repositories, 'showChange'> | null,
  rig: string,
  base: string | null,
  head: string,
): Promise<Pick<Packet, 'change' | 'changeWhy'>> {
  const none = (changeWhy: string) => ({ change: null, changeWhy })
  if (repositories === null) return none('The town is not up, so nobody can look into the repository.')
  if (base === null) return none('Nothing is known yet of the target.')
  try {
    return { change: await repositories.showChange({ rig, base, head }), changeWhy: null }
  } catch (error) {
    if (error instanceof RepositoryError) return none(error.message)
    throw error
  }
}

function reviewOf({ sessions }: Projections, row: ReviewRow): PacketReview {
  const session = row.session === null ? undefined : sessions.rows.bySession.get(row.session)
  const { input, output, cacheRead, cacheWrite } = session?.tokens ?? NO_TOKENS
  return {
    ...structuredClone(row),
    tokens: input + output + cacheRead + cacheWrite,
    costUsd: session?.costUsd ?? null,
  }
}
const NO_TOKENS = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }

/** Results of the gates of the last run that says something of it. */
async function gatesOf(town: Pick<TownHandle, 'log'>, row: MergeRow): Promise<PacketGate[]> {
  for (const { seq, state } of row.history.toReversed()) {
    if (!GATED.has(state)) continue
    const record = await recordAt(town, seq)
    const results = record?.facts
      .filter(({ mergeRequest }) => mergeRequest === row.address)
      .map(resultsIn)
      .find((each) => each !== null)
    if (results != null) return results.map(({ logTail: _logTail, ...gate }) => gate)
  }
  return []
}

function resultsIn({ results, receipt }: AnyFact): readonly GateResultData[] | null {
  const of = results ?? (receipt as { gates?: unknown } | undefined)?.gates
  // Facts have their shape: they were parsed when they were written.
  return Array.isArray(of) ? (of as unknown as GateResultData[]) : null
}

function testsIn(gates: readonly PacketGate[]): Tests | null {
  const counted = gates.flatMap(({ tests }) => (tests === undefined ? [] : [tests]))
  if (counted.length === 0) return null
  const sum = (of: (one: (typeof counted)[number]) => number) =>
    counted.reduce((all, one) => all + of(one), 0)
  return {
    ran: sum(({ ran }) => ran),
    red: sum(({ red }) => red.length),
    skipped: sum(({ skipped }) => skipped),
  }
}

/** One for each submission, as far back as the row knows. */
function attemptsOf(row: MergeRow): Said['attempts'] {
  const found: { at: string; outcome: string; reason: string | null }[] = []
  for (const { at, state, note } of row.history) {
    const last = found.at(-1)
    if (last === undefined || (state === 'queued' && note === null)) {
      found.push({ at, outcome: state, reason: note })
      continue
    }
    last.outcome = state
    // It goes on: what it waited for is over.
    last.reason = note
  }
  const last = found.at(-1)
  if (last !== undefined) last.reason = row.reason?.message ?? last.reason
  return found.map((one, n) => ({ n: row.attempts - found.length + 1 + n, ...one }))
}
