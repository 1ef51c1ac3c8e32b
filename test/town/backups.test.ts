import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLog } from '../../eventlog/index.ts'
import { OVERSEER, TOWN } from '../../src/events/address.ts'
import { townFiles } from '../../src/town/files.ts'
import { installTown } from '../../src/town/install.ts'
import { backUpLog, backupsOf } from '../../src/town/logs/backups.ts'
import { verifyLogIn } from '../../src/town/logs/look.ts'
import { handleOf, openTown } from '../../src/town/open.ts'
import { VERSION } from '../../src/town/program/version.ts'

let root: string
let dir: string

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'gt-bk-'))
  dir = join(root, 'town')
  await installTown({ dir, name: 'bk', owner: { name: 'O', email: 'o@localhost' }, settings: {} })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** A daemon of `version` was up. */
async function wasUp(version: string): Promise<void> {
  const town = await openTown(dir)
  await town.system.take({
    id: `start.${town.system.seq}`,
    by: OVERSEER,
    messages: [{ to: TOWN, message: { type: 'town.start', version, downMs: 0 } }],
  })
  await town.close()
}

/** The last record, as a machine one version back would have written it. */
async function asOfBefore(actor: string): Promise<void> {
  const log = await openLog(townFiles(dir).log)
  const { line } = (await log.get(log.head.seq)) ?? { line: '{}' }
  const { seq: _, ...record } = JSON.parse(line) as { seq: number; actor: string; machine: string }
  expect(record.actor).toBe(actor)
  await log.append([{ ...record, machine: record.machine.replace(/@.*/, '@0') }], { id: 'before' })
  await log.close()
}

test('[TOWNUP-19] a log that this version wrote last is not copied', async () => {
  await wasUp(VERSION)
  await (await openTown(dir)).close()
  expect(existsSync(townFiles(dir).backups)).toBe(false)
})

test('[TOWNUP-19] a log that another version wrote last is copied once, checked, before anything is written', async () => {
  await wasUp('0.0.7')
  const town = await openTown(dir)
  const { head } = town.log
  await town.close()
  const [backup, ...more] = backupsOf(dir)
  expect(more).toEqual([])
  expect(backup).toMatchObject({ version: '0.0.7', madeBy: VERSION, seq: head.seq })
  expect(backup?.dir).toMatch(new RegExp(`/\\d{4}-\\d\\d-\\d\\d-0\\.0\\.7-${head.seq}$`))
  expect(await verifyLogIn(backup?.dir ?? '')).toMatchObject({ ok: true, head })
  // Commands that open a town which is down write no version, and make no further copy.
  await (await openTown(dir)).close()
  expect(backupsOf(dir)).toHaveLength(1)
})

test('[TOWNUP-19] a copy is made before owners are brought to a new version of their machine', async () => {
  await wasUp(VERSION)
  await asOfBefore(TOWN)
  const town = await openTown(dir)
  const records = []
  for await (const { line } of town.log.read({ reverse: true, limit: 1 })) records.push(JSON.parse(line))
  expect(records).toMatchObject([{ message: { type: 'owner.migrated' }, actor: TOWN }])
  await town.close()
  expect(backupsOf(dir)).toMatchObject([{ seq: records[0].seq - 1 }])
})

test('[TOWNUP-19] without room for the copy nothing is written, and one sentence says so', async () => {
  await wasUp('0.0.7')
  const before = await verifyLogIn(dir)
  // In the place of the folder stands a file.
  writeFileSync(townFiles(dir).backups, '')
  await expect(openTown(dir)).rejects.toMatchObject({
    code: 'BACKUP_FAILED',
    message: expect.stringMatching(/^The log could not be backed up to [^\n]+$/),
  })
  expect(await verifyLogIn(dir)).toEqual(before)
  rmSync(townFiles(dir).backups)
  await (await openTown(dir)).close()
  expect(backupsOf(dir)).toHaveLength(1)
})

test('[TOWNUP-20] the last three backups are kept, and what was interrupted is taken away', async () => {
  const town = await openTown(dir)
  const { backups } = townFiles(dir)
  mkdirSync(join(backups, 'interrupted', 'log'), { recursive: true })
  for (let n = 0; n < 5; n += 1) await handleOf(town).backUp(null)
  await town.close()
  expect(readdirSync(backups)).toHaveLength(3)
  expect(backupsOf(dir)).toHaveLength(3)
})

test('[TOWNUP-20] a backup in a folder of the person is whole and touches nothing that is there', async () => {
  const town = await openTown(dir)
  const to = join(root, 'elsewhere')
  const backup = await handleOf(town).backUp(to)
  expect(backup).toMatchObject({ dir: to, seq: town.log.head.seq })
  await expect(backUpLog(dir, { log: town.log, version: null, to })).rejects.toMatchObject({
    code: 'FOLDER_NOT_EMPTY',
  })
  await town.close()
  expect(await verifyLogIn(to)).toMatchObject({ ok: true, records: backup.seq })
})
