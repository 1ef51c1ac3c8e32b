import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { mayBeginTurn, stoppedIn } from '../../src/api/brakes.ts'
import type { LogRecord } from '../../src/events/record.ts'
import { createTown, FIRST_SESSION, type TestTown, tokenOf } from './town.ts'

const AGENT = 'shop/polecats/nux'

let town: TestTown
let bead: string
beforeEach(async () => {
  town = await createTown()
  bead = await town.bead('Dear')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
})
afterEach(() => town.close())

const use = (costUsd: number | undefined, model = 'own-1') =>
  town.ask(
    'POST',
    '/v1/events',
    { type: 'usage', data: { model, inputTokens: 10, outputTokens: 5, cacheReadTokens: 100, costUsd } },
    tokenOf(FIRST_SESSION),
  )
const costs = async (query = '') => (await town.get(`/v1/costs${query}`)).body

describe('[P6] costs', () => {
  test('of a report without money are those of the table, and say so; a model that is not in it has none', async () => {
    await use(undefined, 'in-the-table')
    await use(7, 'in-the-table')
    await use(undefined, 'elsewhere')
    expect(await costs('?by=model')).toMatchObject({
      items: [
        { key: 'in-the-table', costUsd: 7.01, unpriced: 0 },
        { key: 'elsewhere', costUsd: null, unpriced: 1 },
      ],
      total: { costUsd: 7.01, requests: 3, unpriced: 1 },
    })
    const reports: unknown[] = []
    for await (const { line } of town.town.log.read({}))
      for (const fact of (JSON.parse(line) as LogRecord).facts)
        if (fact.type === 'AgentReported') reports.push(fact.report)
    expect(reports).toMatchObject([
      { data: { costUsd: 0.01, costFrom: 'prices' } },
      { data: { costUsd: 7 } },
      { data: { model: 'elsewhere' } },
    ])
    expect(JSON.stringify(reports).match(/costFrom/g)).toHaveLength(1)
  })

  test('are summed by what is asked for, and unknown money is null', async () => {
    expect(await costs()).toMatchObject({ items: [], total: { costUsd: 0, requests: 0, unpriced: 0 } })
    await use(undefined)
    expect((await costs()).items).toMatchObject([
      {
        key: AGENT,
        costUsd: null,
        unpriced: 1,
        tokens: { input: 10, output: 5, cacheRead: 100, cacheWrite: 0 },
      },
    ])
    await use(0.5, 'own-2')
    expect(
      (await costs('?by=model')).items.map(({ key, costUsd }: { key: string; costUsd: number | null }) => [
        key,
        costUsd,
      ]),
    ).toEqual([
      ['own-2', 0.5],
      ['own-1', null],
    ])
    for (const [by, key] of [
      ['session', FIRST_SESSION],
      ['bead', bead],
      ['role', 'polecat'],
      ['rig', 'shop'],
    ])
      expect(await costs(`?by=${by}`)).toMatchObject({
        items: [{ key, costUsd: 0.5, requests: 2, unpriced: 1 }],
        total: { costUsd: 0.5, unpriced: 1 },
      })
    expect((await costs('?by=hour')).items).toMatchObject([{ key: expect.stringMatching(/:00:00\.000Z$/) }])
    expect((await town.get(`/v1/cvs/${encodeURIComponent(AGENT)}`)).body).toMatchObject({
      costUsd: 0.5,
      unpriced: 1,
    })
  })

  test('are cut to the dearest, and to what was used since', async () => {
    await use(1, 'a')
    const { seq } = town.town.system
    await use(2, 'b')
    await use(3, 'c')
    expect(await costs('?by=model&top=2')).toMatchObject({
      items: [{ key: 'c' }, { key: 'b' }],
      more: 1,
      total: { costUsd: 6 },
    })
    expect(await costs(`?by=model&since=${seq}`)).toMatchObject({
      items: [{ key: 'c' }, { key: 'b' }],
      total: { costUsd: 5 },
    })
    expect(await costs(`?by=model&at=${seq}`)).toMatchObject({ items: [{ key: 'a' }], total: { costUsd: 1 } })
    expect(await costs('?rig=shop&by=model')).toMatchObject({ total: { costUsd: 6 } })
    expect((await town.get('/v1/costs?rig=barn')).body.code).toBe('RIG_NOT_FOUND')
    expect((await town.get('/v1/costs?by=weather')).body.code).toBe('INPUT_INVALID')
    expect((await town.get('/v1/costs?since=soon')).body.code).toBe('POSITION_INVALID')
    expect((await town.get('/v1/costs', tokenOf(FIRST_SESSION))).body.code).toBe('FORBIDDEN')
  })
})

describe('[P6] budgets', () => {
  test('count what was used before they were set, of this day or of all', async () => {
    await use(2)
    const daily = await town.command('budget.set', { scope: 'agent', which: 'nux', usd: 5, per: 'day' })
    expect(daily.body).toMatchObject({ scope: 'agent', id: AGENT, spent: { usd: 2, tokens: 115 } })
    expect(Date.parse(daily.body.until)).toBeGreaterThan(Date.now())
    await town.command('budget.set', { scope: 'bead', which: bead, tokens: 1_000, per: 'total' })
    await town.command('budget.set', { scope: 'town', usd: 2, per: 'total' })
    expect((await town.get('/v1/budgets')).body.items).toMatchObject([
      { scope: 'agent', id: AGENT, usd: 5, per: 'day', reachedAt: null },
      { scope: 'bead', id: bead, tokens: 1_000, until: null, spent: { tokens: 115 }, reachedAt: null },
      { scope: 'town', id: 'town', usd: 2, spent: { usd: 2 }, reachedAt: expect.any(String) },
    ])
    expect((await town.get('/v1/status')).body.problems).toMatchObject([{ code: 'BUDGET_USED_UP' }])
    await town.command('budget.unset', { scope: 'town' })
    expect((await town.get('/v1/budgets')).body.items).toHaveLength(2)
  })

  test('show what was used as soon as the record that says so can be read', async () => {
    await town.command('budget.set', { scope: 'rig', which: 'shop', usd: 5, per: 'day' })
    await use(2)
    // Nobody has told the budgets here.
    expect((await town.get('/v1/budgets')).body.items).toMatchObject([
      { spent: { usd: 2, tokens: 115 }, reachedAt: null },
    ])
  })

  test.each([
    [{ scope: 'town', per: 'day' }, 'BUDGET_INVALID'],
    [{ scope: 'town', usd: 0, per: 'day' }, 'INPUT_INVALID'],
    [{ scope: 'town', usd: 1, per: 'week' }, 'INPUT_INVALID'],
    [{ scope: 'moon', usd: 1, per: 'day' }, 'INPUT_INVALID'],
    [{ scope: 'rig', usd: 1, per: 'day' }, 'INPUT_INVALID'],
    [{ scope: 'town', which: 'shop', usd: 1, per: 'day' }, 'INPUT_INVALID'],
    [{ scope: 'rig', which: 'barn', usd: 1, per: 'day' }, 'RIG_NOT_FOUND'],
    [{ scope: 'bead', which: 'sh-nope', usd: 1, per: 'day' }, 'BEAD_NOT_FOUND'],
    [{ scope: 'agent', which: 'nobody', usd: 1, per: 'day' }, 'AGENT_NOT_FOUND'],
    [{ scope: 'town', tokens: 1.5, per: 'day' }, 'INPUT_INVALID'],
  ])('%j is refused with %s', async (input, code) => {
    expect((await town.command('budget.set', input)).body.code).toBe(code)
  })

  test('that is not there is not taken away, and an agent sets none', async () => {
    expect((await town.command('budget.unset', { scope: 'town' })).body.code).toBe('BUDGET_NOT_FOUND')
    const budget = { scope: 'town', usd: 9, per: 'day' }
    expect((await town.command('budget.set', budget, tokenOf(FIRST_SESSION))).body.code).toBe('FORBIDDEN')
    expect((await town.command('estop', {}, tokenOf(FIRST_SESSION))).body.code).toBe('FORBIDDEN')
  })
})

describe('[P6] no turn begins', () => {
  const caller = { kind: 'session', actor: AGENT, agent: AGENT, session: FIRST_SESSION } as const

  test('while a budget is used up that they are in the scope of', async () => {
    await use(2)
    expect(mayBeginTurn(town.town, caller)).toBeNull()
    await town.command('budget.set', { scope: 'rig', which: 'shop', usd: 2, per: 'total' })
    expect(mayBeginTurn(town.town, caller)).toMatchObject({ kind: 'block', reason: /rig shop is used up/ })
    const nudge = await town.command('nudge.send', { to: AGENT, text: 'go on' })
    expect(nudge).toMatchObject({ status: 409, body: { code: 'BUDGET_USED_UP' } })
    await town.command('budget.set', { scope: 'rig', which: 'shop', usd: 3, per: 'total' })
    expect(mayBeginTurn(town.town, caller)).toBeNull()
  })

  test('while everybody is stopped, and a bead that is slung says what it waits for', async () => {
    // Nobody ends sessions in this town: the command says so, and who is left.
    const stop = town.command('estop', { reason: 'hold on' })
    await vi.waitFor(() => expect(stoppedIn(town.town.system)).not.toBeNull())
    expect(mayBeginTurn(town.town, caller)).toMatchObject({ kind: 'block', reason: /stopped \(hold on\)/ })
    const other = await town.bead('Other')
    const slung = await town.command('sling', { beads: [other] })
    expect(slung.body.queued).toMatchObject([{ bead: other, waitingFor: { kind: 'thaw' } }])
    expect((await town.get('/v1/status')).body.stopped).toMatchObject({ reason: 'hold on' })
    expect((await stop).body).toMatchObject({ stopped: 0, still: [FIRST_SESSION] })
    await town.command('thaw')
    expect((await town.get('/v1/status')).body.stopped).toBeNull()
    expect((await town.command('thaw')).body.code).toBe('NOT_STOPPED')
    expect((await town.get(`/v1/beads/${other}?until=started&waitMs=5000`)).body.stage).toBe('working')
  })
})
