// Boot and its watch in the simulated town: nothing is called late that is only slow, and a lost timer is mended.

import { expect, test } from 'vitest'
import { type BootWatch, createBootWatch } from '../../src/town/boot.ts'
import type { Plant } from './daemon.ts'
import { forgetsTimers } from './plants.ts'
import { simulate } from './world.ts'

/** The daemon's own watch, beside what `plant` puts between the system and its world. */
const withBoot =
  (plant: Plant = (options) => options): Plant =>
  (options, world) => {
    const { scheduler, checker, crashes } = world
    const watch: BootWatch = createBootWatch({
      // What a life of the daemon has set is gone with it.
      clock: { after: (ms, fire) => scheduler.after(ms, () => world.crashes === crashes && fire()) },
      elapsed: () => scheduler.now,
      dispatch: () => checker.projections.dispatch.rows,
      onTrouble: (code, message) => checker.violated(`${code}: ${message}`),
    })
    watch.begin({ take: async (turn: never) => world.daemon?.system?.take(turn) } as never)
    return {
      ...plant(options, world),
      watch,
      onRecord: (record) => {
        options.onRecord(record)
        watch.record(record)
      },
    }
  }

const SEEDS = 4
async function run(plant: Plant) {
  const facts = new Map<string, number>()
  let rested = 0
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const result = await simulate({ seed, plant })
    if (result.violation === null) rested += 1
    for (const [type, count] of result.facts) facts.set(type, (facts.get(type) ?? 0) + count)
  }
  return { rested, stale: facts.get('RoleStale') ?? 0, restarted: facts.get('RoleRestarted') ?? 0 }
}

test('[BOOT-7] whatever else goes wrong, nobody is called late who is only slow', async () => {
  expect(await run(withBoot())).toEqual({ rested: SEEDS, stale: 0, restarted: 0 })
})

test('[BOOT-1] a town that loses one timer in three comes to rest with Boot far more often than without', async () => {
  const alone = await run(forgetsTimers)
  const watched = await run(withBoot(forgetsTimers))
  expect(watched.restarted).toBeGreaterThan(0)
  expect(watched.rested).toBeGreaterThan(alone.rested)
})
