import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { flipBits } from './flips.ts'
import { makeSoundLog, scratchFolder } from './sound-log.ts'

const FLIPS = 100

let root: string
beforeAll(async () => {
  root = await scratchFolder()
  process.env.TMPDIR = root
})
afterAll(() => rm(root, { recursive: true, force: true }))

test(`[L9] of ${FLIPS} flipped bits none goes unnoticed, in sealed runs, the tail, or what LevelDB and we keep beside them`, async () => {
  const sound = await makeSoundLog(join(root, 'log'), 1024, 100, 512)
  const { named, undetected, byFile } = await flipBits(sound, root, { flips: FLIPS, seed: 7 })
  expect(undetected).toEqual([])
  expect(named).toBeGreaterThan(FLIPS / 2)
  expect(Object.keys(byFile).sort()).toEqual(['.ldb', '.log', '.rows', 'CURRENT', 'MANIFEST', 'head'])
})
