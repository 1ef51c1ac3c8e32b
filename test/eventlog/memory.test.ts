import { describe, expect, test } from 'vitest'
import { createMemoryDisk, createMemoryLog } from '../../eventlog/index.ts'
import { all, entry, eventLogContract, expectCode, turns } from './contract.ts'

eventLogContract('a memory disk', async () => {
  const disk = createMemoryDisk({ seed: 'contract' })
  return {
    open: async (options = {}) => createMemoryLog({ ...options, disk }),
    failNext: (fault) => disk.failNext(fault),
    hold: () => disk.hold(),
    release: () => disk.release(),
    damage: async (seq) => disk.flipBit(seq, 100),
    loseArchive: async (seq, lost) => disk.loseArchive(seq, lost),
    placeOf: (name) => name,
    openBackup: async (place) => createMemoryLog({ disk: disk.backupAt(place) }),
    dispose: async () => {},
  }
})

describe('a memory disk', () => {
  test('[L4] [P2] a crash loses what was not durable and nothing that was answered', async () => {
    const disk = createMemoryDisk()
    const before = createMemoryLog({ disk })
    await before.append([entry(1)], { id: 'a' })
    disk.hold()
    let answer = 'none'
    before.append([entry(2)], { id: 'b' }).then(
      () => {
        answer = 'written'
      },
      () => {
        answer = 'failed'
      },
    )
    await turns()
    expect(disk.pending).toBe(true)
    disk.crash()
    disk.release()
    await expectCode(before.append([entry(3)], { id: 'c' }), 'LOG_CLOSED')
    const after = createMemoryLog({ disk })
    expect(after.head.seq).toBe(1)
    expect(await after.append([entry(2)], { id: 'b' })).toMatchObject({ first: 2, repeated: false })
    expect(answer).toBe('none')
  })

  test('[L5] a crash may keep an append that nobody was told of, and its id says so', async () => {
    const disk = createMemoryDisk()
    const before = createMemoryLog({ disk })
    disk.hold()
    void before.append([entry(1), entry(2)], { id: 'a' })
    await turns()
    disk.crash({ tail: 'kept' })
    const after = createMemoryLog({ disk })
    expect(await after.find('a')).toEqual({ first: 1, last: 2, repeated: true })
    expect(await all(after)).toHaveLength(2)
  })

  test('[L6] a full disk refuses appends and openings until it is freed', async () => {
    const disk = createMemoryDisk()
    const log = createMemoryLog({ disk })
    disk.fill()
    await expectCode(log.append([entry(1)], { id: 'a' }), 'APPEND_UNKNOWN')
    await expectCode(log.reopen(), 'LOG_UNAVAILABLE')
    await expectCode(log.append([entry(1)], { id: 'a' }), 'LOG_POISONED')
    disk.free()
    await log.reopen()
    expect(await log.append([entry(1)], { id: 'a' })).toMatchObject({ first: 1, repeated: false })
  })

  test('one log at a time holds a disk', async () => {
    const disk = createMemoryDisk()
    const log = createMemoryLog({ disk })
    expect(() => createMemoryLog({ disk })).toThrow(expect.objectContaining({ code: 'LOG_LOCKED' }))
    await log.close()
    await createMemoryLog({ disk }).close()
  })

  test('the same calls give the same log, on microtasks alone', async () => {
    const run = async () => {
      const log = createMemoryLog({ seed: 7 })
      const seen: number[] = []
      log.subscribe(0, (batch) => void seen.push(batch.length))
      for (let n = 1; n <= 200; n += 1) void log.append([entry(n)], { id: `n-${n}` })
      for (let n = 0; n < 50; n += 1) await undefined
      return { seen, head: log.head, logId: log.logId }
    }
    const first = await run()
    expect(first.head.seq).toBe(200)
    expect(await run()).toEqual(first)
  })
})
