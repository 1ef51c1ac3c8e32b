// The seeds that the tests of every change run beside those of town.test.ts, in two processes of their own: 100 there, with
// what the town held at each prefix of its log, and 200 here. The bank of defects and the campaigns are `npm run sim`.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { tried } from './shrink.ts'
import { NO_FAULTS, simulate } from './world.ts'

const run = promisify(execFile)
const SCRIPT = new URL('run.ts', import.meta.url).pathname
const FIRST = 101
const EACH = 100
/** A tenth of it where nothing else runs. */
const MINUTES_6 = 360_000
const DAY_MS = 24 * 3_600_000

type Ran = { readonly seeds: number; readonly records: number; readonly broken: number }

async function seedsFrom(first: number): Promise<Ran> {
  const args = [SCRIPT, '--seeds', String(EACH), '--from', String(first), '--json']
  const { stdout } = await run(process.execPath, args, { maxBuffer: 1e8 }).catch(
    ({ stdout }: { stdout: string }) => expect.fail(stdout),
  )
  return JSON.parse(stdout) as Ran
}

describe('a simulated town', () => {
  test(
    `[P1] [P2] [P5] [P8] keeps every promise in the seeds ${FIRST} to ${FIRST + 2 * EACH - 1}, of a thousand records each`,
    async () => {
      const halves = await Promise.all([seedsFrom(FIRST), seedsFrom(FIRST + EACH)])
      expect(halves.map(({ broken }) => broken)).toEqual([0, 0])
      const records = halves.reduce((sum, half) => sum + half.records, 0)
      expect(records / (2 * EACH)).toBeGreaterThan(900)
    },
    MINUTES_6,
  )

  test('[P7] at rest for a day makes no model call, starts no process, and writes at most two records an hour', async () => {
    const { violation, landed, quiet } = await simulate({
      seed: 1,
      faults: NO_FAULTS,
      beads: 4,
      quietMs: DAY_MS,
    })
    expect(violation).toBeNull()
    expect(landed).toBeGreaterThan(0)
    expect(quiet.processes).toBe(0)
    expect(quiet.effects).toBe(0)
    expect(quiet.records).toBeLessThanOrEqual(48)
  })

  test('gets useful work out of agents of whom three in ten lie, die or do nothing, also when all else is well', async () => {
    for (const seed of [1, 2, 3]) {
      const result = await tried({ seed, faults: { ...NO_FAULTS, unreliable: true } })
      expect(result.violation).toBeNull()
      expect(result.landed).toBeGreaterThan(result.beads / 2)
    }
  }, 60_000)
})
