import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLog, eraseEntries, openLog, repairLog, type Stored, verifyLog } from '../../eventlog/index.ts'
import { seeded } from '../support/seeded.ts'
import { all, entry, expectCode } from './contract.ts'
import { copyLog, temporaryFolder } from './level-subject.ts'

describe('a log with archives', () => {
  let folder: { readonly path: string; remove(): Promise<void> }
  let dir: string
  let before: Stored[]

  /** 1,700 entries, in three sealed runs and a tail. */
  beforeEach(async () => {
    folder = await temporaryFolder()
    dir = join(folder.path, 'log')
    const log = await createLog(dir, { autoSeal: false })
    for (let n = 0; n < 17; n += 1)
      await log.append(
        Array.from({ length: 100 }, (_, each) => entry(n * 100 + each)),
        { id: `n-${n}` },
      )
    await log.seal()
    before = await all(log)
    await log.close()
  })
  afterEach(() => folder.remove())

  const archive = async (to: number): Promise<void> => {
    const log = await openLog(dir, { autoSeal: false })
    await log.archive(to)
    await log.close()
  }
  const files = () => readdir(join(dir, 'archive'))
  const isWhole = async (): Promise<void> => {
    const log = await openLog(dir, { autoSeal: false })
    expect(await all(log)).toEqual(before)
    expect((await log.verify()).problems).toEqual([])
    expect(await log.find('n-3')).toMatchObject({ first: 301, last: 400 })
    await log.close()
    expect((await verifyLog(dir)).problems).toEqual([])
  }

  test('[L17] interrupted at any step of a file, each entry is there once, and what is left over goes', async () => {
    const untouched = join(folder.path, 'untouched')
    await copyLog(dir, untouched)
    await archive(600)
    const [name = ''] = await files()
    const whole = await readFile(join(dir, 'archive', name))
    // The file was being written; it was there under its name; the database knew of it.
    for (const [left, bytes] of [
      ['1.making', whole.subarray(0, 100)],
      ['1.making', whole],
      [name, whole],
    ] as const) {
      await copyLog(untouched, dir)
      await cp(join(untouched, 'db'), join(dir, 'db'), { recursive: true })
      await mkdir(join(dir, 'archive'))
      await writeFile(join(dir, 'archive', left), bytes)
      await isWhole()
      await archive(1700)
      expect(await files()).toEqual(['000000000001-000000001536.rows'])
      await isWhole()
    }
  })

  test('[L17] [P2] kill -9 while ranges are archived loses no entry and doubles none', async () => {
    let start = 10_000
    for (const rounds of [1, 2, 3]) {
      const writer = spawn(
        process.execPath,
        [join(import.meta.dirname, 'writer.ts'), dir, `${start}`, 'archive'],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      const exited = once(writer, 'exit')
      let announced = 0
      let headSeq = 0
      for await (const line of createInterface({ input: writer.stdout })) {
        if (!line.startsWith('seal ')) continue
        headSeq = Number(line.slice(5))
        announced += 1
        if (announced === rounds) break
      }
      // Somewhere in between: sealing, writing the file, taking its rows out, giving back room.
      for (let turn = 0; turn < rounds * 40; turn += 1) await new Promise(setImmediate)
      writer.kill('SIGKILL')
      await exited
      const log = await openLog(dir, { autoSeal: false })
      expect(log.head.seq).toBeGreaterThanOrEqual(headSeq)
      const seqs = (await all(log)).map(({ seq }) => seq)
      expect(seqs).toEqual(Array.from({ length: log.head.seq }, (_, n) => n + 1))
      expect((await log.verify()).problems).toEqual([])
      await log.close()
      start += 100_000
    }
  })

  test('[L18] each of 60 flipped bits in an archive file is found, and named with its range and the way on', async () => {
    await archive(1100)
    const [name = ''] = await files()
    const path = join(dir, 'archive', name)
    const sound = await readFile(path)
    const random = seeded(7)
    for (let n = 0; n < 60; n += 1) {
      // Some of them between two rows.
      const at = n < 10 ? n : Math.floor(random() * sound.length)
      const flipped = Buffer.from(sound)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << Math.floor(random() * 8))
      await writeFile(path, flipped)
      const log = await openLog(dir, { autoSeal: false })
      const message = expect.stringMatching(
        /^The archive of the entries 1 to 1024 is .*: put archive\/000000000001-000000001024\.rows back from a backup\.$/,
      )
      const { problems } = await log.verify()
      expect(problems[0], `bit of byte ${at}`).toMatchObject({ message })
      const error = await expectCode(all(log), 'LOG_DAMAGED')
      expect(error.details.problems).toMatchObject([{ message }])
      expect((await log.get(1025))?.seq).toBe(1025)
      await log.close()
    }
    await writeFile(path, sound)
    await isWhole()
  }, 60_000)

  test('[L18] an archive file that is cut off is refused when the log is opened', async () => {
    await archive(1100)
    const [name = ''] = await files()
    const path = join(dir, 'archive', name)
    const sound = await readFile(path)
    await writeFile(path, sound.subarray(0, sound.length - 1))
    await expectCode(openLog(dir), 'LOG_DAMAGED')
    expect((await verifyLog(dir)).problems).toMatchObject([{ seq: 1, kind: 'gap' }])
    await writeFile(path, sound)
    await isWhole()
  })

  test('[L14] [L17] repair takes archived entries over, and names those of a file that is gone', async () => {
    await archive(600)
    await archive(1100)
    const into = join(folder.path, 'repaired')
    expect(await repairLog(dir, into)).toMatchObject({ head: { seq: 1700 }, lost: [], behind: [] })
    const repaired = await openLog(into, { autoSeal: false })
    expect(await all(repaired)).toEqual(before)
    await repaired.close()
    await rm(join(dir, 'archive', '000000000513-000000001024.rows'))
    const rest = await repairLog(dir, join(folder.path, 'rest'))
    // What the tables still hold of it may be found as well.
    expect(rest.lost.length === 0 || rest.lost[0]?.first === 513).toBe(true)
  })

  test('[L16] [L17] what is erased from archived entries is in no file', async () => {
    await archive(1100)
    const secret = 'entry number 77'
    await eraseEntries(dir, {
      erase: ({ seq, line }) => (seq === 78 && line.includes(secret) ? { type: 'tested' } : undefined),
      finish: async (place, erased) => {
        const log = await openLog(place, { autoSeal: false })
        await log.append([{ erased: erased.map(({ digest }) => digest) }], { id: 'erased' })
        await log.close()
      },
    })
    const log = await openLog(dir, { autoSeal: false })
    expect((await log.get(78))?.line).not.toContain(secret)
    expect((await all(log)).slice(78, 1700)).toEqual(before.slice(78))
    expect(await log.verify()).toMatchObject({ ok: true, erased: [{ seq: 78, by: 1701 }] })
    await log.archive(1700)
    expect(await log.stats()).toMatchObject({ archived: 1536 })
    expect((await log.verify()).ok).toBe(true)
    await log.close()
  })
})
