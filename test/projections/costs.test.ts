import { describe, expect, test } from 'vitest'
import type { FactOf } from '../../src/events/index.ts'
import { COST_KINDS, costOf, costs, createCosts, meterOf } from '../../src/projections/costs.ts'
import { SAMPLES } from '../support/facts.ts'
import { History } from '../support/records.ts'

const NUX = 'shop/polecats/nux'
const SESSION = `${NUX}/sessions/1.1`

const used = (changed: Partial<FactOf<'TokensUsed'>> = {}): FactOf<'TokensUsed'> => ({
  ...SAMPLES.TokensUsed,
  input: 1,
  output: 2,
  cacheRead: 3,
  cacheWrite: 4,
  costUsd: 0.5,
  requests: 1,
  ...changed,
})
const reported = (data: object): FactOf<'AgentReported'> => ({
  ...SAMPLES.AgentReported,
  report: { type: 'usage', data: data as never },
})

type Counted = FactOf<'TokensUsed'> | FactOf<'AgentReported'> | FactOf<'RuntimeSessionKnown'>

function fold(...facts: readonly (readonly [Counted, string?])[]) {
  const projection = createCosts()
  const history = new History()
  for (const [fact, at] of facts)
    projection.apply(history.add('town', [fact], at === undefined ? {} : { at }))
  return projection
}

describe('costs', () => {
  test('[PR-21] each usage is in one sum of each kind', () => {
    const { rows } = fold(
      [used()],
      [used({ model: 'm-2', bead: 'sh-2', session: `${NUX}/sessions/2.1` })],
      [
        used({
          rig: 'barn',
          agent: 'barn/polecats/ace',
          session: 'barn/polecats/ace/sessions/1.1',
          bead: 'ba-1',
        }),
      ],
    )
    for (const by of COST_KINDS) {
      const { items, total } = costs(rows, by)
      expect(total).toMatchObject({
        tokens: { input: 3, output: 6, cacheRead: 9, cacheWrite: 12 },
        costUsd: 1.5,
      })
      expect(
        items.reduce((sum, { tokens }) => sum + tokens.output, 0),
        by,
      ).toBe(6)
    }
    expect(costs(rows, 'model').items.map(({ key, costUsd }) => [key, costUsd])).toEqual([
      ['m-1', 1],
      ['m-2', 0.5],
    ])
    expect(costs(rows, 'session').items).toHaveLength(3)
    expect(costs(rows, 'role').items).toMatchObject([{ key: 'polecat', rig: null }])
    expect(costs(rows, 'bead', { rig: 'barn' })).toMatchObject({
      items: [{ key: 'ba-1', rig: 'barn' }],
      total: { costUsd: 0.5 },
    })
    expect(meterOf(rows, 'town', 'town')).toEqual({ usd: 1.5, tokens: 30, unpriced: 0 })
    expect(meterOf(rows, 'agent', NUX)).toEqual({ usd: 1, tokens: 20, unpriced: 0 })
    expect(meterOf(rows, 'bead', 'sh-9')).toEqual({ usd: 0, tokens: 0, unpriced: 0 })
  })

  test('[PR-21] unknown money is unknown, and never 0', () => {
    const { rows } = fold([used({ costUsd: null, requests: 3, bead: 'sh-2' })], [used({ bead: 'sh-3' })])
    expect(costOf(rows, 'bead', 'sh-2')).toMatchObject({ costUsd: null, requests: 3, unpriced: 3 })
    expect(costOf(rows, 'bead', 'sh-3')).toMatchObject({ costUsd: 0.5, unpriced: 0 })
    expect(costOf(rows, 'agent', NUX)).toMatchObject({ costUsd: 0.5, requests: 4, unpriced: 3 })
    expect(costOf(rows, 'bead', 'sh-1')).toBeNull()
    expect(fold([used({ costUsd: 0 })]).rows.total).toMatchObject({ usd: 0, unpriced: 0 })
  })

  test('[PR-21] hours are those in which it was used, in their order', () => {
    const { rows } = fold(
      [used(), '2027-03-02T10:59:59.000Z'],
      [used({ model: 'm-2' }), '2027-03-02T10:00:00.000Z'],
      [used(), '2027-03-02T11:00:00.000Z'],
    )
    expect(costs(rows, 'hour').items).toMatchObject([
      { key: '2027-03-02T10:00:00.000Z', costUsd: 1, requests: 2 },
      { key: '2027-03-02T11:00:00.000Z', costUsd: 0.5 },
    ])
  })

  test('[PR-22] the word of an agent counts where no transcript is read', () => {
    const said = reported({ model: 'own', inputTokens: 7, outputTokens: 8, costUsd: 0.25 })
    expect(costs(fold([said]).rows, 'model').items).toMatchObject([
      { key: 'own', tokens: { input: 7, output: 8, cacheRead: 0, cacheWrite: 0 }, costUsd: 0.25 },
    ])
    expect(
      costs(fold([reported({ model: 'own', inputTokens: 7, outputTokens: 8 })]).rows, 'agent').items,
    ).toMatchObject([{ key: NUX, costUsd: null, unpriced: 1 }])
    expect(fold([used()], [said]).rows.total.input).toBe(1)
    // Its transcript is known, and will be read.
    const known = { ...SAMPLES.RuntimeSessionKnown, session: said.session, transcript: '/h/c-1.jsonl' }
    expect(fold([known], [said]).rows.total.input).toBe(0)
    expect(fold([{ ...known, transcript: null }], [said]).rows.total.input).toBe(7)
    // What a copy of it was asked says nothing of its own transcript.
    expect(fold([used({ role: 'seance' })], [said]).rows.total.input).toBe(8)
    const other = { ...SAMPLES.AgentReported }
    expect(fold([other]).rows.sums.size).toBe(0)
  })

  test('[PR-23] old hours and sessions go, and no sum loses anything', () => {
    const projection = createCosts()
    const history = new History()
    for (let n = 0; n < 6_000; n += 1) {
      const at = new Date(Date.UTC(2025, 0, 1) + n * 4 * 3_600_000).toISOString()
      projection.apply(history.add('town', [used({ session: `${SESSION}${n}` })], { at }))
    }
    const { rows } = projection
    expect(costs(rows, 'hour').items.length).toBeLessThan(3_000)
    expect(costs(rows, 'hour').items.length).toBeGreaterThanOrEqual(400 * 6)
    expect(costs(rows, 'hour').items.at(-1)?.key).toBe(
      history.records.at(-1)?.at.replace(/:00.000Z$/, ':00.000Z'),
    )
    const sessions = new Set(costs(rows, 'session').items.map(({ key }) => key))
    expect(sessions.size).toBeLessThan(5_501)
    for (let n = 1_000; n < 6_000; n += 1) expect(sessions.has(`${SESSION}${n}`), String(n)).toBe(true)
    expect(costs(rows, 'session').total.costUsd).toBe(3_000)
    expect(costOf(rows, 'agent', NUX)?.costUsd).toBe(3_000)
  })

  test('[PR-3] what is saved and loaded answers the same', () => {
    const projection = fold([used()], [used({ model: 'm-2', costUsd: null })])
    const loaded = createCosts()
    loaded.load(JSON.parse(JSON.stringify(projection.save())))
    for (const by of COST_KINDS) expect(costs(loaded.rows, by)).toEqual(costs(projection.rows, by))
  })
})
