import { test } from 'vitest'
import { killTown } from '../support/kill-town.ts'

const SEED = Number(process.env.SEED ?? 20261130)

test('[TOWNUP-1] [P1] [P2] 20 kills -9 of the daemon while three agents work lose no record, no bead and no session, and land nothing twice', async () => {
  await killTown({ seed: SEED, kills: 20, beads: 8 }).catch((cause: unknown) => {
    throw new Error(`SEED=${SEED}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  })
}, 120_000)
