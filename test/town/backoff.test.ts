import { expect, test } from 'vitest'
import { createBackoff } from '../../src/town/backoff.ts'

test('[TOWNUP-63] what crashes 20 times in its start is started ever more slowly, and at once again after it ran in peace', () => {
  let now = 0
  const backoff = createBackoff(() => now)
  const waits = Array.from({ length: 20 }, () => {
    const wait = backoff.next()
    now += wait + 50
    return wait
  })
  expect(waits.slice(0, 6)).toEqual([0, 0, 100, 200, 400, 800])
  expect(waits.every((wait, n) => wait >= (waits[n - 1] ?? 0))).toBe(true)
  expect(waits.at(-1)).toBe(30_000)
  expect(now, 'no more than 20 starts in four minutes').toBeGreaterThan(240_000)
  now += 61_000
  expect([backoff.next(), backoff.next(), backoff.next()]).toEqual([0, 0, 100])
})
