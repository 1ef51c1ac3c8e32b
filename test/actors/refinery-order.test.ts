import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { linedUp, OVERTAKEN_MAX_H, type Standing, sumOf } from '../../src/events/queue-order.ts'

const HOUR = 3_600_000
const T0 = Date.parse('2027-03-01T00:00:00.000Z')
const iso = (hours: number): string => new Date(T0 + hours * HOUR).toISOString()
const standing = (over: Partial<Standing> = {}): Standing => ({
  address: 'mr-1',
  bead: 'sh-1',
  order: 1,
  at: iso(0),
  priority: 2,
  retries: 0,
  needs: [],
  ...over,
})

describe('the sum', () => {
  test('[REFINERY-40] is what its terms add up to', () => {
    const sum = sumOf(standing({ priority: 1, retries: 2, convoySince: iso(-3) }), iso(1))
    expect(sum).toEqual({
      base: 1_000,
      convoy: 40,
      priority: 300,
      retries: -100,
      age: 1,
      ageing: 0,
      score: 1_241,
    })
    const { score, ...terms } = sumOf(standing({ retries: 9 }), iso(7.129))
    expect(terms).toEqual({
      base: 1_000,
      convoy: 0,
      priority: 200,
      retries: -300,
      age: 7.13,
      ageing: 1973.77,
    })
    expect(score).toBeCloseTo(
      Object.values(terms).reduce((all, term) => all + term, 0),
      6,
    )
  })

  test('[REFINERY-40] a priority beyond the last counts as the last, and a time ahead as now', () => {
    expect(sumOf(standing({ priority: 9 }), iso(0)).priority).toBe(0)
    expect(sumOf(standing({ at: iso(5) }), iso(1)).score).toBe(1_200)
  })
})

describe('the line', () => {
  const ids = (found: readonly Standing[]) => found.map(({ address }) => address)

  test('[REFINERY-40] has the highest sum first, and who came first where it is the same', () => {
    const urgent = standing({ address: 'urgent', order: 3, priority: 0 })
    const tried = standing({ address: 'tried', order: 2, retries: 1 })
    const later = standing({ address: 'later', order: 5 })
    const first = standing({ address: 'first', order: 4 })
    expect(ids(linedUp([tried, later, first, urgent], 'score', iso(0)))).toEqual([
      'urgent',
      'first',
      'later',
      'tried',
    ])
  })

  test('[REFINERY-40] as they came, when that is asked for; one whose time nobody noted came first', () => {
    const old = standing({ address: 'old', order: 1, at: null, priority: 4 })
    const urgent = standing({ address: 'urgent', order: 3, priority: 0 })
    const mean = standing({ address: 'mean', order: 2 })
    expect(ids(linedUp([urgent, mean, old], 'fifo', iso(0)))).toEqual(['old', 'mean', 'urgent'])
    expect(ids(linedUp([mean, urgent, old], 'score', iso(90)))).toEqual(['old', 'urgent', 'mean'])
  })

  test('[REFINERY-41] a request lands next after those before it and those of the six hours after it, whatever comes', () => {
    expect(OVERTAKEN_MAX_H).toBeLessThanOrEqual(6)
    const comes = fc.record({
      gapH: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3, noNaN: true })),
      priority: fc.integer({ min: 0, max: 4 }),
      retries: fc.integer({ min: 0, max: 9 }),
      convoyH: fc.option(fc.double({ min: 0, max: 400, noNaN: true }), { nil: undefined }),
    })
    // The unluckiest there is, and a Refinery that lands one request after each that comes, or fewer.
    const unlucky = { priority: 4, retries: 9 }
    fc.assert(
      fc.property(fc.array(comes, { maxLength: 120 }), fc.integer({ min: 1, max: 3 }), (stream, every) => {
        let hours = 0
        const line: Standing[] = [standing({ address: 'it', order: 0, ...unlucky })]
        let before = 0
        for (const [n, { gapH, priority, retries, convoyH }] of stream.entries()) {
          hours += gapH
          const convoySince = convoyH === undefined ? undefined : iso(hours - convoyH)
          const one = { address: `n-${n}`, order: n + 1, at: iso(hours), priority, retries, convoySince }
          line.push(standing(one))
          if (hours < OVERTAKEN_MAX_H) before += 1
          if (n % every > 0) continue
          const next = linedUp(line, 'score', iso(hours))[0] as Standing
          if (next.address === 'it') return
          expect(Date.parse(next.at as string)).toBeLessThan(T0 + OVERTAKEN_MAX_H * HOUR)
          line.splice(line.indexOf(next), 1)
          before -= 1
          expect(before).toBeGreaterThanOrEqual(0)
        }
      }),
      { numRuns: 500 },
    )
  })
})
