import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Usage } from '../../src/events/hearing.ts'
import { installTown } from '../../src/town/install.ts'
import { handleOf, openTown } from '../../src/town/open.ts'
import { openPrices } from '../../src/town/prices/prices.ts'
import { folderOfFile } from '../support/folder.ts'

const dir = folderOfFile('gt-prices-')
const file = join(dir, 'prices.json')
afterEach(() => rmSync(file, { recursive: true, force: true }))

const used = (model: string, more: Partial<Usage> = {}): Usage => ({
  model,
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  costUsd: null,
  requests: 1,
  ...more,
})
const opened = () => {
  const prices = openPrices(dir)
  prices.refresh()
  return { prices }
}
const own = { date: '2027-01-01', models: { 'own-*': { input: 1, output: 2, cacheRead: 3, cacheWrite: 4 } } }

test('[TOWNUP-33] each kind of token has its price, with the day in a name and without', () => {
  const { prices } = opened()
  const request = { input: 1_000, output: 2_000, cacheRead: 30_000, cacheWrite: 4_000 }
  for (const name of ['claude-haiku-4-5', 'claude-haiku-4-5-20251001', 'claude-haiku-4-5[1m]'])
    expect(prices.of(used(name, request))).toBe(0.001 + 0.01 + 0.003 + 0.005)
  // A millionth of a dollar is not nothing.
  expect(prices.of(used('claude-haiku-5-5', { cacheRead: 3 }))).toBe(3e-8)
  expect(prices.problem).toBeNull()
})

test('[TOWNUP-33] a write that is kept for an hour costs what the table says of it, else the same as any', () => {
  writeFileSync(file, JSON.stringify(own))
  const { prices } = opened()
  const cost = (model: string, cacheWriteHour: number) =>
    prices.of({ ...used(model, { cacheWrite: 1_000_000 }), cacheWriteHour })
  expect(cost('claude-opus-5', 0)).toBe(6.25)
  expect(cost('claude-opus-5', 400_000)).toBe(6.25 * 0.6 + 10 * 0.4)
  expect(cost('claude-haiku-5-5', 1_000_000)).toBe(1)
  expect(cost('own-1', 1_000_000)).toBe(4)
})

test('[TOWNUP-33] a model that no table names costs nobody knows what', () => {
  const { prices } = opened()
  for (const name of ['own-1', 'claude-opus-9', 'claude-opus-5-5-fast', '', '__proto__'])
    expect(prices.of(used(name, { input: 1 })), name).toBeNull()
})

test('[TOWNUP-33] where the size of a request says the price, several together have none', () => {
  const { prices } = opened()
  const cost = (input: number, requests = 1) => prices.of(used('claude-haiku-5-5', { input, requests }))
  expect(cost(100_000)).toBe(0.01)
  expect(cost(100_001)).toBe(0.0500005)
  expect(cost(100_000, 2)).toBe(0.01)
  expect(cost(100_001, 2)).toBeNull()
})

test('[TOWNUP-33] the person’s table comes first, and is read again when it has changed', () => {
  const { prices } = opened()
  expect(prices.of(used('own-1', { input: 1_000_000 }))).toBeNull()
  const models = { ...own.models, 'claude-haiku-4-5': { input: 7, output: 7, cacheRead: 7, cacheWrite: 7 } }
  writeFileSync(file, JSON.stringify({ ...own, models }))
  prices.refresh()
  expect(prices.of(used('own-1', { input: 1_000_000 }))).toBe(1)
  expect(prices.of(used('claude-haiku-4-5', { output: 1_000_000 }))).toBe(7)
  expect(prices.of(used('claude-opus-5', { output: 1_000_000 }))).toBe(25)
  rmSync(file)
  prices.refresh()
  expect(prices.of(used('own-1'))).toBeNull()
})

test('[TOWNUP-33] a table that does not fit is named with its field, and the other one holds', () => {
  const wrong = [
    ['{', 'is not JSON'],
    [JSON.stringify({ ...own, date: 'today' }), 'does not fit at date'],
    [
      JSON.stringify({ ...own, models: { a: { input: -1, output: 0, cacheRead: 0, cacheWrite: 0 } } }),
      'models.a.input',
    ],
    [JSON.stringify({ ...own, models: { a: { input: 1 } } }), 'models.a.output'],
    [' '.repeat(1024 * 1024 + 1), 'is larger than 1 MB'],
  ] as const
  for (const [n, [text, said]] of wrong.entries()) {
    writeFileSync(file, text)
    utimesSync(file, n + 1, n + 1)
    const { prices } = opened()
    prices.refresh()
    expect(prices.problem?.message).toMatch(/ so the prices that came with gt hold\.$/)
    expect(prices.problem).toMatchObject({
      at: new Date((n + 1) * 1_000).toISOString(),
      code: 'PRICES_INVALID',
      message: expect.stringContaining(said),
    })
    expect(prices.of(used('claude-opus-5', { output: 1_000_000 }))).toBe(25)
    writeFileSync(file, JSON.stringify(own))
    prices.refresh()
    expect(prices.problem).toBeNull()
  }
})

test('[TOWNUP-33] a table that is no file is named with what the system says of it', () => {
  mkdirSync(file)
  expect(opened().prices.problem?.message).toMatch(/prices\.json cannot be read \(EISDIR/)
})

test('[TOWNUP-33] whoever looks for troubles sees that of the table at once, and no more when it is mended', async () => {
  const town = join(dir, 'town')
  await installTown({ dir: town, name: 'test', owner: { name: 'Op', email: 'op@example.org' }, settings: {} })
  const opened = await openTown(town)
  try {
    const handle = handleOf(opened)
    expect(handle.troubles()).toEqual([])
    writeFileSync(join(town, 'prices.json'), '{')
    expect(handle.troubles()).toMatchObject([{ code: 'PRICES_INVALID' }])
    rmSync(join(town, 'prices.json'))
    expect(handle.troubles()).toEqual([])
  } finally {
    await opened.close()
  }
})
