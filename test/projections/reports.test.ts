import { describe, expect, test } from 'vitest'
import { type Fact, MESSAGE_TYPES } from '../../src/events/index.ts'
import { createCosts } from '../../src/projections/costs.ts'
import { createCvs, cv, cvs } from '../../src/projections/cvs.ts'
import { createDispatch, dispatchQueue, queuedBead } from '../../src/projections/dispatch.ts'
import { createEscalations, escalation, escalations } from '../../src/projections/escalations.ts'
import { createFeed, feed, feedItems } from '../../src/projections/feed.ts'
import { createMail, mail } from '../../src/projections/mail.ts'
import {
  createMergeQueue,
  mergeCounts,
  mergeQueue,
  mergeRequestAt,
  mergeRequests,
  mergeRequestsNamed,
} from '../../src/projections/merge-queue.ts'
import type { Projection } from '../../src/projections/types.ts'
import { gate, SAMPLES } from '../support/facts.ts'
import { anyRecord, History, record, timeOf } from '../support/records.ts'

const NUX = 'shop/polecats/nux'

/** One record for each fact, at timeOf(1), timeOf(2), ... */
function after<Rows>(fold: Projection<Rows>, ...facts: Fact[]): Rows {
  const history = new History()
  for (const fact of facts) fold.apply(history.add('town', [fact]))
  return fold.rows
}

describe('the dispatch queue', () => {
  const { DispatchQueued, DispatchWaiting, DispatchStarted, DispatchWithdrawn } = SAMPLES

  test('[PR-13] is ordered by priority, then by arrival', () => {
    const fold = createDispatch()
    const history = new History()
    for (const [bead, priority] of [
      ['sh-1', 2],
      ['sh-2', 1],
      ['sh-3', 2],
      ['sh-4', 1],
    ] as const) {
      const message = { type: 'dispatch.request', priority }
      fold.apply(history.add('mayor', [{ ...DispatchQueued, bead }], { message }))
    }
    expect(dispatchQueue(fold.rows, { rig: 'shop' }).map(({ bead }) => bead)).toEqual([
      'sh-2',
      'sh-4',
      'sh-1',
      'sh-3',
    ])
  })

  test('[PR-13] says of a need before a place, whichever owner of the turn speaks first', () => {
    const need = { kind: 'bead', id: 'sh-2', since: timeOf(1) } as const
    const queued = { ...SAMPLES.BeadQueued, waitingFor: need }
    const wait = (...facts: Fact[]) => queuedBead(after(createDispatch(), ...facts), 'sh-1')?.waitingFor
    expect(wait(queued, DispatchQueued)).toEqual(need)
    expect(wait(DispatchQueued, queued)).toEqual(need)
    const met = { ...SAMPLES.BeadNeedsChanged, open: [] }
    expect(wait(DispatchQueued, queued, met)).toBeNull()
    expect(wait(DispatchQueued, queued, met, DispatchWaiting)?.kind).toBe('place')
    const again = { ...SAMPLES.BeadNeedsChanged, open: ['sh-3'] }
    expect(wait(DispatchQueued, DispatchWaiting, again)).toEqual({
      kind: 'bead',
      id: 'sh-3',
      since: timeOf(3),
    })
  })

  test('[PR-13] holds a bead with the reason of its wait until it is started or withdrawn', () => {
    expect(queuedBead(after(createDispatch(), DispatchQueued, DispatchWaiting), 'sh-1')).toMatchObject({
      queuedAt: timeOf(1),
      waitingFor: { kind: 'place', id: 'shop' },
    })
    for (const end of [DispatchStarted, DispatchWithdrawn])
      expect(dispatchQueue(after(createDispatch(), DispatchQueued, end))).toEqual([])
  })
})

describe('a merge request', () => {
  const { MergeRequested, MergeBuilding, MergeTesting, MergeLanding, MergeLanded } = SAMPLES
  const { MergeWaiting, MergeFailed, MergeConflicted, MergeRequeued } = SAMPLES
  const one = (...facts: Fact[]) =>
    mergeRequestAt(after(createMergeQueue(), MergeRequested, ...facts), MergeRequested.mergeRequest)

  test('[PR-14] goes from queued to landed', () => {
    const way: readonly [Fact, string][] = [
      [MergeBuilding, 'building'],
      [MergeTesting, 'testing'],
      [MergeLanding, 'landing'],
      [MergeLanded, 'landed'],
      [MergeWaiting, 'waiting'],
      [MergeFailed, 'failed'],
      [MergeConflicted, 'conflicted'],
      [MergeRequeued, 'queued'],
    ]
    expect(one()).toMatchObject({
      id: 'sh-1',
      rig: 'shop',
      worker: NUX,
      target: 'main',
      state: 'queued',
      attempts: 1,
    })
    for (const [fact, state] of way) expect(one(fact)?.state).toBe(state)
    expect(one(...way.map(([fact]) => fact))?.history.map(({ state }) => state)).toEqual([
      'queued',
      ...way.map(([, state]) => state),
    ])
  })

  test('[P8] [PR-14] that landed keeps its receipt without the logs of its gates', () => {
    const receipt = one(MergeTesting, { ...MergeLanded, attempts: 2 })
    expect(receipt).toMatchObject({ attempts: 2, landedAt: MergeLanded.receipt.landedAt })
    expect(receipt?.receipt).toEqual({
      ...MergeLanded.receipt,
      gates: [{ name: 'test', command: ['npm', 'test'], exitCode: 0, durationMs: 120, outcome: 'passed' }],
      seq: 3,
    })
  })

  test('[PR-14] that failed keeps the end of what the gate printed, through the next try', () => {
    const results = [{ ...gate, command: ['npm', 'test'], logTail: `${'x'.repeat(9_000)}the end` }]
    const failed = one({ ...MergeFailed, results }, { ...MergeRequested, attempt: 2 })
    expect(failed).toMatchObject({ state: 'queued', attempts: 2, reason: null })
    expect(failed?.failure).toMatchObject({ gate: 'test', exitCode: 1, seq: 2 })
    expect(failed?.failure?.logTail).toMatch(/x{2041}the end$/)
    expect(failed?.failure?.logTail).toHaveLength(2_048)
  })

  test('[PR-14] that conflicts says in which files, and one that waits says why', () => {
    expect(one(MergeConflicted)?.conflictFiles).toEqual(['a.ts', 'b.ts', 'c.ts', 'd.ts'])
    expect(one(MergeWaiting)?.reason).toEqual({ code: 'RIG_HAS_NO_GATE', message: 'no gate is set' })
  })

  test('[PR-14] goes on where it was held when landing resumes', () => {
    const { LandingResumed } = SAMPLES
    expect(one(MergeBuilding, MergeTesting, MergeLanding, MergeWaiting, LandingResumed)).toMatchObject({
      state: 'landing',
      reason: null,
    })
    expect(one(MergeWaiting, LandingResumed)).toMatchObject({ state: 'queued', reason: null })
    expect(one(MergeWaiting, { ...LandingResumed, rig: 'web' })?.state).toBe('waiting')
    // It was set aside by itself: that others go on says nothing of it.
    for (const code of ['APPROVAL_NEEDED', 'TARGET_FROZEN'])
      expect(one({ ...MergeWaiting, code }, LandingResumed)?.state).toBe('waiting')
  })

  test('[PR-14] is found by a name that another rig may use as well', () => {
    const web = { rig: 'web', mergeRequest: 'web/merge-requests/sh-1' }
    const rows = after(createMergeQueue(), MergeRequested, { ...MergeRequested, ...web })
    const rigsOf = (name: string) => mergeRequestsNamed(rows, name).map(({ rig }) => rig)
    expect(rigsOf('sh-1')).toEqual(['shop', 'web'])
    expect(rigsOf('web/sh-1')).toEqual(['web'])
    expect(rigsOf(web.mergeRequest)).toEqual(['web'])
    expect(rigsOf('sh-9')).toEqual([])
  })

  test('[PR-14] stands in line until it landed or went back', () => {
    const other = { mergeRequest: 'shop/merge-requests/sh-2', bead: 'sh-2' }
    const rows = after(createMergeQueue(), MergeRequested, { ...MergeRequested, ...other }, MergeLanded)
    expect(mergeQueue(rows, 'shop').map(({ id }) => id)).toEqual(['sh-2'])
    expect(mergeRequests(rows, { state: 'landed' }).map(({ id }) => id)).toEqual(['sh-1'])
    expect(mergeRequests(rows, { limit: 1 }).map(({ id }) => id)).toEqual(['sh-1'])
    expect(mergeCounts(rows)).toMatchObject({ landed: 1, queued: 1 })
    expect(mergeRequestAt(rows, other.mergeRequest)?.bead).toBe('sh-2')
  })
})

describe('the feed', () => {
  const all = Object.values(SAMPLES).map((fact, n) => record(n + 1, 'shop/refinery', [fact], { by: NUX }))

  test('[PR-16] uses no more nouns of our own than five', () => {
    const others =
      /\b(witness|mayor|deacon|overseer|sandbox|session|hook(ed|s)?|merge request|dispatch|convoy|sling|slung|escalat|mol|formula|crew|dog|receipt)\b/i
    for (const { summary } of all.flatMap(feedItems)) expect(summary).not.toMatch(others)
  })

  test('[PR-16] says one line in one sentence of at most 300 characters', () => {
    for (const { summary } of all.flatMap(feedItems)) expect(summary).toMatch(/^\S[^\n\r\t]{5,299}$/)
    const long = { ...SAMPLES.BeadCommented, text: `\u001b[31m${'word '.repeat(2_000)}` }
    const [item] = feedItems(record(1, 'beads/sh-1', [long]))
    expect(item?.summary).toHaveLength(300)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is the point
    expect(item?.summary).not.toMatch(/[\u0000-\u001f]/)
  })

  test('[PR-16] names who, what and where', () => {
    const items = feedItems(
      record(7, 'beads/sh-1', [SAMPLES.BeadLanded, SAMPLES.BeadClosed], { by: 'shop/witness' }),
    )
    expect(items).toEqual([
      {
        seq: 7,
        at: timeOf(7),
        type: 'BeadLanded',
        actor: 'beads/sh-1',
        by: 'shop/witness',
        summary: 'bead sh-1 by polecat nux has landed as aaaaaaa',
        bead: 'sh-1',
      },
    ])
    expect(feedItems(record(8, 'rigs/shop', [SAMPLES.RigReady]))[0]?.rig).toBe('shop')
  })

  test('[PR-16] does not call it a problem when a process ends that was told to', () => {
    const ended = record(1, SAMPLES.SessionEnded.session, [SAMPLES.SessionEnded])
    expect(feedItems(ended)).toMatchObject([{ problem: true }])
    expect(feedItems({ ...ended, from: 'stopping' })).toEqual([])
  })

  test('[PR-16] is silent about facts that another one of the turn tells, and about unknown ones', () => {
    for (const fact of [
      SAMPLES.PolecatHooked,
      SAMPLES.DispatchStarted,
      SAMPLES.WorkSubmitted,
      SAMPLES.PlaceFreed,
    ])
      expect(feedItems(record(1, 'town', [fact]))).toEqual([])
    expect(feedItems(anyRecord(1, 'town', [{ type: 'BeadTeleported', bead: 'sh-1' }]))).toEqual([])
  })

  test('[PR-16] keeps the last 1,000 and finds them by what they are about', () => {
    const fold = createFeed()
    const history = new History()
    for (let n = 0; n < 1_200; n++)
      fold.apply(history.add('beads/sh-1', [{ ...SAMPLES.BeadCommented, bead: `sh-${n}` }]))
    fold.apply(history.add('rigs/shop', [SAMPLES.RigFailed]))
    const items = feed(fold.rows)
    expect([items.length, items[0]?.bead, items.at(-1)?.type]).toEqual([1_000, 'sh-201', 'RigFailed'])
    expect(feed(fold.rows, { problems: true })).toHaveLength(1)
    expect(feed(fold.rows, { limit: 3 }).map(({ seq }) => seq)).toEqual([1_199, 1_200, 1_201])
    expect(feed(fold.rows, { after: 1_200, rig: 'shop' })).toHaveLength(1)
    expect(feed(fold.rows, { bead: 'sh-300' })).toHaveLength(1)
    expect(feed(fold.rows, { since: timeOf(1_201), actor: 'rigs/shop' })).toHaveLength(1)
  })
})

describe('mail', () => {
  const protocol = MESSAGE_TYPES.filter((type) => /^[A-Z_]+$/.test(type))

  test.each(protocol)('[PR-17] holds %s from the one who caused it to the one who got it', (type) => {
    const fold = createMail()
    const from = `${NUX}/sandboxes/1`
    fold.apply(anyRecord(5, 'shop/witness', [], { by: from, message: { type, bead: 'sh-1', head: 'long' } }))
    expect(mail(fold.rows, { agent: NUX })).toEqual([
      { seq: 5, at: timeOf(5), from: NUX, to: 'shop/witness', subject: `${type} sh-1`, bead: 'sh-1' },
    ])
  })

  test('[PR-17] holds escalations as mail to the overseer, and no other message', () => {
    const fold = createMail()
    fold.apply(record(1, 'mayor', [SAMPLES.EscalationRaised], { message: { type: 'escalation.raise' } }))
    fold.apply(
      record(2, 'beads/sh-1', [SAMPLES.BeadHooked], { message: { type: 'bead.hook', bead: 'sh-1' } }),
    )
    expect(mail(fold.rows)).toEqual([
      { seq: 1, at: timeOf(1), from: NUX, to: 'overseer', subject: 'ATTEMPTS_USED_UP: stuck', bead: 'sh-1' },
    ])
  })

  test('[PR-17] keeps the last 5,000', () => {
    const fold = createMail()
    for (let seq = 1; seq <= 5_010; seq++)
      fold.apply(anyRecord(seq, 'shop/refinery', [], { message: { type: 'MERGE_READY', bead: 'sh-1' } }))
    expect([mail(fold.rows).length, mail(fold.rows)[0]?.seq]).toEqual([5_000, 11])
    expect(mail(fold.rows, { to: 'shop/refinery', limit: 2 }).map(({ seq }) => seq)).toEqual([5_009, 5_010])
  })
})

describe('escalations', () => {
  test('[PR-18] wait from the fact that raised them to the fact that closed them', () => {
    const { EscalationRaised, EscalationClosed } = SAMPLES
    const second = { ...EscalationRaised, id: 'e2', bead: null }
    const rows = after(createEscalations(), EscalationRaised, second)
    expect(escalations(rows).map(({ id }) => id)).toEqual(['e1', 'e2'])
    expect(escalations(rows, { bead: 'sh-1' }).map(({ id }) => id)).toEqual(['e1'])
    expect(escalation(rows, 'e1')).toMatchObject({ code: 'ATTEMPTS_USED_UP', since: timeOf(1), agent: NUX })
    expect(escalations(after(createEscalations(), EscalationRaised, second, EscalationClosed))).toHaveLength(
      1,
    )
  })
})

describe('a CV', () => {
  const { BeadCreated, BeadHooked, PolecatHooked, SessionStarted, WorkSubmitted, BeadReworked, BeadLanded } =
    SAMPLES
  const { PolecatReleased } = SAMPLES
  const used = createCosts().rows
  const first = [BeadCreated, BeadHooked, PolecatHooked, SessionStarted, WorkSubmitted]

  test('[PR-19] of a polecat that did nothing yet holds no rate and no time', () => {
    expect(cv(after(createCvs(), SAMPLES.PolecatNamed), used, NUX)).toEqual({
      agent: NUX,
      n: 0,
      completed: 0,
      failed: 0,
      reworked: 0,
      merged: 0,
      firstPassRate: null,
      medianMinutes: null,
      tokens: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
      costUsd: null,
      unpriced: 0,
      skills: {},
      models: {},
    })
  })

  test('[PR-19] counts a landing with its time, label and program, once', () => {
    expect(cv(after(createCvs(), ...first, BeadLanded, PolecatReleased), used, NUX)).toMatchObject({
      n: 1,
      completed: 1,
      failed: 0,
      merged: 1,
      firstPassRate: 1,
      medianMinutes: 4 / 60,
      skills: { ui: { n: 1, merged: 1 } },
      models: { claude: { n: 1, merged: 1 } },
    })
    expect(
      cv(after(createCvs(), ...first, PolecatReleased, BeadLanded), used, NUX),
      'released first',
    ).toMatchObject({
      failed: 0,
      merged: 1,
    })
  })

  test('[PR-19] holds what really ran, and what that used', () => {
    const { TokensUsed } = SAMPLES
    const other = { ...TokensUsed, model: 'm-2', costUsd: null }
    const facts = [...first, TokensUsed, other, BeadLanded, PolecatReleased]
    const found = cv(after(createCvs(), ...facts), after(createCosts(), ...facts), NUX)
    expect(found).toMatchObject({
      models: { 'm-1': { n: 1, merged: 1 }, 'm-2': { n: 1, merged: 1 } },
      tokens: { input: 2 * TokensUsed.input, cacheRead: 2 * TokensUsed.cacheRead },
      costUsd: 0.02,
      unpriced: 1,
    })
    expect(found?.models).not.toHaveProperty('claude')
  })

  test('[PR-19] says that work came back', () => {
    const rows = after(createCvs(), ...first, BeadReworked, WorkSubmitted, BeadLanded)
    expect(cv(rows, used, NUX)).toMatchObject({ completed: 1, reworked: 1, merged: 1, firstPassRate: 0 })
  })

  test('[PR-19] counts what failed, and not what was taken away', () => {
    const failed = after(createCvs(), ...first, { ...PolecatReleased, outcome: 'failed' })
    expect(cv(failed, used, NUX)).toMatchObject({
      n: 1,
      failed: 1,
      merged: 0,
      skills: { ui: { n: 1, merged: 0 } },
    })
    const withdrawn = after(createCvs(), ...first, { ...PolecatReleased, outcome: 'withdrawn' })
    expect(cv(withdrawn, used, NUX)).toMatchObject({ n: 1, failed: 0, merged: 0 })
  })

  test('[PR-19] takes the median of an odd and an even number of landings', () => {
    const fold = createCvs()
    const history = new History()
    const minutes = (n: number) => new Date(Date.UTC(2027, 2, 1) + n * 60_000).toISOString()
    const land = (bead: string, from: number, to: number) => {
      fold.apply(history.add('town', [{ ...BeadHooked, bead }], { at: minutes(from) }))
      fold.apply(history.add('town', [{ ...BeadLanded, bead }], { at: minutes(to) }))
    }
    land('sh-1', 0, 10)
    land('sh-2', 10, 12)
    expect(cvs(fold.rows, used)[0]?.medianMinutes).toBe(6)
    land('sh-3', 20, 60)
    expect(cv(fold.rows, used, NUX)?.medianMinutes).toBe(10)
  })

  test('[PR-19] may learn a skill that is called like a member of every object', () => {
    const odd = { ...BeadCreated, labels: ['constructor', '__proto__'] }
    const { skills } = cv(after(createCvs(), odd, BeadHooked, BeadLanded), used, NUX) ?? {}
    expect(Object.entries(skills ?? {})).toEqual([
      ['constructor', { n: 1, merged: 1 }],
      ['__proto__', { n: 1, merged: 1 }],
    ])
  })
})
