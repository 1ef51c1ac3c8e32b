import { afterEach, beforeEach, expect, test } from 'vitest'
import { readCap } from '../../src/cli/commands/budget.ts'
import { countText, moneyText } from '../../src/cli/money.ts'
import { FIRST_SESSION, tokenOf } from '../api/town.ts'
import { type CliTown, createCliTown } from './town.ts'

let town: CliTown
let bead: string
beforeEach(async () => {
  town = await createCliTown()
  bead = await town.bead('Dear')
  await town.gt('sling', bead)
  await town.working(bead)
})
afterEach(() => town.close())

const use = (data: object) =>
  town.ask(
    'POST',
    '/v1/events',
    { type: 'usage', data: { model: 'own-1', inputTokens: 1_500, outputTokens: 5, ...data } },
    tokenOf(FIRST_SESSION),
  )

test('what is unknown is shown as unknown, with how many requests that are', async () => {
  expect((await town.gt('costs')).out).toBe('Nothing is known to have been used.\n')
  await use({})
  const { out } = await town.gt('costs')
  expect(out).toMatch(/shop\/polecats\/nux +1\.5k +5 +0 +0 +unknown +1\n/)
  expect(out).toContain('Of 1 of 1 requests nobody knows the price')
  await use({ costUsd: 0.25, model: 'own-2' })
  expect((await town.gt('costs', '--by', 'model')).out).toMatch(/own-2 .*\$0\.25\n/)
  expect((await town.gt('costs', '--by', 'model', '--top', '1', '-q')).out).toBe('own-2\n')
  expect(JSON.parse((await town.gt('costs', '--by', 'bead', '--json')).out)).toMatchObject({
    items: [{ key: bead, costUsd: 0.25, unpriced: 1 }],
    total: { requests: 2 },
  })
  expect((await town.gt('cv')).out).toMatch(/TOKENS +COST\n.*3k +\$0\.25\n/)
  expect((await town.gt('costs', '--by', 'weather')).err).toMatch(/--by takes one of session, agent/)
})

test('a budget is set, shown and taken away', async () => {
  expect((await town.gt('budget', 'list')).out).toBe('No budget is set: gt budget set town 40usd/day\n')
  await use({ costUsd: 3 })
  expect((await town.gt('budget', 'set', 'town', '40usd/day')).out).toBe(
    'The budget of town is $40.00 a day; used so far: $3.00.\n',
  )
  await town.gt('budget', 'set', 'rig', 'shop', '2usd/total')
  await town.gt('budget', 'set', 'agent', 'shop/nux', '2Mtokens/day')
  const { out } = await town.gt('budget', 'list')
  expect(out).toMatch(/agent shop\/polecats\/nux +2M tokens a day +1\.5k tokens +open\n/)
  expect(out).toMatch(/rig shop +\$2\.00 in all +\$3\.00 +used up\n/)
  expect((await town.gt('status')).out).toContain('! the budget of rig shop is used up (BUDGET_USED_UP)')
  expect((await town.gt('budget', 'unset', 'rig', 'shop')).out).toBe(
    'There is no budget of rig shop any more.\n',
  )
  expect((await town.gt('budget', 'list', '-q')).out).toBe('agent shop/polecats/nux\ntown\n')
})

test.each([
  [['town'], 'one of'],
  [['town', '40'], 'write it like 40usd/day'],
  [['town', '40usd'], 'write it like 40usd/day'],
  [['town', '40/day'], 'say of what'],
  [['town', '0usd/day'], 'more than nothing'],
  [['town', '-5usd/day'], '"-5usd/day" is no amount: it must be more than nothing'],
  [['town', '$-5/day'], 'more than nothing'],
  [['town', '0.5tokens/day'], 'tokens are whole'],
  [['town', 'shop', '4usd/day'], 'too much'],
  [['rig', '4usd/day'], 'which rig'],
  [['moon', '4usd/day'], 'one of town, rig, bead, agent'],
])('gt budget set %j says what is wrong', async (words, said) => {
  const { code, err } = await town.gt('budget', 'set', ...words)
  expect(code).toBe(2)
  if (words.length > 1) expect(err).toContain(said)
})

test('amounts are read as people write them', () => {
  expect(readCap('40usd/day')).toEqual({ usd: 40, per: 'day' })
  expect(readCap('$2.50/total')).toEqual({ usd: 2.5, per: 'total' })
  expect(readCap('3dollars/day')).toEqual({ usd: 3, per: 'day' })
  expect(readCap('1.5Mtokens/DAY')).toEqual({ tokens: 1_500_000, per: 'day' })
})

test('everybody is stopped for all to see, and goes on', async () => {
  const stopped = town.gt('estop', '--reason', 'what is\u001b[2J going on?')
  expect((await stopped).code).toBe(1)
  const { out } = await town.gt('status')
  expect(out).toMatch(/^EVERYBODY IS STOPPED for \d+s: what is.\[2J going on\?\. gt thaw lets them go on\.\n/)
  expect((await town.gt('estop')).err).toContain('Everybody is stopped already.')
  expect((await town.gt('thaw')).out).toBe('Everybody goes on.\n')
  expect((await town.gt('status')).out).not.toContain('STOPPED')
})

test('money and counts are short, and small money is not nothing', () => {
  expect([null, 0, 0.0004, 0.015, 12.3].map(moneyText)).toEqual([
    'unknown',
    '$0.00',
    '$0.0004',
    '$0.01',
    '$12.30',
  ])
  expect([0, 999, 1_000, 12_345, 999_999, 1_200_000].map(countText)).toEqual([
    '0',
    '999',
    '1k',
    '12.3k',
    '1M',
    '1.2M',
  ])
})
