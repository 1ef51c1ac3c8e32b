import { expect, test } from 'vitest'
import { createPace } from '../../src/api/pace.ts'
import type { Caller } from '../../src/api/town.ts'
import type { Clock } from '../../src/ports/clock.ts'

/** A clock that stands still until `pass` is called. */
function heldClock() {
  let now = 0
  const timers: { at: number; fire: () => void }[] = []
  const clock: Clock = {
    now: () => now,
    after(ms, fire) {
      timers.push({ at: now + ms, fire })
      return () => {}
    },
  }
  const pass = async (ms: number) => {
    now += ms
    for (const timer of timers.filter(({ at }) => at <= now)) timer.fire()
    await Promise.resolve()
    await Promise.resolve()
  }
  return { clock, pass }
}

const session = (name: string): Caller => ({
  kind: 'session',
  actor: `shop/polecats/${name}`,
  agent: `shop/polecats/${name}`,
  session: `shop/polecats/${name}/sessions/1.1`,
})

test('a session that asks too often waits, and others do not', async () => {
  const { clock, pass } = heldClock()
  const pace = createPace(clock)
  let served = 0
  for (let n = 0; n < 40; n += 1) void pace(session('nux')).then(() => (served += 1))
  await pass(0)
  expect(served).toBe(30)
  await pace(session('slit'))
  await pace({ kind: 'operator', actor: 'overseer' })
  await pass(500)
  expect(served).toBe(35)
  await pass(10_000)
  expect(served).toBe(40)
})

test('a session that never stops asking is told to come back', async () => {
  const { clock, pass } = heldClock()
  const pace = createPace(clock)
  const asked = Array.from({ length: 200 }, () => pace(session('nux')))
  const outcomes = Promise.allSettled(asked)
  await pass(60_000)
  const refused = (await outcomes).filter(({ status }) => status === 'rejected')
  expect(refused.length).toBeGreaterThan(50)
  expect(refused[0]).toMatchObject({ reason: { code: 'TOWN_BUSY' } })
})

test('a clock that goes back by hours keeps a session waiting for some seconds and not for hours', async () => {
  const { clock, pass } = heldClock()
  const pace = createPace(clock)
  await pass(10 * 3_600_000)
  for (let n = 0; n < 10; n += 1) await pace(session('nux'))
  await pass(-5 * 3_600_000)
  await pace(session('nux')).catch(() => undefined)
  await pass(10_100)
  let served = false
  void pace(session('nux')).then(() => {
    served = true
  })
  await pass(10_100)
  expect(served).toBe(true)
})
