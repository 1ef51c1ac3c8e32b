import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  begin,
  cuesAt,
  JUMP_MS,
  type Key,
  playOn,
  positionOf,
  press,
  timelineOf,
  waitFor,
} from '../../src/cli/playhead.ts'

const SECOND = 1_000
const plain = { speed: 1, idleMs: 2 * SECOND }

/** A watcher whose clock goes on only while it waits, and who presses keys at given moments. */
function watcher(keys: readonly (readonly [at: number, key: Key])[]) {
  let now = 0
  let pressed = 0
  const seen: { at: number; from: number; to: number; jumped: boolean }[] = []
  const pauses: boolean[] = []
  return {
    seen,
    pauses,
    now: () => now,
    next(ms: number | null) {
      const [at, key] = keys[pressed] ?? [Number.POSITIVE_INFINITY, null]
      if (ms === null && key === null) throw new Error('It waits for ever.')
      if (key !== null && (ms === null || at <= now + ms)) {
        now = Math.max(now, at)
        pressed += 1
        return Promise.resolve(key)
      }
      now += ms ?? 0
      return Promise.resolve(null)
    },
    show: (from: number, to: number, jumped: boolean) => {
      seen.push({ at: now, from, to, jumped })
    },
    paused: (paused: boolean) => {
      pauses.push(paused)
    },
  }
}

describe('the time of playing', () => {
  test('is real time divided by the speed, with gaps cut to two seconds and said', () => {
    const line = timelineOf([0, 500, 4_500, 604_500], plain)
    expect(line).toEqual({ due: [0, 500, 2_500, 4_500], cut: [0, 0, 4_000, 600_000], length: 4_500 })
    expect(timelineOf([0, 60_000], { speed: 60, idleMs: 2_000 })).toEqual({
      due: [0, 1_000],
      cut: [0, 0],
      length: 1_000,
    })
  })

  test('never falls, and a gap takes at most two seconds, whatever the clock did', () => {
    const times = fc.array(fc.integer({ min: 0, max: 1e9 }), { maxLength: 50 })
    fc.assert(
      fc.property(times, fc.double({ min: 0.1, max: 1_000, noNaN: true }), (when, speed) => {
        const { due, length } = timelineOf(when, { speed, idleMs: 2_000 })
        for (const [n, each] of due.entries()) {
          const gap = each - (due[n - 1] ?? 0)
          expect(gap).toBeGreaterThanOrEqual(0)
          expect(gap).toBeLessThanOrEqual(2_000)
        }
        expect(length).toBe(due.at(-1) ?? 0)
        expect(cuesAt({ due, cut: [], length }, length)).toBe(due.length)
      }),
    )
  })
})

describe('playing', () => {
  const line = timelineOf([0, 1_000, 2_000, 3_000], plain)

  test('shows each thing when it is due, and ends with the last', async () => {
    const one = watcher([])
    expect(await playOn(line, one)).toBe('over')
    expect(one.seen.map(({ at, to }) => [at, to])).toEqual([
      [0, 1],
      [1_000, 2],
      [2_000, 3],
      [3_000, 4],
    ])
  })

  test('stands still while it is paused', async () => {
    const one = watcher([
      [1_500, 'pause'],
      [61_500, 'pause'],
    ])
    expect(await playOn(line, one)).toBe('over')
    expect(one.seen.map(({ at }) => at)).toEqual([0, 1_000, 62_000, 63_000])
    expect(one.pauses).toEqual([true, false])
  })

  test('jumps ten seconds back and on, not beyond its ends, and goes on from there', async () => {
    const long = timelineOf(
      Array.from({ length: 40 }, (_, n) => n * SECOND),
      plain,
    )
    const one = watcher([
      [500, 'forward'],
      [1_500, 'back'],
      [1_600, 'back'],
      [2_000, 'leave'],
    ])
    expect(await playOn(long, one)).toBe('left')
    expect(one.seen).toEqual([
      { at: 0, from: 0, to: 1, jumped: false },
      { at: 500, from: 1, to: 11, jumped: true },
      { at: 1_000, from: 11, to: 12, jumped: false },
      { at: 1_500, from: 12, to: 2, jumped: true },
      { at: 1_600, from: 2, to: 1, jumped: true },
    ])
    const end = press(begin(0), 'forward', line, 0)
    expect(end?.position).toBe(Math.min(JUMP_MS, line.length))
  })

  test('can be paused and looked at from anywhere, and is left at once', async () => {
    const one = watcher([
      [0, 'pause'],
      [100, 'forward'],
      [200, 'leave'],
    ])
    expect(await playOn(line, one)).toBe('left')
    expect(one.seen.at(-1)).toEqual({ at: 100, from: 1, to: 4, jumped: true })
  })

  test('is over at once when there is nothing', async () => {
    expect(await playOn(timelineOf([], plain), watcher([]))).toBe('over')
  })

  test('never waits for what was due before', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5_000), { minLength: 1, maxLength: 20 }), fc.nat(60_000), (gaps, now) => {
        const times: number[] = []
        for (const gap of gaps) times.push((times.at(-1) ?? 0) + gap)
        const some = timelineOf(times, plain)
        const wait = waitFor(begin(0), some, now)
        const position = positionOf(begin(0), some, now)
        if (wait === null) expect(cuesAt(some, position)).toBe(some.due.length)
        else expect(wait).toBeGreaterThan(0)
      }),
    )
  })
})
