import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTown, type TestTown } from './town.ts'

let town: TestTown
beforeEach(async () => {
  town = await createTown()
})
afterEach(() => town.close())

const set = (key: string, value: unknown, rig?: string) =>
  town.command('config.set', { key, value, ...(rig !== undefined && { rig }) })

test.each([
  ['health.silent', '100ms', '1s to 24h'],
  ['health.silent', '25h', '1s to 24h'],
  ['health.tool', '0', '1s to 24h'],
  ['health.start', -5, '1s to 24h'],
  ['health.idle', 'soon', '1s to 24h'],
  ['health.cooldown', '1e3m', '1s to 24h'],
  ['disk.floor', '49MB', '50MB to 1TB'],
  ['disk.floor', '51%', '0% to 50%'],
  ['disk.floor', 5, '50MB'],
  ['disk.floor', '-1GB', '50MB to 1TB'],
])('%s %j is refused with the range that is allowed, and nothing changes', async (key, value, range) => {
  const before = town.town.system.seq
  const { status, body } = await set(key, value)
  expect([status, body.code]).toEqual([400, 'SETTING_INVALID'])
  if (key !== 'disk.floor' || typeof value === 'string') expect(body.detail).toContain(range)
  expect(town.town.system.seq).toBe(before)
})

test('thresholds that contradict each other are refused with what would fit, of the town and of a rig against the town’s', async () => {
  for (const [key, value] of [
    ['health.silent', '45m'],
    ['health.idle', '11m'],
    ['health.tool', '5m'],
  ] as const) {
    const { status, body } = await set(key, value)
    expect([status, body.code], key).toEqual([409, 'SETTINGS_CONTRADICT'])
    expect(body.detail).toContain('may not be longer than')
    expect(body.detail).toContain('24h')
  }
  expect((await set('health.tool', '2h')).status).toBe(200)
  expect((await set('health.silent', '45m')).status).toBe(200)
  expect((await set('health.tool', '30m', 'shop')).body.code).toBe('SETTINGS_CONTRADICT')
  expect((await set('health.silent', '20m', 'shop')).status).toBe(200)
  expect((await set('health.tool', '30m', 'shop')).status).toBe(200)
})
