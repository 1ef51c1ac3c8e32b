import { describe, expect, test } from 'vitest'
import type { LogRecord } from '../../src/events/record.ts'
import { RECORDS_MIN } from '../support/past-histories.ts'
import { prefixReplay } from '../support/prefix-replay.ts'
import { NO_FAULTS, type SimulationResult, simulate } from './world.ts'

/** One seed alone: `SEED=17 npx vitest run test/sim`. */
const only = process.env.SEED === undefined ? null : Number(process.env.SEED)
const seeds = only === null ? Array.from({ length: 100 }, (_, n) => n + 1) : [only]
const TEN = 10
/** Two seconds where nothing else runs. */
const TEN_SEEDS_MS = 120_000

const told = ({ seed, violation }: SimulationResult): string | null =>
  violation === null ? null : `SEED=${seed} npx vitest run test/sim: ${violation}`

describe('a simulated town', () => {
  const facts = new Map<string, number>()
  const hashes = new Map<number, string>()
  let crashes = 0
  let histories = 0

  for (let first = 0; first < seeds.length; first += TEN) {
    const some = seeds.slice(first, first + TEN)
    test(
      `[P1] [P2] [P4] [P5] [P8] keeps every promise through crashes and failing disks, and is at every prefix of its log (of most: of the first 300 records) what it was then: seeds ${some[0]} to ${some.at(-1)}`,
      async () => {
        for (const seed of some) {
          const result = await simulate({ seed, prefixes: true })
          expect(told(result)).toBeNull()
          expect(result.prefixes?.differences, `SEED=${seed}`).toEqual([])
          if (result.records >= RECORDS_MIN) histories += 1
          hashes.set(seed, result.hash)
          crashes += result.crashes
          for (const [fact, count] of result.facts) facts.set(fact, (facts.get(fact) ?? 0) + count)
        }
      },
      TEN_SEEDS_MS,
    )
  }

  test.runIf(only === null)('has met, in these seeds, whatever may happen to a bead', () => {
    expect(crashes).toBeGreaterThan(300)
    // With those of test/past/prefixes.test.ts these are 200.
    expect(histories).toBeGreaterThanOrEqual(95)
    const all = [
      'BatchBegan',
      'BatchNarrowed',
      'BeadLanded',
      'BeadBlocked',
      'BeadDeferred',
      'BeadReworked',
      'BeadNeedTakenBack',
      'BeadUnhooked',
      'CulpritFound',
      'DecisionAnswered',
      'DispatchWaiting',
      'DispatchWithdrawn',
      'EscalationRaised',
      'GateFlaky',
      'LandingWaits',
      'MergeConflicted',
      'MergeFailed',
      'MergeRejected',
      'MergeRequeued',
      'MergeReverted',
      'PullJudged',
      'PullNotOpened',
      'PullOpened',
      'PullWaits',
      'RecoveryGranted',
      'RecoveryScheduled',
      'RevertFailed',
      'RigFailed',
      'SandboxParked',
      'SessionFailed',
      'SessionStopping',
      'TargetFrozen',
      'TargetMended',
      'TargetNotTested',
      'TargetRed',
      'TargetThawed',
      'WorkNotVerified',
      'WorktreeFailed',
      'WorktreeKept',
    ]
    expect(all.filter((fact) => !facts.has(fact))).toEqual([])
  })

  test('lands every bead when nothing goes wrong', async () => {
    for (const seed of seeds.slice(0, 3)) {
      const result = await simulate({ seed, faults: NO_FAULTS })
      expect(told(result)).toBeNull()
      expect(result.landed).toBeGreaterThanOrEqual(5)
      expect(result.facts.has('EscalationRaised')).toBe(false)
    }
  })

  test('is the same town, record for record, when the seed is', async () => {
    for (const seed of seeds.slice(0, TEN)) {
      const { hash } = await simulate({ seed })
      expect(hash, `SEED=${seed}`).toBe(hashes.get(seed) ?? (await simulate({ seed })).hash)
    }
  })

  test('[P1] stands after each crash where the log says, rebuilt in full', async () => {
    for (const seed of seeds.slice(0, 3)) expect(told(await simulate({ seed, thorough: true }))).toBeNull()
  })

  test('[P1] [P3] [P4] is the same at every position of its log, rebuilt or kept live', async () => {
    for (const seed of seeds.slice(0, 2)) {
      const { lines } = await simulate({ seed, keep: true })
      const records = lines.map((line) => JSON.parse(line) as LogRecord)
      const { positions, differences } = await prefixReplay(records, { positions: seed === 1 ? 100 : 25 })
      expect(differences).toEqual([])
      expect(positions).toBeGreaterThanOrEqual(Math.min(25, records.length))
    }
  })
})
