// Some of the points that `npm run damage -- --sweep` goes through.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeSoundLog, type SoundLog, scratchFolder } from './sound-log.ts'
import { straceHere } from './strace.ts'
import { pointOf, strike } from './sweep.ts'

// Each point is a process of its own, traced.
vi.setConfig({ testTimeout: 90_000 })

const works = straceHere()

describe.skipIf(!works)('a process of a log whose calls kill it or fail', () => {
  let root: string
  let sound: SoundLog
  beforeAll(async () => {
    root = await scratchFolder()
    process.env.TMPDIR = root
    sound = await makeSoundLog(join(root, 'log'), 0, 500)
  })
  afterAll(() => rm(root, { recursive: true, force: true }))

  /** The points that were reached. */
  async function strikeAll(points: readonly string[]): Promise<number> {
    let struck = 0
    for (const point of points) {
      const outcome = await strike(sound, root, pointOf(point), 'short')
      expect(outcome.wrong, point).toBeUndefined()
      if (outcome.struck) struck += 1
    }
    return struck
  }

  test('[L2] [L4] [L9] [L10] [P2] killed before a call, it leaves every acknowledged append once, and nothing in part', async () => {
    const points = [
      'log:write:9:kill',
      'log:fdatasync:4:kill',
      'table:write:12:kill',
      'list:write:4:kill',
      'list:rename:2:kill',
    ]
    expect(await strikeAll(points)).toBeGreaterThan(3)
  })

  test('[L6] [L9] [P2] when calls fail it goes on by itself, and every append is there once', async () => {
    const points = [
      'log:write:8:EIO',
      'log:fdatasync:5:EIO-EIO',
      // LevelDB goes on without the log that it cannot open, and removes it.
      'log:openat:2:EIO',
      // What cannot be read at the moment is not damaged.
      'list:openat:10:EIO-EIO',
      'head:openat:3:EIO-EIO',
    ]
    expect(await strikeAll(points)).toBeGreaterThan(2)
  })
})
