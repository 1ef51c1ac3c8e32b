import { describe, expect, test } from 'vitest'
import type { AnyFact, LogRecord } from '../../src/events/record.ts'
import { createSpending, type Scope } from '../../src/past/why/spending.ts'
import { costOf, createCosts } from '../../src/projections/costs.ts'

const AGENT = 'shop/polecats/nux'
const whose = (n: number, bead = 'sh-1') => ({ session: `${AGENT}/sessions/1.${n}`, agent: AGENT, bead })

let seq = 0
const record = (
  facts: readonly AnyFact[],
  message: object = {},
  actor = `${AGENT}/sessions/1.1`,
): LogRecord => {
  seq += 1
  return {
    seq,
    v: 1,
    at: new Date(Date.UTC(2027, 0, 1, 8, seq)).toISOString(),
    actor,
    machine: 'session@1',
    message: { type: 'session.used', ...message },
    from: 'running',
    to: 'running',
    change: {},
    facts,
    effects: [],
    by: 'host',
    cause: null,
    correlation: seq,
  }
}
const opens = (n: number, reason: string, resume: string | null = null) =>
  record([{ type: 'SessionOpened', ...whose(n), attempt: n, reason }], {
    type: 'session.open',
    attempt: n,
    reason,
    resume,
  })
const uses = (n: number, usd: number | null, tokens: number, more: object = {}) =>
  record([
    {
      type: 'TokensUsed',
      ...whose(n),
      rig: 'shop',
      role: 'polecat',
      runtime: 'claude',
      model: 'm',
      input: tokens,
      output: 1,
      cacheRead: tokens * 2,
      cacheWrite: 3,
      costUsd: usd,
      requests: 1,
      ...more,
    },
  ])
const turn = (n: number) => record([{ type: 'TurnStarted', ...whose(n), nudge: null }])

const night = (): LogRecord[] => [
  opens(1, 'first'),
  turn(1),
  uses(1, 0.5, 10),
  turn(1),
  uses(1, 2, 20),
  record([{ type: 'ContextCompacted', ...whose(1) }]),
  uses(1, 0.25, 5),
  opens(2, 'recovered', 'conversation-1'),
  turn(2),
  uses(2, null, 7),
  uses(1, 0.1, 1, { role: 'seance' }),
  opens(3, 'gateFailed'),
  // What another bead used is nobody's business here.
  uses(3, 9, 9, { bead: 'sh-2' }),
  // The word of one whose transcript is read counts no second time.
  record([
    {
      type: 'AgentReported',
      ...whose(1),
      report: { type: 'usage', data: { model: 'm', inputTokens: 1_000, costUsd: 77 } },
    },
  ]),
]

const spentOf = (scope: Scope, records: readonly LogRecord[]) => {
  const fold = createSpending(scope)
  for (const each of records) fold.take(each)
  return fold.spent()
}

describe('[P10] what stands behind an amount', () => {
  test.each([
    { kind: 'bead', id: 'sh-1' },
    { kind: 'agent', id: AGENT },
    { kind: 'session', id: `${AGENT}/sessions/1.1` },
  ] as const)('of a $kind is as much as the costs say of it', (scope) => {
    const records = night()
    const costs = createCosts()
    for (const each of records) costs.apply(each)
    const { cost, sessions } = spentOf(scope, records)
    expect(cost).toEqual(costOf(costs.rows, scope.kind, scope.id))
    for (const kind of ['input', 'output', 'cacheRead', 'cacheWrite'] as const)
      expect(sessions.reduce((sum, one) => sum + one.cost.tokens[kind], 0)).toBe(cost.tokens[kind])
    expect(sessions.reduce((sum, one) => sum + (one.cost.costUsd ?? 0), 0)).toBeCloseTo(cost.costUsd ?? 0, 6)
  })

  test('names each session with why it began, its turns and its compactions, largest first', () => {
    const { sessions, turns, compactions, cacheReads } = spentOf({ kind: 'bead', id: 'sh-1' }, night())
    expect(sessions.map(({ session, reason, resumed }) => [session.slice(-3), reason, resumed])).toEqual([
      ['1.1', 'first', false],
      ['1.2', 'recovered', true],
      ['1.3', 'gateFailed', false],
    ])
    expect(sessions[0]).toMatchObject({ turns: 2, compactions: 1, seances: { costUsd: 0.1 } })
    // The second turn has what was used after the compaction, too.
    expect(turns.map(({ n, cost }) => [n, cost.costUsd])).toEqual([
      [2, 2.25],
      [1, 0.5],
      [1, null],
    ])
    expect(compactions).toMatchObject([{ after: { costUsd: 0.25, tokens: { input: 5 } } }])
    expect(cacheReads.get('m')).toBe(20 + 40 + 10 + 14 + 2)
  })

  test('money that nobody knows is unknown, and not nothing', () => {
    const { sessions } = spentOf({ kind: 'bead', id: 'sh-1' }, night())
    expect(sessions.find(({ session }) => session.endsWith('1.2'))?.cost).toMatchObject({
      costUsd: null,
      unpriced: 1,
    })
    expect(sessions.find(({ session }) => session.endsWith('1.3'))?.cost).toMatchObject({
      costUsd: 0,
      requests: 0,
    })
  })
})
