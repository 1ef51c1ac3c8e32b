import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLog } from '../../eventlog/index.ts'
import { OVERSEER, TOWN } from '../../src/events/address.ts'
import { canonical, createProjections } from '../../src/projections/index.ts'
import { readCheckpoint, WORTH_RECORDS } from '../../src/town/checkpoint/checkpoint.ts'
import { readStored, writeStored } from '../../src/town/checkpoint/files.ts'
import { renewCheckpoint } from '../../src/town/checkpoint/renew.ts'
import { RENEWED_EVERY } from '../../src/town/checkpoint/renewals.ts'
import { townFiles } from '../../src/town/files.ts'
import { installTown } from '../../src/town/install.ts'
import { type OpenTown, openTown } from '../../src/town/open.ts'
import { replay } from '../../src/town/past/replay.ts'
import { createSlices } from '../../src/town/past/slices.ts'
import { makeTown } from '../support/town.ts'

const WHOLE = { to: null, verify: true, into: null, checkpoint: null } as const

let root: string
let dir: string

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'gt-cp-'))
  dir = join(root, 'town')
  await installTown({ dir, name: 'cp', owner: { name: 'O', email: 'o@localhost' }, settings: {} })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

let turns = 0
async function set(town: OpenTown, key: string): Promise<void> {
  turns += 1
  const messages = [{ to: TOWN, message: { type: 'town.set', key, value: turns } }]
  await town.system.take({ id: `set.${turns}`, by: OVERSEER, messages })
}

/** State of a town opened now, and whether the log holds it up. */
async function opened(): Promise<{ digest: string; faults: number; settings: unknown }> {
  const town = await openTown(dir)
  const { stateDigest, divergences } = await replay(town.log, WHOLE, createSlices(town), () => {})
  const settings = town.projections.town.rows.town.settings
  await town.close()
  return { digest: stateDigest, faults: divergences.length, settings }
}

/** As many records as a start finds worth a checkpoint. */
async function grow(town: OpenTown, records = WORTH_RECORDS + 1): Promise<void> {
  while (records > 0) {
    const some = Math.min(500, records)
    records -= some
    turns += 1
    const messages = Array.from({ length: some }, (_, n) => ({
      to: TOWN,
      message: { type: 'town.set', key: n % 2 === 0 ? 'domain' : 'limits', value: turns * 1_000 + n },
    }))
    await town.system.take({ id: `grow.${turns}`, by: OVERSEER, messages })
  }
}

/** Opens it, so that a checkpoint is there. */
async function checkpointed(): Promise<void> {
  const town = await openTown(dir)
  await grow(town)
  await town.close()
  await (await openTown(dir)).close()
  expect(readdirSync(townFiles(dir).checkpoint)).toHaveLength(2)
}

/** Records that the next opening folds. */
async function folds(): Promise<number> {
  const log = await openLog(townFiles(dir).log)
  const start = await readCheckpoint(townFiles(dir).checkpoint, log, createProjections())
  await log.close()
  return log.head.seq - (start?.seq ?? 0)
}

test('[TOWNUP-29] [P1] a town opened from a checkpoint is the town that the log says, and goes on from there', async () => {
  await checkpointed()
  const again = await openTown(dir)
  await set(again, 'limits')
  await again.close()
  expect(await folds()).toBe(1)

  const fromCheckpoint = await opened()
  expect(fromCheckpoint.faults).toBe(0)
  rmSync(townFiles(dir).checkpoint, { recursive: true })
  expect(await opened()).toEqual(fromCheckpoint)
})

test('[TOWNUP-29] [P1] a checkpoint that was cut off or changed anywhere, or is of another log or build, is not used', async () => {
  await checkpointed()
  const whole = await opened()
  const { checkpoint } = townFiles(dir)
  const kept = join(root, 'kept')
  cpSync(checkpoint, kept, { recursive: true })
  const stored = readStored(kept)
  if (stored === null) throw new Error('There is no checkpoint')
  const other = { ...stored, parts: stored.parts.map((part) => ({ ...part, chunks: [...part.chunks] })) }

  const spoilers: (() => void)[] = [
    () => writeStored(checkpoint, { ...other, of: 'another build' }),
    () => writeStored(checkpoint, { ...other, digest: '0'.repeat(64) }),
    () => writeStored(checkpoint, { ...other, seq: 1_000_000 }),
  ]
  for (const name of readdirSync(kept)) {
    const bytes = readFileSync(join(kept, name))
    for (let n = 0; n < 40; n += 1) {
      const at = Math.floor((bytes.length * n) / 40)
      spoilers.push(() => writeFileSync(join(checkpoint, name), bytes.subarray(0, at)))
      spoilers.push(() => {
        const changed = Buffer.from(bytes)
        changed.writeUInt8((changed.readUInt8(at) + 1) % 256, at)
        writeFileSync(join(checkpoint, name), changed)
      })
    }
    spoilers.push(() => rmSync(join(checkpoint, name)))
  }
  const log = await openLog(townFiles(dir).log)
  for (const spoil of spoilers) {
    rmSync(checkpoint, { recursive: true, force: true })
    cpSync(kept, checkpoint, { recursive: true })
    spoil()
    const projections = createProjections()
    expect(await readCheckpoint(checkpoint, log, projections)).toBeNull()
    expect(canonical(projections)).toBe(canonical(createProjections()))
  }
  await log.close()
  expect(await opened()).toEqual(whole)
})

test('[TOWNUP-29] [SYS-18] [P1] checkpoints that are made one from the other hold what the log says', async () => {
  const town = await openTown(dir)
  const { checkpoint } = townFiles(dir)
  for (let n = 0; n < 6; n += 1) {
    await grow(town, 300)
    await renewCheckpoint(checkpoint, town.log)
    const projections = createProjections()
    const start = await readCheckpoint(checkpoint, town.log, projections)
    const { owners, ...state } = town.system.state()
    expect(start).toMatchObject({ seq: state.seq, at: state.at, ledger: state.ledger })
    expect(new Map(start?.owners)).toEqual(new Map(owners))
    expect(canonical(projections)).toBe(canonical(town.projections))
  }
  await town.close()
  expect(await folds()).toBe(0)
})

test('[TOWNUP-28] a checkpoint is made as records come, so that a start folds few of them', async () => {
  const town = await openTown(dir)
  town.onRecord(town.checkpoints.recorded)
  let most = 0
  for (let n = 0; n < 7; n += 1) {
    await grow(town, 500)
    await town.checkpoints.idle()
    const start = await readCheckpoint(townFiles(dir).checkpoint, town.log, createProjections())
    most = Math.max(most, town.log.head.seq - (start?.seq ?? 0))
  }
  expect(most).toBeLessThan(2 * RENEWED_EVERY)
  expect(town.troubles).toEqual([])
  const { past } = townFiles(dir)
  expect(existsSync(past)).toBe(false)
  await town.close()
  expect((await opened()).faults).toBe(0)
}, 60_000)

test('[TOWNUP-28] [TOWNUP-1] after kill -9 with a long log a start folds the last records alone', async () => {
  const town = await makeTown()
  dir = town.dir
  const before = await openTown(dir)
  await grow(before, 18_000)
  await before.close()
  await town.up()
  const values = Array.from({ length: RENEWED_EVERY }, (_, n) => `d${n}.example.org`)
  await Promise.all(values.map((value) => town.command('config.set', { key: 'domain', value })))
  const renewed = () => (readStored(townFiles(dir).checkpoint)?.seq ?? 0) > 18_000 + RENEWED_EVERY
  await expect.poll(renewed, { timeout: 30_000 }).toBe(true)
  await town.kill()
  expect(await folds()).toBeLessThan(2 * RENEWED_EVERY)
  await town.up()
  await town.down()
  await town.checkLog()
  await town.close()
}, 120_000)

test('[TOWNUP-29] what 0.1.0 left as its checkpoint goes', async () => {
  const { oldCheckpoint } = townFiles(dir)
  writeFileSync(oldCheckpoint, '{}')
  await (await openTown(dir)).close()
  expect(existsSync(oldCheckpoint)).toBe(false)
})

test('[TOWNUP-47] a town whose log is put back to an earlier day says so, and up to where it had been', async () => {
  let town = await openTown(dir)
  await grow(town, 10)
  await town.close()
  const { log } = townFiles(dir)
  cpSync(log, join(root, 'before'), { recursive: true })
  town = await openTown(dir)
  const then = town.log.head.seq
  await grow(town)
  await town.close()
  town = await openTown(dir)
  expect(town.troubles).toEqual([])
  const known = town.log.head.seq
  await town.close()
  rmSync(log, { recursive: true })
  cpSync(join(root, 'before'), log, { recursive: true })
  town = await openTown(dir)
  expect(town.troubles).toMatchObject([
    {
      code: 'LOG_OLDER',
      message: expect.stringContaining(`record ${then}, and this town had come to record ${known}`),
    },
  ])
  await town.close()
})
