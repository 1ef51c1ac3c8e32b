// Beads: what each one is, where it stands, and what it waits for.
//
// Owns:      what each fact does to a bead's row.
// Does not:  keep long texts: rows point to the record that holds them.
// Always:    a status and a stage are those of the table in SPEC.md (PR-4).

import { OVERSEER, refineryOf, saidBy, sandboxOfSession } from '../events/address.ts'
import type { WaitingFor } from '../events/define.ts'
import type { LogRecord } from '../events/index.ts'
import {
  type BeadRow,
  type BeadRows,
  change,
  DERIVED_PARTS,
  emptyBeadRows,
  insert,
  isClosed,
  noWaits,
  rebuildIndexes,
  setNeeds,
} from './bead-rows.ts'
import { isAside, isAtForge, isInReview } from './merge-queue.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export type { BeadRow, BeadRows, BeadStatus } from './bead-rows.ts'

export const createBeads = (): Projection<BeadRows> =>
  projection({
    name: 'beads',
    version: 4,
    empty: emptyBeadRows,
    handlers,
    derived: { parts: DERIVED_PARTS, rebuild: rebuildIndexes },
  })

/** The last ones are kept; older ones are found by the bead's history. */
const COMMENTS_MAX = 100

const description: Handlers<BeadRows> = {
  BeadCreated: (rows, fact, { at, by, seq }) => {
    insert(rows, {
      id: fact.bead,
      title: fact.title,
      type: fact.beadType,
      status: 'open',
      stage: 'none',
      stageSince: at,
      waitingFor: null,
      priority: fact.priority,
      rig: fact.rig,
      assignee: null,
      labels: [...fact.labels],
      needs: [...fact.needs],
      openNeeds: fact.needs.filter((need) => !isClosed(rows, need)),
      parent: fact.parent,
      createdAt: at,
      createdBy: by,
      orderedBy: null,
      updatedAt: at,
      closedAt: null,
      closeReason: null,
      reason: null,
      commit: null,
      mergeRequest: null,
      sandbox: null,
      session: null,
      attempt: 0,
      descriptionSeq: fact.description === '' ? null : seq,
      commentSeqs: [],
      waits: noWaits(),
    })
    return true
  },
  BeadUpdated: (rows, fact, { at, seq }) =>
    change(rows, fact.bead, at, (row) => {
      if (fact.title !== undefined) row.title = fact.title
      if (fact.beadType !== undefined) row.type = fact.beadType
      if (fact.priority !== undefined) row.priority = fact.priority
      if (fact.labels !== undefined) row.labels = [...fact.labels]
      if (fact.description !== undefined) row.descriptionSeq = fact.description === '' ? null : seq
    }),
  AgentDone: (rows, { bead, evidence }, { at, seq }) => {
    if (bead === null || (evidence === undefined && rows.byId.get(bead)?.evidenceSeq === undefined))
      return false
    return change(rows, bead, at, (row) => {
      if (evidence === undefined) delete row.evidenceSeq
      else row.evidenceSeq = seq
    })
  },
  BeadCommented: (rows, { bead }, { at, seq }) =>
    change(rows, bead, at, (row) => {
      row.commentSeqs.push(seq)
      if (row.commentSeqs.length > COMMENTS_MAX) row.commentSeqs.shift()
    }),
}

const needs: Handlers<BeadRows> = {
  BeadNeedAdded: (rows, { bead, need }, { at }) =>
    change(rows, bead, at, (row) => {
      if (!row.needs.includes(need)) setNeeds(rows, row, [...row.needs, need])
      if (!row.openNeeds.includes(need) && !isClosed(rows, need)) row.openNeeds.push(need)
    }),
  BeadNeedDropped: (rows, { bead, need }, { at }) =>
    change(rows, bead, at, (row) => {
      setNeeds(
        rows,
        row,
        row.needs.filter((id) => id !== need),
      )
      row.openNeeds = row.openNeeds.filter((id) => id !== need)
    }),
  BeadNeedsChanged: (rows, { bead, open }, { at }) => {
    const row = rows.byId.get(bead)
    if (row === undefined || sameList(row.openNeeds, open)) return false
    return change(rows, bead, at, () => {
      row.openNeeds = [...open]
    })
  },
}

const way: Handlers<BeadRows> = {
  BeadQueued: (rows, { bead, waitingFor }, { at, by }) =>
    change(rows, bead, at, (row) => {
      row.status = 'open'
      row.stage = 'queued'
      row.waits.recovery = null
      row.reason = null
      row.orderedBy = by
      // The queue's own record may come first in the same turn.
      if (waitingFor !== null) row.waits.place = { ...waitingFor }
    }),
  BeadUnqueued: (rows, { bead }, { at }) => change(rows, bead, at, leaveQueue),
  DispatchWaiting: (rows, { bead, waitingFor }, { at }) =>
    change(rows, bead, at, (row) => {
      if (row.status === 'open') row.waits.place = { ...waitingFor }
    }),
  DispatchStarted: (rows, { bead }, { at }) =>
    change(rows, bead, at, (row) => {
      row.waits.place = null
    }),
  DispatchWithdrawn: (rows, { bead }, { at }) => change(rows, bead, at, leaveQueue),
  BeadHooked: (rows, { bead, agent, sandbox }, { at }) =>
    change(rows, bead, at, (row) => {
      row.status = 'hooked'
      row.stage = 'working'
      row.assignee = agent
      row.sandbox = sandbox
      row.session = null
      row.reason = null
      forgetWaits(row)
    }),
  BeadUnhooked: (rows, { bead }, { at }) =>
    change(rows, bead, at, (row) => {
      if (row.status === 'closed') return
      free(row)
      row.waits.recovery = null
      row.waits.merge = null
      row.waits.rest = null
      // Blocked and deferred beads lose their worker and stay what they are.
      if (row.status === 'blocked' || row.status === 'deferred') return
      row.status = 'open'
      if (row.stage !== 'queued') row.stage = 'none'
    }),
  BeadStarted: (rows, { bead, agent, session, attempt }, { at }) =>
    change(rows, bead, at, (row) => {
      row.status = 'in_progress'
      row.stage = 'working'
      row.assignee = agent
      row.sandbox = sandboxOfSession(session)
      row.session = session
      row.attempt = attempt
      row.reason = null
      forgetWaits(row)
    }),
  RecoveryScheduled: (rows, { bead, sandbox }, { at }) =>
    change(rows, bead, at, (row) => {
      row.waits.recovery = { kind: 'recovery', id: sandbox, since: at }
    }),
  // Between its hooks: it goes back into the queue by itself.
  RedispatchGranted: (rows, { bead, agent, waitMs }, { at }) =>
    change(rows, bead, at, (row) => {
      if (waitMs > 0) row.waits.recovery = { kind: 'recovery', id: agent, since: at }
    }),
  RedispatchDropped: (rows, { bead }, { at }) => change(rows, bead, at, noRecovery),
  AttemptBegun: (rows, { bead }, { at }) =>
    change(rows, bead, at, (row) => {
      row.waits.recovery = null
      row.waits.rest = null
    }),
  SandboxParked: (rows, { bead }, { at }) => change(rows, bead, at, noRecovery),
  BeadSubmitted: (rows, { bead }, { at }) =>
    change(rows, bead, at, (row) => {
      row.status = 'in_progress'
      row.stage = 'submitted'
      row.waits.recovery = null
      // Handed to the Refinery at once, for nobody has to work on it: who made it ordered it.
      row.orderedBy ??= row.createdBy
    }),
  BeadTesting: (rows, { bead, mergeRequest }, { at }) =>
    change(rows, bead, at, (row) => {
      row.status = 'in_progress'
      row.stage = 'testing'
      row.mergeRequest = mergeRequest
    }),
  BeadReworked: (rows, { bead }, { at }) =>
    change(rows, bead, at, (row) => {
      row.status = 'in_progress'
      row.stage = 'working'
      row.waits.merge = null
    }),
}

const rest: Handlers<BeadRows> = {
  BudgetReached: ({ spent }, { scope, id }) => {
    spent.add(scopeOf(scope, id))
    return true
  },
  BudgetLifted: ({ spent }, { scope, id }) => spent.delete(scopeOf(scope, id)),
  SandboxPaused: (rows, { bead, reason }, { at }) =>
    change(rows, bead, at, (row) => {
      if (reason === 'estop') row.waits.rest = { kind: 'thaw', id: 'town', since: at }
      const budget = reason === 'budget' ? spentFor(rows, row) : undefined
      if (budget !== undefined) row.waits.rest = { kind: 'budget', id: budget, since: at }
    }),
}

const scopeOf = (scope: string, id: string): string => (scope === 'town' ? 'town' : `${scope} ${id}`)

const spentFor = ({ spent }: BeadRows, { id, rig, assignee }: BeadRow): string | undefined =>
  ['town', `rig ${rig}`, `bead ${id}`, `agent ${assignee}`].find((scope) => spent.has(scope))

const landing: Handlers<BeadRows> = {
  MergeRequested: (rows, { bead, mergeRequest }, { at }) =>
    change(rows, bead, at, (row) => {
      row.mergeRequest = mergeRequest
      row.waits.merge = null
    }),
  MergeWaiting: (rows, { bead, code }, { at }) =>
    change(rows, bead, at, (row) => {
      if (row.waits.merge?.id === code) return
      row.waits.merge = { kind: waitsFor(code), id: code, since: at }
    }),
  MergeBuilding: (rows, { bead }, record) => noMergeWait(rows, bead, record),
  MergeTesting: (rows, { bead }, record) => noMergeWait(rows, bead, record),
  MergeLanding: (rows, { bead }, record) => noMergeWait(rows, bead, record),
  MergeRequeued: (rows, { bead }, record) => noMergeWait(rows, bead, record),
  MergeConflicted: (rows, { bead }, record) => noMergeWait(rows, bead, record),
  MergeFailed: (rows, { bead }, record) => noMergeWait(rows, bead, record),
  MergeRejected: (rows, { bead }, record) => noMergeWait(rows, bead, record),
  MergeLanded: (rows, { bead }, record) => noMergeWait(rows, bead, record),
  LandingResumed: (rows, { rig }, record) => {
    const working = [...(rows.byStatus.get('in_progress') ?? [])]
    const ofRig = working.filter((id) => {
      const row = rows.byId.get(id)
      const by = saidBy(record.actor, rig)
      const isIts = row?.mergeRequest == null || refineryOf(row.mergeRequest) === by
      return row?.rig === rig && isIts && !isAside(row.waits.merge?.id ?? '')
    })
    return ofRig.filter((id) => noMergeWait(rows, id, record)).length > 0
  },
}

const ends: Handlers<BeadRows> = {
  BeadBlocked: (rows, { bead, reason }, { at }) =>
    change(rows, bead, at, (row) => {
      row.status = 'blocked'
      row.stage = 'none'
      row.reason = reason
      forgetWaits(row)
      row.waits.person = { kind: 'person', id: OVERSEER, since: at }
    }),
  BeadUnblocked: (rows, { bead }, { at }) =>
    change(rows, bead, at, (row) => {
      if (row.status !== 'blocked') return
      row.status = 'open'
      row.reason = null
      row.waits.person = null
      // A worker that tries again says so in the same record (BeadStarted).
      free(row)
    }),
  BeadDeferred: (rows, { bead, reason }, { at }) =>
    change(rows, bead, at, (row) => {
      row.status = 'deferred'
      row.stage = 'none'
      row.reason = reason
      free(row)
      forgetWaits(row)
    }),
  BeadLanded: (rows, { bead, agent, commit, mergeRequest }, { at }) =>
    change(rows, bead, at, (row) => {
      row.stage = 'landed'
      row.assignee = agent
      row.commit = commit
      row.mergeRequest = mergeRequest
      forgetWaits(row)
    }),
  BeadClosed: (rows, { bead, reason }, { at }) => {
    const closed = change(rows, bead, at, (row) => {
      row.status = 'closed'
      if (row.stage !== 'landed') row.stage = 'none'
      row.closedAt = at
      row.closeReason = reason
      row.reason = null
      forgetWaits(row)
    })
    for (const id of rows.dependents.get(bead) ?? []) needMet(rows, id, bead, at)
    return closed
  },
  BeadReopened: (rows, { bead }, { at }) => {
    const reopened = change(rows, bead, at, (row) => {
      row.status = 'open'
      row.stage = 'none'
      free(row)
      row.closedAt = null
      row.closeReason = null
      row.reason = null
      row.commit = null
      row.mergeRequest = null
      forgetWaits(row)
    })
    for (const id of rows.dependents.get(bead) ?? []) needOpen(rows, id, bead, at)
    return reopened
  },
}

const handlers: Handlers<BeadRows> = { ...description, ...needs, ...way, ...rest, ...landing, ...ends }

function leaveQueue(row: BeadRow): void {
  row.waits.place = null
  if (row.stage === 'queued') row.stage = 'none'
}

function free(row: BeadRow): void {
  row.assignee = null
  row.sandbox = null
  row.session = null
}

function noRecovery(row: BeadRow): void {
  row.waits.recovery = null
}

/** What a request to land waits for, by the code of its wait. */
function waitsFor(code: string): WaitingFor['kind'] {
  if (/^(APPROVAL_NEEDED|REVIEW_UNDECIDED|PULL_REVIEW|PULL_DRAFT)$/.test(code)) return 'person'
  return code.includes('GATE') || isAtForge(code) || isInReview(code) ? 'gate' : 'target'
}

const noMergeWait = (rows: BeadRows, bead: string, { at }: LogRecord): boolean =>
  rows.byId.get(bead)?.waits.merge != null &&
  change(rows, bead, at, (row) => {
    row.waits.merge = null
  })

/** All but the wait for needs, which follows from them. */
function forgetWaits(row: BeadRow): void {
  row.waits = { ...noWaits(), needSince: row.waits.needSince }
}

function needMet(rows: BeadRows, id: string, need: string, at: string): void {
  if (!rows.byId.get(id)?.openNeeds.includes(need)) return
  change(rows, id, at, (row) => {
    row.openNeeds = row.openNeeds.filter((open) => open !== need)
  })
}

function needOpen(rows: BeadRows, id: string, need: string, at: string): void {
  if (rows.byId.get(id)?.openNeeds.includes(need)) return
  change(rows, id, at, (row) => {
    row.openNeeds.push(need)
  })
}

const sameList = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((item, n) => item === right[n])
