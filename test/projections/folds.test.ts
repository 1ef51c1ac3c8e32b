import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FACT_TYPES, Fact, type LogRecord } from '../../src/events/index.ts'
import { agents } from '../../src/projections/agent-rows.ts'
import { beadCounts, beads, blockedBeads, readyBeads } from '../../src/projections/bead-queries.ts'
import { hooks } from '../../src/projections/hooks.ts'
import {
  applyAll,
  applyMany,
  canonical,
  createProjections,
  loadAll,
  type Projections,
  saveAll,
} from '../../src/projections/index.ts'
import { SAMPLES } from '../support/facts.ts'
import { townHistory } from '../support/histories.ts'
import { anyRecord, record } from '../support/records.ts'

const choices = fc.noBias(fc.array(fc.nat(65_535), { minLength: 1, maxLength: 250, size: 'max' }))
const RUNS = { numRuns: 60 }

const folded = (records: readonly LogRecord[], into: Projections = createProjections()): Projections => {
  for (const one of records) applyAll(into, one)
  return into
}

describe('any history of a town', () => {
  test('of those used here holds landings, rework, deaths and blocked beads', () => {
    const seen = new Set<string>()
    for (const numbers of fc.sample(choices, { numRuns: 60, seed: 1 }))
      for (const { facts } of townHistory(numbers)) for (const { type } of facts) seen.add(type)
    const rare = [
      'BeadLanded',
      'MergeFailed',
      'MergeConflicted',
      'RecoveryScheduled',
      'BeadUnblocked',
      'BeadReopened',
    ]
    expect([...seen]).toEqual(
      expect.arrayContaining([...rare, 'BeadDeferred', 'BeadNeedDropped', 'MergeWaiting', 'DispatchWaiting']),
    )
  })

  test('[P1] [PR-1] gives the same rows whenever it is folded again', () => {
    fc.assert(
      fc.property(choices, (numbers) => {
        const records = townHistory(numbers)
        expect(canonical(folded(records))).toBe(canonical(folded(structuredClone(records))))
      }),
      RUNS,
    )
  })

  test('[P1] [PR-1] is the same, with the same revisions, when several records are folded at a time', () => {
    fc.assert(
      fc.property(choices, fc.integer({ min: 1, max: 90 }), (numbers, size) => {
        const records = townHistory(numbers)
        const many = createProjections()
        for (let n = 0; n < records.length; n += size) applyMany(many, records.slice(n, n + size))
        const one = folded(records)
        expect(canonical(many)).toBe(canonical(one))
        expect(Object.values(many).map(({ revision }) => revision)).toEqual(
          Object.values(one).map(({ revision }) => revision),
        )
      }),
      RUNS,
    )
  })

  test('[P1] [PR-1] is not changed by being folded: no row shares an object with a record', () => {
    fc.assert(
      fc.property(choices, (numbers) => {
        const records = townHistory(numbers)
        const before = JSON.stringify(records)
        folded(records)
        expect(JSON.stringify(records)).toBe(before)
      }),
      RUNS,
    )
  })

  test('[P1] [PR-3] saved half way and loaded again ends in the same rows as one fold', () => {
    fc.assert(
      fc.property(choices, fc.double({ min: 0, max: 1, noNaN: true }), (numbers, share) => {
        const records = townHistory(numbers)
        const half = Math.floor(records.length * share)
        const first = folded(records.slice(0, half))
        const saved = saveAll(first, half)
        const text = JSON.stringify(saved)
        folded(records.slice(half), first)
        expect(JSON.stringify(saved), 'a saved state does not follow the rows').toBe(text)
        const second = createProjections()
        expect(loadAll(second, JSON.parse(text))).toBe(half)
        folded(records.slice(half), second)
        expect(canonical(second)).toBe(canonical(first))
        expect(readyBeads(second.beads.rows)).toEqual(readyBeads(first.beads.rows))
        expect(blockedBeads(second.beads.rows)).toEqual(blockedBeads(first.beads.rows))
        expect(beadCounts(second.beads.rows, 'shop')).toEqual(beadCounts(first.beads.rows, 'shop'))
        expect(second.beads.revision).toBe(first.beads.revision)
      }),
      RUNS,
    )
  })

  test('[P3] [PR-4] reads the same when records hold facts and fields of which nobody has heard', () => {
    fc.assert(
      fc.property(choices, (numbers) => {
        const records = townHistory(numbers)
        const newer = records.map((one) => ({
          ...one,
          facts: [
            { type: 'BeadTeleported', bead: 'sh-1' },
            { type: 'constructor', bead: 'sh-1' },
            ...one.facts.map((fact) => ({ ...fact, colour: 'blue' })),
          ],
          weather: 'fine',
        }))
        expect(canonical(folded(newer))).toBe(canonical(folded(records)))
      }),
      RUNS,
    )
  })

  test('[PR-6] has indexes that agree with a look at every bead', () => {
    fc.assert(
      fc.property(choices, (numbers) => {
        const { rows } = folded(townHistory(numbers)).beads
        const all = beads(rows)
        const isClosed = new Set(all.filter(({ status }) => status === 'closed').map(({ id }) => id))
        for (const row of all) {
          expect(row.openNeeds.toSorted()).toEqual(row.needs.filter((id) => !isClosed.has(id)).toSorted())
        }
        const held = (row: (typeof all)[number]) => row.openNeeds.length > 0
        expect(readyBeads(rows)).toEqual(
          all.filter((row) => row.status === 'open' && row.stage === 'none' && !held(row)),
        )
        expect(blockedBeads(rows)).toEqual(
          all.filter((row) => row.status !== 'closed' && (row.status === 'blocked' || held(row))),
        )
        expect(beads(rows, { status: 'closed', rig: 'shop' })).toEqual(
          all.filter(({ status }) => status === 'closed'),
        )
        const { total, ready, queued, closed, ...byStatus } = beadCounts(rows)
        expect(total).toBe(all.length)
        expect(closed).toBe(isClosed.size)
        expect(ready).toBe(readyBeads(rows).length)
        expect(queued).toBe(all.filter(({ stage }) => stage === 'queued').length)
        expect(closed + Object.values(byStatus).reduce((sum, n) => sum + n)).toBe(all.length)
        expect(beadCounts(rows, 'shop')).toEqual(beadCounts(rows))
      }),
      RUNS,
    )
  })

  test('[PR-7] says of every bead that needs something what that is, and of closed ones nothing', () => {
    fc.assert(
      fc.property(choices, (numbers) => {
        for (const row of beads(folded(townHistory(numbers)).beads.rows)) {
          if (row.status === 'closed') expect(row.waitingFor).toBeNull()
          else if (row.status === 'blocked') expect(row.waitingFor?.kind).toBe('person')
          else if (row.openNeeds.length > 0 && ['none', 'queued'].includes(row.stage)) {
            expect(row.waitingFor).toMatchObject({ kind: 'bead', id: row.openNeeds[0] })
          }
        }
      }),
      RUNS,
    )
  })

  test('[PR-11] has each bead on one hook at most, and agents that say the same as hooks', () => {
    fc.assert(
      fc.property(choices, (numbers) => {
        const all = folded(townHistory(numbers))
        const held = hooks(all.hooks.rows)
        expect(new Set(held.map(({ bead }) => bead)).size).toBe(held.length)
        expect(held.map(({ agent, bead }) => [agent, bead])).toEqual(
          agents(all.agents.rows, { role: 'polecat' })
            .filter(({ hook }) => hook !== null)
            .map(({ address, hook }) => [address, hook]),
        )
        const worked = beads(all.beads.rows, { status: ['hooked', 'in_progress'] })
        expect(held.map(({ bead }) => bead)).toEqual(expect.arrayContaining(worked.map(({ id }) => id)))
      }),
      RUNS,
    )
  })
})

describe('a single fact', () => {
  test.each(Object.values(SAMPLES))('[PR-4] $type can be folded into an empty town', (fact) => {
    expect(Fact.parse(fact)).toEqual(fact)
    const all = createProjections()
    applyAll(all, record(1, 'town', [fact]))
    expect(canonical(all)).toBe(canonical(folded([record(1, 'town', [fact])])))
  })

  test('[PR-4] has a sample here for each type there is', () => {
    expect(Object.keys(SAMPLES).toSorted()).toEqual(FACT_TYPES.toSorted())
  })
})

describe('a projection', () => {
  test('[PR-2] raises its revision for a record that changes a row and for no other', () => {
    const { beads: fold } = createProjections()
    fold.apply(record(1, 'beads/sh-1', [SAMPLES.BeadCreated]))
    expect(fold.revision).toBe(1)
    fold.apply(record(2, 'shop/witness', [SAMPLES.WorkVerified]))
    fold.apply(record(3, 'beads/sh-9', [{ ...SAMPLES.BeadSubmitted, bead: 'sh-9' }]))
    fold.apply(anyRecord(4, 'beads/sh-1', [{ type: 'BeadTeleported', bead: 'sh-1' }]))
    fold.apply(record(5, 'beads/sh-1', []))
    expect(fold.revision).toBe(1)
    fold.apply(record(6, 'beads/sh-1', [SAMPLES.BeadUpdated, SAMPLES.BeadCommented]))
    expect(fold.revision).toBe(2)
  })

  test('[PR-2] changes a row in place', () => {
    const { beads: fold } = createProjections()
    fold.apply(record(1, 'beads/sh-1', [SAMPLES.BeadCreated]))
    const { rows } = fold
    const row = rows.byId.get('sh-1')
    fold.apply(record(2, 'beads/sh-1', [SAMPLES.BeadUpdated]))
    expect(fold.rows).toBe(rows)
    expect(fold.rows.byId.get('sh-1')).toBe(row)
    expect(row?.title).toBe('Add the cart')
  })

  test('[PR-3] that was saved by another version is not loaded, nor is any beside it', () => {
    const saved = saveAll(folded(townHistory([0, 64, 1, 65])), 9)
    const other = { ...saved, states: { ...saved.states, cvs: { version: 0, state: null } } }
    const { cvs: _, ...missing } = saved.states
    for (const states of [other.states, missing]) {
      const all = createProjections()
      expect(loadAll(all, { seq: 9, states })).toBe(0)
      expect(canonical(all)).toBe(canonical(createProjections()))
    }
  })

  test('has a name of its own', () => {
    const names = Object.values(createProjections()).map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })
})
