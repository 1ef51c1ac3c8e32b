import { expect, test } from 'vitest'
import { contradiction, PATIENCE, patienceSet } from '../../src/events/health-settings.ts'
import { settingNamed } from '../../src/events/settings.ts'

test.each([
  ['health.idle', '90s', 90_000],
  ['health.tool', '24h', 86_400_000],
  ['health.program', 'off', 'off'],
])('%s takes %s', (key, given, value) => {
  expect(settingNamed(key)?.value.parse(given)).toBe(value)
})

test.each([
  ['health.idle', '0s'],
  ['health.silent', '25h'],
  ['health.idle', 'off'],
  ['health.program', 'never'],
])('%s does not take %s, and says which times it takes', (key, given) => {
  const said = JSON.stringify(settingNamed(key)?.value.safeParse(given).error?.issues)
  expect(said).toMatch(/1s to 24h|a time like/)
  expect(settingNamed(key)?.help).toContain('1s to 24h')
})

test('one that is to be noticed sooner may not be noticed later, whichever of the two is set', () => {
  expect(contradiction({}, {})).toBeNull()
  expect(contradiction({}, { 'health.silent': 2_400_000 })).toMatch(
    /health\.silent \(40m\).*health\.tool \(30m\)/,
  )
  expect(contradiction({ 'health.tool': 3_600_000 }, { 'health.silent': 2_400_000 })).toBeNull()
  expect(contradiction({ 'health.silent': 60_000 }, {})).toMatch(/health\.idle \(2m\).*health\.silent \(1m\)/)
})

test('what a rig sets holds before what the town sets, and nothing is said where nothing is set', () => {
  expect(patienceSet({}, {})).toBeNull()
  expect(patienceSet({ 'health.idle': 1_000, 'health.tool': 2_000 }, { 'health.idle': 3_000 })).toEqual({
    ...PATIENCE,
    idle: 3_000,
    tool: 2_000,
  })
  expect(patienceSet({ 'health.program': 60_000 }, { 'health.program': 'off' })?.program).toBeNull()
})
