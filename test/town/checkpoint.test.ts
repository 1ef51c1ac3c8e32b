import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { OVERSEER, TOWN } from '../../src/events/address.ts'
import { townFiles } from '../../src/town/files.ts'
import { installTown } from '../../src/town/install.ts'
import { type OpenTown, openTown } from '../../src/town/open.ts'
import { createSlices } from '../../src/town/past/slices.ts'
import { replay } from '../../src/town/replay.ts'

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

test('[P1] a town opened from a checkpoint is the town that the log says, and goes on from there', async () => {
  const town = await openTown(dir)
  await set(town, 'domain')
  await town.close()
  expect(existsSync(townFiles(dir).checkpoint)).toBe(true)

  const again = await openTown(dir)
  await set(again, 'limits')
  await again.close()

  const fromCheckpoint = await opened()
  expect(fromCheckpoint.faults).toBe(0)
  rmSync(townFiles(dir).checkpoint)
  expect(await opened()).toEqual(fromCheckpoint)
})

test('[P1] a checkpoint of another log, another build or no sense at all is not used', async () => {
  const town = await openTown(dir)
  await set(town, 'domain')
  await town.close()
  const whole = await opened()
  const file = townFiles(dir).checkpoint
  const saved = JSON.parse(readFileSync(file, 'utf8'))
  const wrongState = { ...saved.system, owners: [] }
  for (const text of [
    'no json',
    JSON.stringify({ ...saved, system: wrongState, of: 'another build' }),
    JSON.stringify({ ...saved, system: wrongState, digest: '0'.repeat(64) }),
    JSON.stringify({ ...saved, system: { ...wrongState, seq: 1_000 } }),
  ]) {
    writeFileSync(file, text)
    expect(await opened()).toEqual(whole)
  }
})
