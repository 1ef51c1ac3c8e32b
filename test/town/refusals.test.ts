import { spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { expect, test } from 'vitest'
import { FORMAT } from '../../eventlog/level/database.ts'
import { META_FORMAT, rangeOf } from '../../eventlog/level/keys.ts'
import { encodeText } from '../../eventlog/level/values.ts'
import { RENEWED_EVERY } from '../../src/town/checkpoint/renewals.ts'
import { townFiles } from '../../src/town/files.ts'
import { installTown } from '../../src/town/install.ts'
import { verifyLogIn } from '../../src/town/logs/look.ts'
import { makeTown, nothingLeft, type TestTown } from '../support/town.ts'

const DAEMON = join(import.meta.dirname, '../../dist/src/town/daemon-main.js')
const owner = { name: 'Op', email: 'op@example.org' }

test('[TOWNUP-15] a second daemon is refused while one lives, and disturbs nothing', async () => {
  const town = await makeTown()
  const pid = await town.up()
  const host = town.hostPid()
  expect(await town.up()).toBe(pid)
  const second = spawn(process.execPath, [DAEMON, town.dir], { stdio: ['ignore', 'pipe', 'ignore'] })
  let said = ''
  second.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const code = await new Promise((resolve) => second.on('close', resolve))
  expect(code).toBe(1)
  expect(JSON.parse(said)).toMatchObject({ code: 'TOWN_BUSY' })
  await town.settled()
  expect(town.watch.records.filter(({ message }) => message.type === 'town.start')).toHaveLength(1)
  expect((await town.get('/v1/health')).body).toMatchObject({ ok: true, pid })
  expect(town.hostPid()).toBe(host)
  await town.down()
  await town.close()
})

test('[TOWNUP-16] [P1] a log with one flipped bit is refused at every up, with the record named, and taken up again from a copy', async () => {
  const town = await makeTown()
  await town.up()
  await town.command('config.set', { key: 'domain', value: 'find-me.example.org' })
  const { seq } = (await town.get('/v1/health')).body
  await town.down()
  const restore = damage(town, 'find-me.example.org', 3)
  for (const time of ['first', 'second'])
    await expect(town.up(), time).rejects.toMatchObject({
      code: 'LOG_DAMAGED',
      message: expect.stringContaining(` ${seq}`),
    })
  restore()
  await town.up()

  // The same in what is sealed: runs of 512 records.
  const values = Array.from({ length: 600 }, (_, n) => `d${n}.example.org`)
  await Promise.all(values.map((value) => town.command('config.set', { key: 'domain', value })))
  await town.down()
  // Opening seals what is full, beside all else.
  await town.up()
  await expect
    .poll(async () => (await town.get('/v1/log/stats')).body.sealed, { timeout: 10_000 })
    .toBeGreaterThan(0)
  await town.down()
  // Opening once more takes the run out of LevelDB's own log into a table.
  await town.up()
  await town.down()
  const again = damage(town, await bytesOfRun(town), 0)
  const [problem] = (await verifyLogIn(town.dir)).problems
  expect(problem?.seq).toBeGreaterThan(0)
  expect(problem?.seq).toBeLessThanOrEqual(512)
  // Who starts from a checkpoint does not read that far back; the checkpoint is a cache.
  rmSync(townFiles(town.dir).checkpoint, { recursive: true, force: true })
  await expect(town.up()).rejects.toMatchObject({ code: 'LOG_DAMAGED' })
  again()
  await town.up()
  await town.down()
  await town.checkLog()
  await town.close()
}, 60_000)

test('[TOWNUP-16] [P1] damage that lies before the checkpoint is shown soon after the start', async () => {
  const town = await makeTown()
  await town.up()
  const values = Array.from({ length: RENEWED_EVERY }, (_, n) => `d${n}.example.org`)
  await Promise.all(values.map((value) => town.command('config.set', { key: 'domain', value })))
  await expect.poll(() => existsSync(join(townFiles(town.dir).checkpoint, 'manifest'))).toBe(true)
  await town.down()
  await town.up()
  await town.down()
  damage(town, await bytesOfRun(town), 0)
  await town.up()
  await expect
    .poll(async () => (await town.get('/v1/health')).body.troubles, { timeout: 10_000 })
    .toMatchObject([{ code: 'LOG_DAMAGED', message: expect.stringMatching(/^Record \d+: /) }])
  await town.down()
  await town.close()
}, 60_000)

test('[TOWNUP-17] a town or a log that a newer gt wrote is refused, and so is a folder that is no town', async () => {
  const town = await makeTown()
  const db = new ClassicLevel<Buffer, Buffer>(join(town.dir, '.gt/log/db'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  await db.put(META_FORMAT, encodeText(META_FORMAT, String(FORMAT + 1)))
  await db.close()
  await expect(town.up()).rejects.toMatchObject({ code: 'LOG_NEWER' })
  const identity = join(town.dir, '.gt/town.json')
  const known = JSON.parse(readFileSync(identity, 'utf8'))
  writeFileSync(identity, JSON.stringify({ ...known, layout: known.layout + 1 }))
  await expect(town.up()).rejects.toMatchObject({ code: 'TOWN_NEWER' })
  rmSync(identity)
  await expect(town.up()).rejects.toMatchObject({ code: 'TOWN_NOT_FOUND' })
  await stopHost(town)
  await nothingLeft(town)
  await town.close()
})

test('[TOWNUP-18] install refuses a folder whose socket path would be cut, and one that is not empty, and leaves both as they were', async () => {
  const temp = mkdtempSync(join(tmpdir(), 'gt-i-'))
  try {
    const long = join(temp, 'x'.repeat(100))
    const wanted = { name: 'test', owner, settings: {} }
    await expect(installTown({ ...wanted, dir: long })).rejects.toMatchObject({
      code: 'SOCKET_PATH_TOO_LONG',
    })
    expect(existsSync(long)).toBe(false)
    writeFileSync(join(temp, 'mine'), '')
    await expect(installTown({ ...wanted, dir: temp })).rejects.toMatchObject({ code: 'FOLDER_NOT_EMPTY' })
    expect(readdirSync(temp)).toEqual(['mine'])
  } finally {
    rmSync(temp, { recursive: true, force: true })
  }
})

/** Ends the host that a killed daemon, or one that gave up, has left. */
async function stopHost(town: TestTown): Promise<void> {
  const { connectHost } = await import('../../src/pty/host-client.ts')
  const host = await connectHost(town.dir).catch(() => null)
  await host?.shutdown({ force: true, graceMs: 0 })
}

/** Some bytes out of the first sealed run, as they lie in its file. LevelDB may be asked by a copy alone. */
async function bytesOfRun(town: TestTown): Promise<Buffer> {
  const copy = join(town.temp, 'read')
  cpSync(join(town.dir, '.gt/log/db'), copy, { recursive: true })
  const db = new ClassicLevel<Buffer, Buffer>(copy, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
  const [run] = await db.values({ ...rangeOf('s'), limit: 1 }).all()
  await db.close()
  rmSync(copy, { recursive: true })
  if (run === undefined) throw new Error('No run is sealed.')
  return run.subarray(run.length >> 1, (run.length >> 1) + 12)
}

/** Flips one bit `beyond` bytes after the first place of `text` in the log's files. Answers with the way back. */
function damage(town: TestTown, text: string | Buffer, beyond: number): () => void {
  const log = join(town.dir, '.gt/log')
  const copy = join(town.temp, 'copy')
  cpSync(log, copy, { recursive: true })
  let found = false
  // A table that is merged and not yet removed may hold it too, and nobody reads that.
  for (const name of readdirSync(join(log, 'db'))) {
    const file = join(log, 'db', name)
    const bytes = readFileSync(file)
    const at = bytes.indexOf(text)
    if (at < 0) continue
    found = true
    bytes[at + beyond] = (bytes[at + beyond] ?? 0) ^ 1
    writeFileSync(file, bytes)
  }
  if (!found) throw new Error('No file of the log holds that.')
  return () => {
    rmSync(log, { recursive: true })
    renameSync(copy, log)
  }
}
