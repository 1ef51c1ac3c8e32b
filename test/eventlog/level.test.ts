import { statSync } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLog, type EventLog, openLog, verifyLog } from '../../eventlog/index.ts'
import { idKey, META_FORMAT, rangeOf, seqKey, seqOf } from '../../eventlog/level/keys.ts'
import { checkTable } from '../../eventlog/level/table.ts'
import { encodeIdBatch, encodeIdPlace, encodeText } from '../../eventlog/level/values.ts'
import { all, entry, eventLogContract, expectCode, turns, until } from './contract.ts'
import { copyLog, levelSubject, temporaryFolder } from './level-subject.ts'

eventLogContract('LevelDB', levelSubject)

describe('a log in a folder', () => {
  let folder: { readonly path: string; remove(): Promise<void> }
  let dir: string

  beforeEach(async () => {
    folder = await temporaryFolder()
    dir = join(folder.path, 'log')
  })
  afterEach(() => folder.remove())
  const level = async <T>(use: (db: ClassicLevel<Buffer, Buffer>) => Promise<T>): Promise<T> => {
    const db = new ClassicLevel<Buffer, Buffer>(join(dir, 'db'), {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
    })
    const result = await use(db)
    await db.close()
    return result
  }

  test('opening creates nothing, creating replaces nothing', async () => {
    await expectCode(openLog(dir), 'LOG_MISSING')
    expect(await readdir(folder.path)).toEqual([])
    await (await createLog(dir)).close()
    await expectCode(createLog(dir), 'LOG_EXISTS')
    expect(await readdir(folder.path)).toEqual(['log'])
    expect((await readdir(dir)).sort()).toEqual(['db', 'head'])
    await (await openLog(dir)).close()
  })

  test('[L9] a log whose CURRENT file or whole database is gone is refused as damaged, not replaced', async () => {
    const log = await createLog(dir)
    await log.append([entry(1)], { id: 'a' })
    await log.close()
    await rm(join(dir, 'db', 'CURRENT'))
    const files = await readdir(join(dir, 'db'))
    await expectCode(openLog(dir), 'LOG_DAMAGED')
    expect((await readdir(join(dir, 'db'))).filter((name) => name.endsWith('.log'))).toEqual(
      files.filter((name) => name.endsWith('.log')),
    )
    await rm(join(dir, 'db'), { recursive: true })
    await expectCode(openLog(dir), 'LOG_DAMAGED')
    expect((await verifyLog(dir)).problems).toContainEqual(expect.objectContaining({ seq: 1, kind: 'head' }))
  })

  test('a log of a newer format is refused as newer, one of an unknown format as damaged', async () => {
    await (await createLog(dir)).close()
    for (const [format, code] of [
      ['4', 'LOG_NEWER'],
      ['0', 'LOG_DAMAGED'],
    ] as const) {
      const db = new ClassicLevel<Buffer, Buffer>(join(dir, 'db'), {
        keyEncoding: 'buffer',
        valueEncoding: 'buffer',
      })
      await db.put(META_FORMAT, encodeText(META_FORMAT, format))
      await db.close()
      await expectCode(openLog(dir), code)
    }
  })

  test('a second opening of the same log is refused, and verifying it does not let go of its lock', async () => {
    const log = await createLog(dir)
    await expectCode(openLog(dir), 'LOG_LOCKED')
    await expectCode(verifyLog(dir), 'LOG_LOCKED')
    await expectCode(openLog(dir), 'LOG_LOCKED')
    await log.append([entry(1)], { id: 'a' })
    await log.close()
    expect((await verifyLog(dir)).ok).toBe(true)
  })

  test('[L4] appends that arrive while a commit is under way share the next one', async () => {
    const subject = await levelSubject()
    const log = await subject.open()
    subject.hold()
    const appends = [log.append([entry(0)], { id: 'first' })]
    await turns()
    for (let n = 1; n <= 40; n += 1) appends.push(log.append([entry(n)], { id: `n-${n}` }))
    subject.release()
    await Promise.all(appends)
    expect(subject.faults.writes).toBe(2)
    await log.close()
    await subject.dispose()
  })

  test('[L6] a failed write while sealing poisons like any other, and loses nothing', async () => {
    const subject = await levelSubject()
    const log = await subject.open()
    for (let n = 1; n <= 520; n += 1) void log.append([entry(n)], { id: `n-${n}` })
    await log.append([entry(521)], { id: 'last' })
    subject.failNext('written')
    await expect(log.seal()).rejects.toThrow('No space left')
    await expectCode(log.append([entry(522)], { id: 'later' }), 'LOG_POISONED')
    await log.reopen()
    expect(await log.stats()).toMatchObject({ sealed: 512 })
    expect(await all(log)).toHaveLength(521)
    await log.close()
    await subject.dispose()
  })

  test('[L10] full runs are sealed in the background, and the ids of 512 entries leave with their window', async () => {
    const log = await createLog(dir, { idWindowEntries: 100 })
    const appends: Promise<unknown>[] = []
    for (let n = 1; n <= 1100; n += 1) {
      appends.push(log.append([entry(n)], { id: `n-${n}` }))
      if (n % 50 === 0) await Promise.all(appends)
    }
    let sealed = 0
    while (sealed < 1024) {
      await turns(1)
      sealed = (await log.stats()).sealed
    }
    await log.close()
    const db = new ClassicLevel<Buffer, Buffer>(join(dir, 'db'), {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
    })
    expect(await db.keys(rangeOf('s')).all()).toHaveLength(2)
    for (const kind of ['h', 'p'] as const)
      expect((await db.keys(rangeOf(kind)).all()).map(seqOf), kind).toEqual([1024])
    expect((await db.keys(rangeOf('x')).all()).map(seqOf)).toEqual([1050, 1100])
    await db.close()
  })

  test('[L17] a failed write while archiving poisons like any other, and loses nothing', async () => {
    const subject = await levelSubject()
    const log = await subject.open()
    for (const fault of ['lost', 'written'] as const) {
      const entries = Array.from({ length: 1100 }, (_, n) => entry(n))
      await log.append(entries, { id: fault })
      await log.seal()
      const before = await all(log)
      subject.failNext(fault)
      await expect(log.archive(before.length)).rejects.toThrow('No space left')
      await expectCode(log.append([entry(0)], { id: 'later' }), 'LOG_POISONED')
      expect(await all(log)).toEqual(before)
      await log.reopen()
      expect(await all(log)).toEqual(before)
      expect((await log.verify()).problems).toEqual([])
      await log.archive(before.length)
      expect(await all(log)).toEqual(before)
    }
    await log.close()
    await subject.dispose()
  })

  test('[L5] [L13] ids that a build before format 3 wrote are found, forgotten with their window, and packed', async () => {
    let log = await createLog(dir, { autoSeal: false })
    const fill = async (count: number) => {
      for (let n = 0; n < count; n += 1) await log.append([entry(n)], { id: `n-${log.next}` })
    }
    await fill(600)
    await log.seal()
    await log.close()
    // As it was kept then: a row for each id and one for each commit, also of sealed runs.
    await level(async (db) => {
      for (let n = 1; n <= 600; n += 1) {
        const [place, batch] = [idKey(`n-${n}`), seqKey('x', n)]
        await db.put(place, encodeIdPlace(place, { first: n, last: n, at: 0 }))
        await db.put(batch, encodeIdBatch(batch, { at: 0, ids: [[`n-${n}`, n]] }))
      }
      for (const kind of ['h', 'p'] as const) await db.del(seqKey(kind, 512))
      await db.put(META_FORMAT, encodeText(META_FORMAT, '2'))
    })
    const options = { autoSeal: false, now: () => 0, idWindowEntries: 700 }
    log = await openLog(dir, options)
    for (const n of [1, 512, 513, 600]) expect(await log.find(`n-${n}`)).toMatchObject({ first: n, last: n })
    expect(await log.find('n-601')).toBeUndefined()
    await fill(600)
    await log.seal()
    for (const n of [501, 512, 600, 700])
      expect(await log.find(`n-${n}`)).toMatchObject({ first: n, last: n })
    expect(await log.find('n-500')).toBeUndefined()
    await log.close()
    expect((await verifyLog(dir)).problems).toEqual([])
    // Of the run that was sealed now nothing is left in the old way.
    const left = await level((db) => db.keys(rangeOf('i')).all())
    expect(left.map((key) => Number(key.toString().slice(3))).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, n) => 501 + n),
    )
    log = await openLog(dir, options)
    for (const n of [501, 512, 600, 700])
      expect(await log.find(`n-${n}`)).toMatchObject({ first: n, last: n })
    await log.close()
  })

  test.each([
    { what: 'the list of the tail', kind: 'x', at: 600 },
    { what: 'the hashes of a sealed run', kind: 'h', at: 512 },
  ] as const)(
    '[L5] [L9] a log is not opened when $what, by which a repeated append is known, cannot be read',
    async ({ kind, at }) => {
      const log = await createLog(dir, { autoSeal: false })
      for (let n = 1; n <= 600; n += 1) await log.append([entry(n)], { id: `n-${n}` })
      await log.seal()
      await log.close()
      await level((db) => db.put(seqKey(kind, at), Buffer.from('neither ids nor hashes')))
      await expectCode(openLog(dir), 'LOG_DAMAGED')
    },
  )

  test('[L10] what sealing replaced gives back its room by itself', async () => {
    const log = await createLog(dir, { autoSeal: false })
    const text = 'the same again '.repeat(60)
    for (let run = 0; run < 9; run += 1) {
      const entries = Array.from({ length: 512 }, (_, n) => ({ n, text }))
      await log.append(entries, { id: `run-${run}` })
    }
    await log.seal()
    const { bytesOfLines } = await log.stats()
    while ((await log.stats()).bytesOnDisk > bytesOfLines / 4) await turns(10)
    await log.close()
  })

  test('[L10] sealing waits until nothing is being written, and not for ever', async () => {
    const log = await createLog(dir)
    let n = 0
    const append = (count: number) => {
      const first = n + 1
      n += count
      return log.append(
        Array.from({ length: count }, (_, index) => entry(first + index)),
        { id: `n-${n}` },
      )
    }
    let appending = true
    const busy = (async () => {
      while (appending) await Promise.all([append(1), append(1)])
    })()
    await until(() => n > 600)
    expect((await log.stats()).sealed).toBe(0)
    // Far behind: now it seals in spite of the writing.
    for (let round = 0; round < 40; round += 1) await append(512)
    await untilSealed(log, 512)
    appending = false
    await busy
    await untilSealed(log, n - (n % 512))
    expect((await log.verify()).problems).toEqual([])
    await log.close()
  })

  test('[L9] entries that are gone from the middle are reported as missing, by their first seq', async () => {
    const log = await createLog(dir)
    for (let n = 1; n <= 6; n += 1) await log.append([entry(n)], { id: `n-${n}` })
    await log.close()
    const db = new ClassicLevel<Buffer, Buffer>(join(dir, 'db'), {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
    })
    for (const seq of [3, 4]) await db.del(seqKey('r', seq), { sync: true })
    await db.close()
    const missing = [{ seq: 3, kind: 'gap', message: 'The entries 3 to 4 are missing.' }]
    expect((await verifyLog(dir)).problems).toEqual(missing)
    const error = await expectCode(openLog(dir), 'LOG_DAMAGED')
    expect(error.details).toMatchObject({ problems: missing })
  })

  test('[L9] a table with a damaged structure is reported, though LevelDB would end the process over it', async () => {
    const log = await createLog(dir)
    for (let n = 1; n <= 40; n += 1) await log.append([entry(n)], { id: `n-${n}` })
    await log.reopen()
    await log.close()
    const tables = (await readdir(join(dir, 'db'))).filter((name) => name.endsWith('.ldb'))
    expect(tables.length).toBeGreaterThan(0)
    for (const name of tables) {
      const path = join(dir, 'db', name)
      const sound = await readFile(path)
      expect(checkTable(name, sound)).toEqual([])
      for (let at = 0; at < sound.length; at += 1) {
        // The footer ends its two places with zeros that nobody reads.
        const padding = at >= sound.length - 48 && at < sound.length - 8 && sound[at] === 0
        const flipped = Buffer.from(sound)
        flipped[at] = (flipped[at] ?? 0) ^ 16
        if (!padding) expect(checkTable(name, flipped), `byte ${at} of ${name}`).not.toEqual([])
      }
    }
  })

  test('[L9] a tail that was lost behind LevelDB is found by the head file and named', async () => {
    const log = await createLog(dir)
    for (let n = 1; n <= 5; n += 1) await log.append([entry(n)], { id: `n-${n}` })
    await log.close()
    const older = join(folder.path, 'older')
    await copyLog(dir, older)
    const again = await openLog(dir)
    await again.append([entry(6), entry(7)], { id: 'n-6' })
    await again.close()
    await rm(join(dir, 'db'), { recursive: true })
    await copyLog(join(older, 'db'), join(dir, 'db'))
    const error = await expectCode(openLog(dir), 'LOG_DAMAGED')
    expect(error.details).toMatchObject({ problems: [{ seq: 6, kind: 'head' }] })
    expect((await verifyLog(dir)).problems).toMatchObject([{ seq: 6, kind: 'head' }])
  })

  test('[L9] the head file follows a commit by itself, and its absence is reported', async () => {
    const log = await createLog(dir)
    const head = join(dir, 'head')
    const before = await readFile(head)
    const began = performance.now()
    await log.append([entry(1)], { id: 'a' })
    let now = before
    while (now.equals(before)) now = await readFile(head)
    // Promised are 100 ms; a busy machine may be late in running the timer.
    expect(performance.now() - began).toBeLessThan(1_000)
    await log.close()
    await rm(head)
    await expectCode(openLog(dir), 'LOG_DAMAGED')
    expect((await verifyLog(dir)).problems).toMatchObject([{ kind: 'head' }])
  })

  test('[L9] a history rewritten with a sound chain of its own is not the one in the head file', async () => {
    const other = join(folder.path, 'other')
    for (const [place, text] of [
      [dir, 'told'],
      [other, 'retold'],
    ] as const) {
      const log = await createLog(place)
      await log.append([{ text }], { id: 'a' })
      await log.close()
    }
    const mine = new ClassicLevel<Buffer, Buffer>(join(dir, 'db'), {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
    })
    const theirs = new ClassicLevel<Buffer, Buffer>(join(other, 'db'), {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
    })
    for await (const [key, value] of theirs.iterator(rangeOf('r'))) await mine.put(key, value)
    await mine.close()
    await theirs.close()
    expect((await verifyLog(dir)).problems).toMatchObject([{ seq: 1, kind: 'chain' }])
  })

  test('verifying a log changes none of its files', async () => {
    const log = await createLog(dir)
    for (let n = 1; n <= 20; n += 1) await log.append([entry(n)], { id: `n-${n}` })
    await log.close()
    const contents = async () => {
      const files = new Map<string, string>()
      for (const name of await readdir(dir, { recursive: true })) {
        files.set(name, await readFile(join(dir, name), 'base64').catch(() => 'folder'))
      }
      return files
    }
    const before = await contents()
    expect((await verifyLog(dir)).records).toBe(20)
    expect(await contents()).toEqual(before)
  })

  test('a closed log leaves no descriptor behind', async () => {
    const open = async () => (await readdir('/proc/self/fd').catch(() => [])).length
    await (await createLog(dir)).close()
    const before = await open()
    for (let round = 0; round < 5; round += 1) {
      const log = await openLog(dir)
      await log.append([entry(round)], { id: `n-${round}` })
      await log.reopen()
      await log.close()
    }
    let after = await open()
    await until(() => {
      void open().then((count) => {
        after = count
      })
      return after <= before
    })
    expect(after).toBeLessThanOrEqual(before)
  })

  test('a thousand entries open in a short time', async () => {
    const log = await createLog(dir)
    for (let n = 1; n <= 1000; n += 1) void log.append([entry(n)], { id: `n-${n}` })
    await log.append([entry(0)], { id: 'last' })
    await log.close()
    const times: number[] = []
    for (let round = 0; round < 5; round += 1) {
      const began = performance.now()
      const again = await openLog(dir)
      times.push(performance.now() - began)
      await again.close()
    }
    // 30 ms is the figure of the design; the least of five keeps a busy machine out of it.
    expect(Math.min(...times)).toBeLessThan(60)
  })
})

test('[L11] a backup that finds no room or no right leaves nothing behind, and says why', async () => {
  const subject = await levelSubject()
  const log = await subject.open()
  await log.append([entry(1)], { id: 'a' })
  const shut = join(subject.placeOf('shut'), 'inner')
  // A file where a folder must be made: refused to root as well, unlike a folder without rights.
  await writeFile(subject.placeOf('shut'), '')
  const { details } = await expectCode(log.backup(shut), 'LOG_UNAVAILABLE')
  expect(details).toEqual({ dir: shut })
  expect(await log.append([entry(2)], { id: 'b' })).toMatchObject({ first: 2 })
  expect(await readdir(dirname(subject.dir))).toEqual(['log', 'shut'])
  await log.close()
  await subject.dispose()
})

test('[L11] tables are shared with the backup, and nothing else is', async () => {
  const subject = await levelSubject()
  let log = await subject.open()
  for (let n = 1; n <= 600; n += 1) void log.append([{ n, text: 'x'.repeat(9_000) }], { id: `${n}` })
  await log.append([entry(601)], { id: 'last' })
  await log.close()
  log = await subject.open()
  const place = subject.placeOf('backup')
  await log.backup(place)
  await log.close()
  const names = await readdir(join(place, 'db'))
  const shared = names.filter((name) => statSync(join(place, 'db', name)).nlink > 1)
  expect(shared.length).toBeGreaterThan(0)
  expect(shared.filter((name) => !/\.(ldb|sst)$/.test(name))).toEqual([])
  expect((await verifyLog(place)).problems).toEqual([])
  await rm(subject.dir, { recursive: true })
  const copy = await subject.openBackup(place)
  expect(copy.head.seq).toBe(601)
  expect((await copy.verify()).problems).toEqual([])
  await copy.close()
  await subject.dispose()
})

async function untilSealed(log: EventLog, seq: number): Promise<void> {
  while ((await log.stats()).sealed < seq) await turns(1)
}
