import { describe, expect, test } from 'vitest'
import type { Fact } from '../../src/events/index.ts'
import { bead, beads, blockedBeads, dependentsOf, readyBeads } from '../../src/projections/bead-queries.ts'
import { createBeads } from '../../src/projections/beads.ts'
import { SAMPLES } from '../support/facts.ts'
import { History, timeOf } from '../support/records.ts'

const AGENT = 'shop/polecats/nux'
const {
  BeadCreated,
  BeadQueued,
  BeadUnqueued,
  DispatchWithdrawn,
  BeadHooked,
  BeadUnhooked,
  BeadStarted,
  BeadSubmitted,
  BeadTesting,
  BeadReworked,
  BeadBlocked,
  BeadUnblocked,
  BeadDeferred,
  BeadLanded,
  BeadClosed,
  BeadReopened,
} = SAMPLES

/** Rows after records of one bead; an array is the facts of one record. */
function after(...steps: (Fact | readonly Fact[])[]) {
  const history = new History()
  const fold = createBeads()
  for (const step of steps) {
    fold.apply(history.add('beads/sh-1', Array.isArray(step) ? step : [step as Fact], { by: 'overseer' }))
  }
  return fold.rows
}

const spent = { spentUsd: 2, spentTokens: 0, unpriced: 0, capUsd: 1, capTokens: null, until: null }

test('[PR-7] a bead whose work rests waits for its budget or for gt thaw, until its work goes on', () => {
  const { SandboxPaused, AttemptBegun } = SAMPLES
  const reached = (scope: 'rig' | 'bead', id: string): Fact => ({
    type: 'BudgetReached',
    scope,
    id,
    ...spent,
  })
  const pausedFor = (reason: 'town' | 'estop' | 'budget'): Fact => ({ ...SandboxPaused, reason })
  const waits = (...steps: Fact[]) => bead(after(...begun, ...steps), BeadCreated.bead)?.waitingFor
  const budget = [reached('rig', 'elsewhere'), reached('rig', BeadCreated.rig), pausedFor('budget')]
  expect(waits(...budget)).toMatchObject({ kind: 'budget', id: `rig ${BeadCreated.rig}` })
  expect(waits(reached('bead', BeadCreated.bead), pausedFor('budget'))).toMatchObject({
    kind: 'budget',
    id: `bead ${BeadCreated.bead}`,
  })
  expect(waits(pausedFor('estop'))).toMatchObject({ kind: 'thaw' })
  expect(waits(pausedFor('town'))).toBeNull()
  const lifted: Fact = { type: 'BudgetLifted', scope: 'rig', id: BeadCreated.rig, reason: 'raised' }
  expect(waits(...budget, lifted, AttemptBegun)).toBeNull()
})

const begun = [BeadCreated, BeadQueued, BeadHooked, BeadStarted] as const
const tested = [...begun, BeadSubmitted, BeadTesting] as const

describe('a bead', () => {
  test.each<[string, readonly (Fact | readonly Fact[])[], string, string, string | null]>([
    ['BeadCreated', [BeadCreated], 'open', 'none', null],
    ['BeadQueued', [BeadCreated, BeadQueued], 'open', 'queued', null],
    ['BeadUnqueued', [BeadCreated, BeadQueued, BeadUnqueued], 'open', 'none', null],
    ['DispatchWithdrawn', [BeadCreated, BeadQueued, DispatchWithdrawn], 'open', 'none', null],
    ['BeadHooked', [BeadCreated, BeadQueued, BeadHooked], 'hooked', 'working', AGENT],
    ['BeadStarted', begun, 'in_progress', 'working', AGENT],
    ['BeadSubmitted', [...begun, BeadSubmitted], 'in_progress', 'submitted', AGENT],
    ['BeadTesting', tested, 'in_progress', 'testing', AGENT],
    ['BeadReworked', [...tested, BeadReworked], 'in_progress', 'working', AGENT],
    ['BeadUnhooked', [...begun, BeadUnhooked], 'open', 'none', null],
    ['BeadBlocked', [...begun, BeadBlocked], 'blocked', 'none', AGENT],
    ['BeadBlocked, then BeadUnhooked', [...begun, BeadBlocked, BeadUnhooked], 'blocked', 'none', null],
    ['BeadUnblocked', [...begun, BeadBlocked, BeadUnblocked], 'open', 'none', null],
    [
      'BeadUnblocked and BeadStarted',
      [...begun, BeadBlocked, [BeadUnblocked, BeadStarted]],
      'in_progress',
      'working',
      AGENT,
    ],
    ['BeadDeferred', [...begun, BeadDeferred], 'deferred', 'none', null],
    ['BeadQueued after BeadDeferred', [BeadCreated, BeadDeferred, BeadQueued], 'open', 'queued', null],
    ['BeadLanded and BeadClosed', [...tested, [BeadLanded, BeadClosed]], 'closed', 'landed', AGENT],
    ['BeadClosed alone', [BeadCreated, BeadClosed], 'closed', 'none', null],
    ['BeadReopened', [...tested, [BeadLanded, BeadClosed], BeadReopened], 'open', 'none', null],
  ])(
    '[PR-5] after %s has status, stage and assignee of the table',
    (_name, steps, status, stage, assignee) => {
      expect(bead(after(...steps), 'sh-1')).toMatchObject({ status, stage, assignee })
    },
  )

  test('[PR-5] keeps who made it, who ordered it, what landed it and when', () => {
    const row = bead(after(...tested, [BeadLanded, BeadClosed]), 'sh-1')
    expect(row).toMatchObject({
      title: 'Add a cart',
      type: 'feature',
      createdBy: 'overseer',
      createdAt: timeOf(1),
      orderedBy: 'overseer',
      closedAt: timeOf(7),
      closeReason: 'landed',
      commit: BeadLanded.commit,
      mergeRequest: 'shop/merge-requests/sh-1',
      sandbox: 'shop/polecats/nux/sandboxes/1',
      attempt: 1,
    })
  })

  test('[PR-5] opened again has forgotten its landing', () => {
    const row = bead(after(...tested, [BeadLanded, BeadClosed], BeadReopened), 'sh-1')
    expect(row).toMatchObject({
      closedAt: null,
      closeReason: null,
      commit: null,
      sandbox: null,
      mergeRequest: null,
    })
  })

  test('[PR-9] points to the records of its description and comments and holds neither', () => {
    const { BeadCommented, BeadUpdated } = SAMPLES
    const row = bead(
      after(BeadCreated, BeadCommented, { ...BeadUpdated, description: 'Another' }, BeadCommented),
      'sh-1',
    )
    expect(row).toMatchObject({ descriptionSeq: 3, commentSeqs: [2, 4] })
    expect(JSON.stringify(row)).not.toMatch(/Another|Long text|please look/)
    const without = bead(after({ ...BeadCreated, description: '' }), 'sh-1')
    expect(without?.descriptionSeq).toBeNull()
  })
})

describe('what a bead waits for', () => {
  const needing = { ...BeadCreated, needs: ['sh-2', 'sh-3'] }
  const place = { kind: 'place', id: 'shop', since: timeOf(2) } as const
  const wait = (...steps: Fact[]) => bead(after(...steps), 'sh-1')?.waitingFor ?? null

  test('[PR-7] is its first open need, slung or not', () => {
    const need = { kind: 'bead', id: 'sh-2', since: timeOf(1) }
    expect(wait(needing)).toEqual(need)
    expect(
      wait(needing, { ...BeadQueued, waitingFor: { kind: 'bead', id: 'sh-2', since: timeOf(2) } }),
    ).toEqual(need)
    expect(wait(needing, { ...SAMPLES.BeadNeedsChanged, open: ['sh-3'] })).toMatchObject({
      id: 'sh-3',
      since: timeOf(2),
    })
    expect(wait(needing, { ...SAMPLES.BeadNeedsChanged, open: [] })).toBeNull()
  })

  test('[PR-7] is a place while the queue says so, until it is hooked', () => {
    const waiting = { ...SAMPLES.DispatchWaiting, waitingFor: place }
    expect(wait(BeadCreated, BeadQueued)).toBeNull()
    expect(wait(BeadCreated, BeadQueued, waiting)).toEqual(place)
    expect(wait(BeadCreated, waiting, BeadQueued), 'the queue may speak first').toEqual(place)
    expect(wait(BeadCreated, BeadQueued, waiting, BeadUnqueued)).toBeNull()
    expect(wait(BeadCreated, BeadQueued, waiting, BeadHooked)).toBeNull()
  })

  test('[PR-7] is no need that was met since the queue named it', () => {
    const waiting = {
      ...SAMPLES.DispatchWaiting,
      waitingFor: { kind: 'bead', id: 'sh-2', since: timeOf(2) },
    } as const
    expect(wait(needing, BeadQueued, waiting, { ...SAMPLES.BeadNeedsChanged, open: [] })).toBeNull()
  })

  test('[PR-7] is its recovery, until the next attempt', () => {
    const { RecoveryScheduled, AttemptBegun } = SAMPLES
    const recovery = { kind: 'recovery', id: RecoveryScheduled.sandbox, since: timeOf(5) }
    expect(wait(...begun, RecoveryScheduled)).toEqual(recovery)
    expect(wait(...begun, RecoveryScheduled, AttemptBegun)).toBeNull()
  })

  test('[PR-7] [DEACON-7] is its recovery while it goes back into the queue by itself later', () => {
    const { RedispatchGranted } = SAMPLES
    const again = [...begun, BeadUnhooked, RedispatchGranted]
    expect(wait(...again)).toEqual({ kind: 'recovery', id: RedispatchGranted.agent, since: timeOf(6) })
    expect(wait(...again, BeadQueued)).toBeNull()
    expect(wait(...begun, BeadUnhooked, { ...RedispatchGranted, waitMs: 0 })).toBeNull()
  })

  test('[PR-7] is a gate or the target while its landing waits, with the code as id', () => {
    const { MergeWaiting, MergeBuilding } = SAMPLES
    expect(wait(...tested, MergeWaiting)).toEqual({ kind: 'gate', id: 'RIG_HAS_NO_GATE', since: timeOf(7) })
    expect(wait(...tested, { ...MergeWaiting, code: 'TARGET_CHECKED_OUT_DIRTY' })?.kind).toBe('target')
    expect(wait(...tested, MergeWaiting, MergeWaiting)?.since, 'the same wait goes on').toBe(timeOf(7))
    expect(wait(...tested, MergeWaiting, MergeBuilding)).toBeNull()
    expect(wait(...tested, MergeWaiting, SAMPLES.LandingResumed)).toBeNull()
  })

  test('[PR-7] is a person before anything else when it is blocked', () => {
    expect(wait(...begun, BeadBlocked)).toEqual({ kind: 'person', id: 'overseer', since: timeOf(5) })
    expect(wait(needing, BeadBlocked)?.kind).toBe('person')
    expect(wait(...begun, BeadBlocked, BeadUnblocked)).toBeNull()
  })
})

describe('lists of beads', () => {
  const made = (id: string, priority: number, needs: string[] = []) => ({
    ...BeadCreated,
    bead: id,
    priority,
    needs,
  })

  test('[PR-8] are ordered by priority, then by age', () => {
    const rows = after(made('sh-3', 2), made('sh-1', 1), made('sh-2', 1), made('sh-4', 0))
    expect(beads(rows).map(({ id }) => id)).toEqual(['sh-4', 'sh-1', 'sh-2', 'sh-3'])
    expect(beads(rows, { limit: 2 }).map(({ id }) => id)).toEqual(['sh-4', 'sh-1'])
  })

  test('[PR-8] hold what fits every filter', () => {
    const rows = after(
      made('sh-1', 1),
      { ...made('sh-2', 1), rig: 'web', title: 'Pay' },
      { ...made('sh-3', 1), parent: 'sh-1' },
    )
    const ids = (filter: Parameters<typeof beads>[1]) => beads(rows, filter).map(({ id }) => id)
    expect(ids({ rig: 'web' })).toEqual(['sh-2'])
    expect(ids({ parent: 'sh-1' })).toEqual(['sh-3'])
    expect(ids({ text: 'PAY' })).toEqual(['sh-2'])
    expect(ids({ label: 'ui', rig: 'shop' })).toEqual(['sh-1', 'sh-3'])
    expect(ids({ since: timeOf(2) })).toEqual(['sh-2', 'sh-3'])
    expect(ids({ status: ['closed', 'hooked'] })).toEqual([])
    expect(ids({ type: 'bug' })).toEqual([])
    expect(ids({ assignee: AGENT })).toEqual([])
  })

  test('[PR-6] of ready and blocked beads follow needs as they close and open again', () => {
    const two = [made('sh-1', 1), made('sh-2', 1, ['sh-1'])]
    const close = { ...BeadClosed, bead: 'sh-1' }
    const ids = (rows: ReturnType<typeof after>) => [
      readyBeads(rows).map(({ id }) => id),
      blockedBeads(rows).map(({ id }) => id),
    ]
    expect(ids(after(...two))).toEqual([['sh-1'], ['sh-2']])
    expect(ids(after(...two, close))).toEqual([['sh-2'], []])
    expect(ids(after(...two, close, { ...BeadReopened, bead: 'sh-1' }))).toEqual([['sh-1'], ['sh-2']])
    expect(ids(after(...two, { ...BeadQueued, bead: 'sh-1' }))).toEqual([[], ['sh-2']])
    expect(dependentsOf(after(...two), 'sh-1').map(({ id }) => id)).toEqual(['sh-2'])
    const dropped = after(...two, { ...SAMPLES.BeadNeedDropped, bead: 'sh-2', need: 'sh-1' })
    expect([ids(dropped), dependentsOf(dropped, 'sh-1')]).toEqual([[['sh-1', 'sh-2'], []], []])
  })
})
