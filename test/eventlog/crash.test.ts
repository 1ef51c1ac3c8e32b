import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLog, exportLines, openLog, verifyLog } from '../../eventlog/index.ts'
import { seeded } from '../support/seeded.ts'
import { all, entry, expectCode, gathered } from './contract.ts'
import { copyLog, temporaryFolder } from './level-subject.ts'

describe('a log whose process or disk fails', () => {
  let folder: { readonly path: string; remove(): Promise<void> }
  let dir: string

  beforeEach(async () => {
    folder = await temporaryFolder()
    dir = join(folder.path, 'log')
    await (await createLog(dir)).close()
  })
  afterEach(() => folder.remove())

  test('[L2] [L4] [L5] [P2] kill -9 at ten moments loses no acknowledged append and leaves none in part', async () => {
    const random = seeded(20261122)
    const acknowledged = new Map<number, number>()
    let start = 0
    for (let round = 0; round < 10; round += 1) {
      // Counted in answers, not in time: some kills meet the opening, some a commit, some the sealing of a run.
      const answersMax = Math.floor(random() * 300)
      for (const [n, last] of await writeUntilKilled(dir, start, answersMax)) acknowledged.set(n, last)
      start += 10_000
    }
    const log = await openLog(dir)
    const entries = (await all(log)).map(
      ({ line }) => JSON.parse(line) as { n: number; part: number; of: number },
    )
    expect(entries.length).toBe(log.head.seq)
    const parts = new Map<number, number>()
    for (const { n, part } of entries) {
      expect(part, `entries of append ${n} in order and once`).toBe(parts.get(n) ?? 0)
      parts.set(n, part + 1)
    }
    for (const [n, count] of parts) expect(count).toBe((n % 3) + 1)
    expect(acknowledged.size).toBeGreaterThan(100)
    for (const [n, last] of acknowledged) {
      expect(parts.has(n), `append ${n} was acknowledged`).toBe(true)
      expect(await log.find(`n-${n}`)).toMatchObject({ last })
    }
    expect((await log.verify()).problems).toEqual([])
    await log.close()
    expect((await verifyLog(dir)).ok).toBe(true)
  }, 30_000)

  test('[L10] [P2] kill -9 while runs are being sealed leaves each of them sealed or unsealed, and every entry', async () => {
    let start = 0
    for (const sealings of [1, 2, 3, 1]) {
      const writer = spawn(process.execPath, [writerPath(), dir, String(start), 'seal'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let announced = 0
      let headSeq = 0
      writer.stdout.setEncoding('utf8')
      writer.stdout.on('data', (text: string) => {
        for (const [, seq] of text.matchAll(/seal (\d+)/g)) {
          announced += 1
          headSeq = Number(seq)
        }
        if (announced >= sealings) writer.kill('SIGKILL')
      })
      await once(writer, 'close')
      start += 100_000
      const log = await openLog(dir, { autoSeal: false })
      expect(log.head.seq).toBeGreaterThanOrEqual(headSeq)
      const seqs = (await all(log)).map(({ seq }) => seq)
      expect(seqs).toEqual(Array.from({ length: log.head.seq }, (_, index) => index + 1))
      expect((await log.verify()).problems).toEqual([])
      await log.close()
    }
  }, 30_000)

  test('a log that another process holds is refused as locked, also for verifying, and free when that one is dead', async () => {
    const writer = spawn(process.execPath, [writerPath(), dir, '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await once(writer.stdout, 'data')
      await expectCode(openLog(dir), 'LOG_LOCKED')
      await expectCode(verifyLog(dir), 'LOG_LOCKED')
    } finally {
      writer.kill('SIGKILL')
      await once(writer, 'exit')
    }
    await (await openLog(dir)).close()
  })

  test('[L9] a bit flipped in the text of an entry in a copy is reported as that entry', async () => {
    const log = await openLog(dir)
    for (let n = 1; n <= 60; n += 1) await log.append([entry(n)], { id: `n-${n}` })
    await log.close()
    const copy = join(folder.path, 'copy')
    for (const seq of [1, 17, 42, 60]) {
      await copyLog(dir, copy)
      await flipText(copy, `{"seq":${seq},`)
      const report = await verifyLog(copy)
      expect(report.problems[0], `entry ${seq}`).toMatchObject({ seq })
      expect(report.ok).toBe(false)
    }
    expect((await verifyLog(dir)).ok).toBe(true)
  })

  test('[L8] the export is verified by a script of ten lines that knows nothing of us', async () => {
    const log = await openLog(dir)
    for (let n = 1; n <= 30; n += 1) await log.append([entry(n)], { id: `n-${n}` })
    const path = join(folder.path, 'export.ndjson')
    const lines = await gathered(exportLines(log))
    await writeFile(path, `${lines.join('\n')}\n`)
    const script = [
      "import { createHash } from 'node:crypto'",
      "import { readFileSync } from 'node:fs'",
      "const sha256 = (bytes) => createHash('sha256').update(bytes).digest()",
      'let chain = Buffer.alloc(32)',
      "for (const line of readFileSync(process.argv[2], 'utf8').trim().split('\\n'))",
      '  chain = sha256(Buffer.concat([chain, sha256(line)]))',
      "console.log(chain.toString('hex'))",
    ]
    const scriptPath = join(folder.path, 'verify.mjs')
    await writeFile(scriptPath, script.join('\n'))
    const child = spawn(process.execPath, [scriptPath, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    const output = await gathered(child.stdout.setEncoding('utf8'))
    expect(output.join('').trim()).toBe(log.head.chain)
    await log.close()
  })
})

function writerPath(): string {
  return join(import.meta.dirname, 'writer.ts')
}

/** Answers that the writer gave before it was killed, by the number of the append. */
async function writeUntilKilled(
  dir: string,
  start: number,
  answersMax: number,
): Promise<Map<number, number>> {
  const writer = spawn(process.execPath, [writerPath(), dir, String(start)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  let lines = 0
  writer.stdout.setEncoding('utf8')
  writer.stdout.on('data', (text: string) => {
    output += text
    lines += text.split('\n').length - 1
    if (lines > answersMax) writer.kill('SIGKILL')
  })
  await once(writer, 'close')
  const answers = new Map<number, number>()
  for (const line of output.split('\n').slice(0, -1)) {
    const [n, last] = line.split(' ')
    if (n !== 'open') answers.set(Number(n), Number(last))
  }
  return answers
}

async function flipText(dir: string, text: string): Promise<void> {
  for (const name of await readdir(join(dir, 'db'))) {
    const path = join(dir, 'db', name)
    const bytes = await readFile(path)
    const at = bytes.indexOf(text)
    if (at < 0) continue
    bytes[at + 10] = (bytes[at + 10] ?? 0) ^ 1
    await writeFile(path, bytes)
    return
  }
  throw new Error(`No file holds ${text}.`)
}
