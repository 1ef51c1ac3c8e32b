// Some rounds of `npm run damage -- --disk`.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fillAndFree, smallDisk, writeWithLimit } from './disk.ts'
import { makeSoundLog, type SoundLog, scratchFolder } from './sound-log.ts'

const root = await scratchFolder()
const disk = await smallDisk(root)
let sound: SoundLog
beforeAll(async () => {
  process.env.TMPDIR = root
  sound = await makeSoundLog(join(root, 'log'), 0, 500)
})
afterAll(async () => {
  await disk?.remove()
  await rm(root, { recursive: true, force: true })
})

test('[L6] [P2] when writes are cut short every acknowledged append is there, once', async () => {
  const { acks, wrong } = await writeWithLimit(sound, root, 100, 10_000)
  expect(wrong).toBeUndefined()
  expect(acks).toBeGreaterThan(5)
})

describe.skipIf(disk === null)('a disk that is full', () => {
  test('[L4] [L6] [P2] loses nothing that was acknowledged, and is written to again within 5 seconds of having room', async () => {
    if (disk === null) throw new Error('There is no small disk.')
    const { acks, backMs, wrong } = await fillAndFree(disk, sound, root, 1)
    expect(wrong).toBeUndefined()
    expect(acks).toBeGreaterThan(2)
    expect(backMs).toBeLessThan(5_000)
  })
})
