import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { importLines, openLog } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import { recordOf } from '../../src/events/upcasters.ts'
import { createRedecider } from '../../src/system/redecide.ts'
import { townFiles } from '../../src/town/files.ts'
import { installTown } from '../../src/town/install.ts'
import { handleOf, openTown } from '../../src/town/open.ts'
import { VERSION } from '../../src/town/program/version.ts'
import { RELEASES, releaseLog, told } from '../support/release-log.ts'

let root: string
let dir: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gt-rel-'))
  dir = join(root, 'town')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** A town with these lines for its log. */
async function townOf(lines: readonly string[]): Promise<void> {
  await installTown({ dir, name: 'r', owner: { name: 'O', email: 'o@localhost' }, settings: {} })
  rmSync(townFiles(dir).log, { recursive: true })
  await importLines(townFiles(dir).log, lines)
}

test('this version has its log', () => {
  expect(readdirSync(RELEASES)).toContain(VERSION)
})

describe.each(readdirSync(RELEASES))('the log that %s wrote', (version) => {
  const { lines, expected } = releaseLog(version)

  test('[P3] says today what it said then, at its end and at earlier moments', () => {
    expect(told(lines, expected.chain)).toEqual(expected)
  })

  test('[P3] is decided again as it was then, within each version of a machine', () => {
    const redecider = createRedecider(machineAt)
    expect(lines.map(recordOf).flatMap((record) => redecider.check(record).divergences)).toEqual([])
  })

  test('[P4] opens, verifies, replays to the live state, and answers as of a moment', async () => {
    await townOf(lines)
    const town = await openTown(dir)
    try {
      expect(await town.log.verify({})).toMatchObject({ ok: true })
      const handle = handleOf(town, {})
      const report = await handle.replay({ to: null, verify: true, into: null })
      expect(report).toMatchObject({ verified: true, divergences: [], liveDigest: report.stateDigest })
      const caller = { kind: 'operator', actor: 'overseer' } as const
      for (const [at, beads] of Object.entries(expected.beadsAt)) {
        const ask = { path: '/v1/beads', caller, params: {}, query: { at, limit: 5_000, view: 'all' } }
        const { items } = JSON.parse(await handle.past.read(ask, new AbortController().signal))
        const found = items.map(({ id, status, stage }: Record<string, string>) => [id, status, stage])
        expect(found.sort()).toEqual([...beads].sort())
      }
    } finally {
      await town.close()
    }
  })
})

describe('a log from the future', () => {
  const { lines } = releaseLog(VERSION)
  const later = (change: (record: Record<string, unknown>) => object): string[] => {
    const last = JSON.parse(lines.at(-1) as string)
    return [...lines.slice(0, -1), JSON.stringify({ ...last, ...change(last) })]
  }

  test.each([
    ['a record of a later form', later(() => ({ v: 99 }))],
    ['a later machine', later(({ machine }) => ({ machine: String(machine).replace(/@.*/, '@99') }))],
  ])('with %s is refused in a sentence that names the backup, and is not changed', async (_, future) => {
    await townOf(future)
    const backup = join(townFiles(dir).backups, '2026-01-01-0.0.9-3')
    await importLines(join(backup, 'log'), future)
    const made = { logId: 'x', seq: 3, at: '2026-01-01T00:00:00.000Z', version: '0.0.9', madeBy: '9.9.9' }
    writeFileSync(join(backup, 'backup.json'), JSON.stringify(made))
    await expect(openTown(dir)).rejects.toMatchObject({
      code: 'TOWN_NEWER',
      message: expect.stringContaining(backup),
    })
    const log = await openLog(townFiles(dir).log)
    expect(log.head.seq).toBe(lines.length)
    await log.close()
  })
})
