// Replay beside a town that is at work: the state that the log holds up is the one that is compared.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLog } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import { OVERSEER, TOWN } from '../../src/events/address.ts'
import type { LogRecord } from '../../src/events/record.ts'
import { applyAll, canonical, createProjections } from '../../src/projections/index.ts'
import { openSystem } from '../../src/system/system.ts'
import { readCheckpoint, writeCheckpoint } from '../../src/town/checkpoint/checkpoint.ts'
import { townFiles } from '../../src/town/files.ts'
import { installTown } from '../../src/town/install.ts'
import { handleOf, openTown } from '../../src/town/open.ts'
import { replay } from '../../src/town/past/replay.ts'
import { createSlices } from '../../src/town/past/slices.ts'
import { message, SANDBOX, SESSION } from '../support/messages.ts'

const WHOLE = { to: null, verify: true, into: null, checkpoint: null } as const
const QUIET = () => {}

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gt-rp-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('[P1] [P2] what is decided and not written yet is no part of the state that a replay is held against', async () => {
  const dir = join(root, 'town')
  await installTown({ dir, name: 'rp', owner: { name: 'O', email: 'o@localhost' }, settings: {} })
  const town = await openTown(dir)
  const writing = town.system.take({
    id: 'set',
    by: OVERSEER,
    messages: [{ to: TOWN, message: { type: 'town.set', key: 'domain', value: 'a' } }],
  })
  const isAhead = () => (town.system.owner(TOWN)?.seq ?? 0) > town.system.seq
  for (let tick = 0; tick < 1_000 && !isAhead(); tick += 1) await Promise.resolve()
  expect(isAhead()).toBe(true)
  const report = await replay(town.log, WHOLE, createSlices(town), QUIET)
  expect(report.divergences).toEqual([])
  expect(report.verified).toBe(true)
  await writing
  await town.close()
})

/** A system over a log that holds these records, as a start after a kill finds it. */
async function openedFrom(records: readonly LogRecord[]) {
  const log = await createLog(join(root, `log-${records.length}`))
  for (const { seq, ...entry } of records) await log.append([entry], { id: `kept ${seq}` })
  const projections = createProjections()
  const system = await openSystem({
    log,
    machines: machineAt,
    clock: { now: () => Date.UTC(2027, 2, 1), after: () => () => {} },
    onRecord: (record) => applyAll(projections, record),
  })
  return { log, system, projections }
}

test('[P1] [P2] a town that was killed after any of its records is at its next start what the log says, while it keeps what was promised', async () => {
  const whole = await openedFrom([])
  const say = async (to: string, type: string, more: object = {}) =>
    whole.system.take(
      {
        id: `${to} ${type}`,
        by: OVERSEER,
        messages: [{ to, message: message(type as never, more as never) }],
      },
      { settled: true },
    )
  await say(TOWN, 'town.install')
  await say(TOWN, 'town.start')
  await say(SANDBOX, 'sandbox.open')
  await say(SANDBOX, 'worktree.added')
  await say(SESSION, 'session.started')
  const records: LogRecord[] = []
  for await (const { line } of whole.log.read()) records.push(JSON.parse(line) as LogRecord)
  await whole.log.close()
  let cut = 0
  for (let n = 1; n <= records.length; n += 1) {
    const town = await openedFrom(records.slice(0, n))
    const promised = [...town.system.owners()].some(([, { seq }]) => seq > town.system.seq)
    if (promised) cut += 1
    expect(
      (await replay(town.log, WHOLE, createSlices(town), QUIET)).divergences,
      `killed after record ${n}`,
    ).toEqual([])
    await town.system.close()
    await town.log.close()
  }
  expect(cut, 'kills between a promise and its keeping').toBeGreaterThan(0)
})

test('[PAST-7] [P1] a live state that is not what the log says is told, kept as it is, and gone after the next start', async () => {
  const dir = join(root, 'town')
  await installTown({ dir, name: 'rp', owner: { name: 'O', email: 'o@localhost' }, settings: {} })
  const { checkpoint } = townFiles(dir)
  const first = await openTown(dir)
  const { name } = first.projections.town.rows.town
  first.projections.town.rows.town.name = 'another'
  const { log, system, projections } = first
  await writeCheckpoint(checkpoint, { log, system: system.state(), projections })
  await first.close()

  const town = await openTown(dir)
  expect(town.projections.town.rows.town.name).toBe('another')
  const handle = handleOf(town)
  const report = await handle.replay({ to: null, verify: false, into: null })
  expect(report).toMatchObject({
    divergenceCount: 1,
    divergences: [{ actor: 'town.town', field: 'name', recorded: 'another', computed: name }],
    cachesReplaced: false,
  })
  expect(report.liveDigest).not.toBe(report.stateDigest)
  expect(handle.troubles()).toMatchObject([{ code: 'STATE_DIFFERS' }])
  expect(town.projections.town.rows.town.name).toBe('another')
  await town.close()
  expect(existsSync(checkpoint)).toBe(false)

  const again = await openTown(dir)
  expect(again.projections.town.rows.town.name).toBe(name)
  expect(await handleOf(again).replay({ to: null, verify: true, into: null })).toMatchObject({
    verified: true,
    cachesReplaced: true,
  })
  expect(existsSync(checkpoint)).toBe(true)
  await again.close()
})

test('[PAST-8] [P1] what a replay wrote in place of the caches is what the next start goes on from', async () => {
  const dir = join(root, 'town')
  await installTown({ dir, name: 'rp', owner: { name: 'O', email: 'o@localhost' }, settings: {} })
  const town = await openTown(dir)
  const { past, checkpoint } = townFiles(dir)
  mkdirSync(past, { recursive: true })
  writeFileSync(join(past, 'rows'), 'of no sense')
  mkdirSync(checkpoint, { recursive: true })
  writeFileSync(join(checkpoint, 'manifest'), 'of no sense')
  const { stateDigest } = await handleOf(town).replay({ to: null, verify: false, into: null })
  expect(existsSync(join(past, 'rows'))).toBe(false)
  const projections = createProjections()
  const start = await readCheckpoint(checkpoint, town.log, projections)
  const { owners, ...known } = town.system.checkpoint()
  expect(start).toMatchObject(known)
  expect([...(start?.owners ?? [])]).toEqual(owners)
  expect(canonical(projections)).toBe(canonical(town.projections))
  await town.close()
  const again = await openTown(dir)
  expect((await handleOf(again).replay({ to: null, verify: true, into: null })).stateDigest).toBe(stateDigest)
  await again.close()
})
