import { expect, test } from 'vitest'
import { lastBefore, parseMoment, parseSince, seqAt, seqSince, type TimedLog } from '../../src/api/moment.ts'
import { createRandom } from '../sim/random.ts'

const BEGIN = Date.parse('2027-03-01T08:00:00.000Z')
const iso = (ms: number): string => new Date(BEGIN + ms).toISOString()

/** A log in which several records have the same time, as they have when the clock stands or goes backwards. */
function logOf(ats: readonly string[], every: number | null): TimedLog & { looked: number } {
  const log = {
    looked: 0,
    head: { seq: ats.length, chain: '' },
    async get(seq: number) {
      log.looked += 1
      return { seq, line: JSON.stringify({ seq, v: 1, at: ats[seq - 1] }) }
    },
  }
  if (every === null) return log
  const whole = Math.floor(ats.length / every)
  const firsts = Array.from({ length: whole }, (_, run) => ats[run * every] as string)
  return Object.assign(log, { firstAts: async () => ({ every, ats: firsts }) })
}

test('[P4] a time means the last record at or before it, whatever is known of the times of runs', async () => {
  const random = createRandom(11).next
  for (let n = 0; n < 60; n += 1) {
    let ms = 0
    const ats = Array.from({ length: 1 + Math.floor(random() * 90) }, () => {
      ms += random() < 0.6 ? 0 : Math.floor(random() * 5)
      return iso(ms)
    })
    for (let at = -1; at <= ms + 1; at += 1) {
      const wanted = ats.findLastIndex((each) => each <= iso(at)) + 1
      for (const every of [null, 1, 4, 16, 128])
        expect(await lastBefore(logOf(ats, every), iso(at)), `${at} of ${ats.length}, ${every}`).toBe(wanted)
    }
  }
})

test('a time is looked up in one run when the times of runs are known', async () => {
  const ats = Array.from({ length: 5_000 }, (_, n) => iso(n))
  const [plain, timed] = [logOf(ats, null), logOf(ats, 16)]
  expect(await lastBefore(plain, iso(3_210))).toBe(3_211)
  expect(await lastBefore(timed, iso(3_210))).toBe(3_211)
  expect(timed.looked).toBeLessThanOrEqual(5)
  expect(plain.looked).toBeGreaterThan(10)
})

test('[P4] since a minute takes in all of it, as of a minute as well, and since a record what comes after that', async () => {
  const now = new Date(2027, 2, 1, 23, 30, 15).getTime()
  const ten = new Date(2027, 2, 1, 22, 0).getTime()
  expect(parseSince('22:00', now)).toEqual({ kind: 'time', ms: ten })
  expect(parseMoment('22:00', now)).toEqual({ kind: 'time', ms: ten + 59_999 })
  // Before that minute was shown today it is yesterday's.
  expect(parseSince('23:31', now)).toEqual({ kind: 'time', ms: ten + 91 * 60_000 - 24 * 3_600_000 })
  const ats = [ten - 1, ten, ten + 30_000, ten + 60_000].map((ms) => new Date(ms).toISOString())
  const log = logOf(ats, null)
  expect(await seqSince(log, '22:00', now)).toBe(1)
  expect(await seqAt(log, '22:00', now)).toBe(3)
  expect(await seqSince(log, '2', now)).toBe(2)
  await expect(seqSince(log, '5', now)).rejects.toMatchObject({ code: 'POSITION_IN_FUTURE' })
})
