// What is kept in memory of the unsealed rows, and that sealing takes it from there.

import { ClassicLevel } from 'classic-level'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLog, type EventLog, openLog } from '../../eventlog/index.ts'
import { seqKey } from '../../eventlog/level/keys.ts'
import { Tail } from '../../eventlog/level/tail.ts'
import { all } from './contract.ts'
import { temporaryFolder } from './level-subject.ts'

const RUN = 512

describe('sealing', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let dir: string

  beforeEach(async () => {
    folder = await temporaryFolder()
    dir = `${folder.path}/log`
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await folder.remove()
  })

  test('[L19] appending and sealing ask LevelDB for nothing, on which the loop could wait', async () => {
    await filled(await createLog(dir, { autoSeal: false }), [300, 1])
    const log = await openLog(dir, { autoSeal: false })
    const asked = (['snapshot', 'iterator', 'keys', 'getSync', 'getMany'] as const).map((name) =>
      vi.spyOn(ClassicLevel.prototype, name),
    )
    // Commits within a run, across the end of one, and across two.
    await append(log, [100, 300, 1200, 1, 1])
    expect(await log.seal()).toEqual({ segments: 3 })
    await append(log, [700])
    expect(await log.seal()).toEqual({ segments: 2 })
    for (const spy of asked) expect(spy).not.toHaveBeenCalled()
    vi.restoreAllMocks()
    expect((await log.verify()).problems).toEqual([])
    expect((await all(log)).map(({ line }) => JSON.parse(line).n)).toEqual(numbers(1, 2603))
    for (const id of ['n-1', 'n-702', 'n-1902']) expect(await log.find(id)).toMatchObject({ repeated: true })
    await log.close()
  })

  test('[L10] [L19] what does not fit into memory is sealed from the database, and then from memory again', async () => {
    const log = await createLog(dir, { autoSeal: false })
    const snapshots = vi.spyOn(ClassicLevel.prototype, 'snapshot')
    await append(log, [RUN / 2, RUN / 2, RUN / 2, RUN / 2], 'much '.repeat(10_000))
    expect(await log.seal()).toEqual({ segments: 2 })
    expect(snapshots).toHaveBeenCalledTimes(1)
    await append(log, [RUN])
    expect(await log.seal()).toEqual({ segments: 1 })
    expect(snapshots).toHaveBeenCalledTimes(1)
    expect(await log.stats()).toMatchObject({ sealed: 3 * RUN })
    expect((await log.verify()).problems).toEqual([])
    await log.close()
  })
})

describe('the unsealed rows in memory', () => {
  const room = 1024 * 1024
  const put = (tail: Tail, last: number, size: number) => tail.room(seqKey('r', last), size).fill(last % 256)
  const lasts = (tail: Tail, after: number, to: number) =>
    [...(tail.rows(after, to)?.() ?? [])].map(({ last, value }) => [last, value.length, value[0]])

  test('rows come back as they were put, up to the one that holds the last entry', () => {
    const tail = new Tail(0)
    for (const last of [1, 3, 700, 701]) put(tail, last, last * 1000)
    expect(lasts(tail, 0, 512)).toEqual([
      [1, 1000, 1],
      [3, 3000, 3],
      [700, 700_000, 188],
    ])
    const rest = { last: 700, key: seqKey('r', 700), value: Buffer.alloc(9) }
    tail.sealed(512, rest)
    expect(lasts(tail, 512, 700)).toEqual([[700, 9, 0]])
    expect(tail.rows(3, 700)).toBeUndefined()
  })

  test('what was handed out stays, whatever is put, sealed or dropped later', () => {
    const tail = new Tail(0, room)
    for (let last = 1; last <= 4; last += 1) put(tail, last, 100_000)
    const rows = tail.rows(0, 4)
    for (let last = 5; last <= 40; last += 1) put(tail, last, 100_000)
    tail.sealed(30, undefined)
    expect([...(rows?.() ?? [])].map(({ last, value }) => [last, value[0]])).toEqual(
      [1, 2, 3, 4].map((n) => [n, n]),
    )
  })

  test('the oldest make room for what comes, and are asked of whoever has them', () => {
    const tail = new Tail(0, room)
    for (let last = 1; last <= 40; last += 1) put(tail, last, 100_000)
    expect(tail.rows(0, 10)).toBeUndefined()
    const first = numbers(1, 40).find((n) => tail.rows(n, 40) !== undefined) ?? 0
    expect(first).toBeGreaterThan(28)
    expect(lasts(tail, first, 40).map(([last]) => last)).toEqual(numbers(first + 1, 40))
  })
})

async function filled(log: EventLog, sizes: readonly number[]): Promise<void> {
  await append(log, sizes)
  await log.close()
}

async function append(log: EventLog, sizes: readonly number[], text = ''): Promise<void> {
  for (const size of sizes) {
    const first = log.next
    const entries = numbers(first, first + size - 1).map((n) => ({ n, text }))
    await log.append(entries, { id: `n-${first}` })
  }
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n)
