// gt log export, import, stats, compact, repair: against real logs, and a town in memory.

import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openLog } from '../../eventlog/index.ts'
import { townFiles } from '../../src/town/files.ts'
import { installTown } from '../../src/town/install.ts'
import { verifyLogIn } from '../../src/town/logs/look.ts'
import { createCliTown, gt } from './town.ts'

let root: string
let dir: string
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'gt-logs-'))
  dir = join(root, 'town')
  await installTown({ dir, name: 'logs', owner: { name: 'O', email: 'o@localhost' }, settings: {} })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const here = (...argv: string[]) => gt(argv, { cwd: dir })
const failure = async (...argv: string[]) => {
  const { code, err } = await here(...argv, '--json')
  return { exit: code, ...JSON.parse(err).error }
}

/** More records than fit into one sealed run, with all that JSON can hold. */
async function grow(count = 600): Promise<void> {
  for (let n = 0; n < count; n += 100) {
    const log = await openLog(townFiles(dir).log)
    const { line } = (await log.get(1)) ?? { line: '' }
    const { seq: _, ...first } = JSON.parse(line)
    const entries = Array.from({ length: 100 }, (_each, k) => ({
      ...first,
      actor: `notes/${n + k}`,
      facts: [],
      message: { type: k % 3 === 0 ? 'note' : 'x.note', text: `line\u2028end \ud83d\ude00 ${n + k}` },
    }))
    await log.append(entries, { id: `grow-${n}` })
    await log.close()
  }
}

describe('gt log export and import', () => {
  test('the export of an import is the same file, byte for byte, while the town is down', async () => {
    await grow()
    const first = join(root, 'first.ndjson')
    const { code, out } = await here('log', 'export', first)
    expect([code, out]).toEqual([0, `601 records, up to 601, are in ${first}.\n`])
    const copy = join(root, 'copy')
    expect((await here('log', 'import', first, copy)).code).toBe(0)
    expect(await verifyLogIn(copy)).toMatchObject({ ok: true, records: 601 })
    const log = await openLog(copy)
    const lines = []
    for await (const { line } of log.read()) lines.push(`${line}\n`)
    await log.close()
    expect(readFileSync(first, 'utf8')).toBe(lines.join(''))
    expect((await here('log', 'verify', '--dir', copy)).code).toBe(0)
  })

  test('an export is what was there at a moment, after a record, and goes to stdout as it is kept', async () => {
    await grow(100)
    const whole = (await here('log', 'export')).out
    expect(whole.split('\n')).toHaveLength(102)
    const lines = whole.trimEnd().split('\n')
    const part = (await here('log', 'export', '--after', '10', '--at', '12')).out
    expect(part).toBe(`${lines.slice(10, 12).join('\n')}\n`)
    expect((await here('log', 'export', '--after', '101')).out).toBe('')
  })

  test('a file that is there is not written over', async () => {
    const file = join(root, 'mine')
    writeFileSync(file, 'mine')
    expect(await failure('log', 'export', file)).toMatchObject({ exit: 1, code: 'FILE_EXISTS' })
    expect(readFileSync(file, 'utf8')).toBe('mine')
  })

  test.each([
    ['is cut off', (lines: string[]) => lines.with(2, (lines[2] as string).slice(0, 40)), 3],
    ['is missing', (lines: string[]) => lines.toSpliced(4, 1), 5],
    ['is not JSON', (lines: string[]) => lines.with(1, '{"seq":2,oops}'), 2],
    ['is empty', (lines: string[]) => lines.toSpliced(3, 0, ''), 4],
  ])('of a file in which a line %s nothing is imported, and the line is named', async (_, broken, line) => {
    await grow(100)
    const lines = (await here('log', 'export')).out.trimEnd().split('\n')
    const file = join(root, 'broken')
    writeFileSync(file, `${broken(lines).join('\n')}\n`)
    const copy = join(root, 'copy')
    const error = await failure('log', 'import', file, copy)
    expect(error).toMatchObject({ exit: 1, code: 'IMPORT_BROKEN', details: { line } })
    expect(error.message).toContain(`Line ${line} `)
    expect(readdirSync(root).sort()).toEqual(['broken', 'town'])
  })

  test('what is no text, and a folder with something in it, are refused', async () => {
    const file = join(root, 'bytes')
    writeFileSync(file, Buffer.from([0x7b, 0xff, 0xfe, 0x0a]))
    expect(await failure('log', 'import', file, join(root, 'copy'))).toMatchObject({ code: 'IMPORT_BROKEN' })
    expect(await failure('log', 'import', file, dir)).toMatchObject({ code: 'FOLDER_NOT_EMPTY' })
    expect(existsSync(join(root, 'copy'))).toBe(false)
  })
})

describe('gt log stats and compact', () => {
  test('stats counts records by kind; compact seals what is full, and no record changes', async () => {
    await grow()
    const before = JSON.parse((await here('log', 'stats', '--json')).out)
    expect(before).toMatchObject({ records: 601, kinds: 3, bytesOnDisk: expect.any(Number) })
    expect(before.byKind[0]).toMatchObject({ message: 'x.note', records: 396 })
    const exported = (await here('log', 'export')).out
    const done = JSON.parse((await here('log', 'compact', '--json')).out)
    expect(done).toMatchObject({ records: 601, sealed: 512 })
    expect(done.bytesOnDisk).toBeGreaterThan(0)
    expect((await here('log', 'compact')).out).toMatch(/before, .* now\.\n512 of 601 records are sealed/)
    expect((await here('log', 'export')).out).toBe(exported)
    expect(await verifyLogIn(dir)).toMatchObject({ ok: true, records: 601 })
    expect((await here('log', 'stats')).out).toMatch(/^601 records, 512 of them sealed/)
  })

  test('[L17] compact --archive puts old records away, and what reads them finds them', async () => {
    await grow()
    const exported = (await here('log', 'export')).out
    expect(await here('log', 'compact', '--archive', '100')).toMatchObject({
      out: expect.stringContaining('Nothing is archived'),
      err: '',
    })
    expect((await here('log', 'compact', '--archive', '600')).out).toContain(
      'The first 512 records are archived in 1 file, 512 of them just now.',
    )
    expect(readdirSync(join(townFiles(dir).log, 'archive'))).toEqual(['000000000001-000000000512.rows'])
    expect((await here('log', 'export')).out).toBe(exported)
    expect((await here('log', 'stats')).out).toContain('The first 512 are archived in 1 file.')
    expect(JSON.parse((await here('log', 'compact', '--archive', '0m', '--json')).out)).toMatchObject({
      archived: 512,
      newlyArchived: 0,
    })
    expect(await verifyLogIn(dir)).toMatchObject({ ok: true, records: 601 })
    expect(await failure('log', 'compact', '--archive', 'some day')).toMatchObject({
      code: 'POSITION_INVALID',
    })
    expect(await failure('log', 'compact', '--archive', '602')).toMatchObject({ code: 'POSITION_IN_FUTURE' })
    rmSync(join(townFiles(dir).log, 'archive'), { recursive: true })
    const lost = await failure('status')
    expect(lost.code).toBe('LOG_DAMAGED')
    expect(lost.message).toContain('The archive of the entries 1 to 512 is missing')
  })

  test('the same is asked of a town that is up', async () => {
    const town = await createCliTown()
    try {
      await town.bead('one')
      const { seq } = town.town.system
      expect(JSON.parse((await town.gt('log', 'stats', '--json')).out).records).toBe(seq)
      expect((await town.gt('log', 'export')).out.trimEnd().split('\n')).toHaveLength(seq)
      expect(JSON.parse((await town.gt('log', 'compact', '--json')).out).records).toBe(seq)
    } finally {
      await town.close()
    }
  })
})

describe('gt log repair', () => {
  test('saves what lies before the damage, shows the rest, says how to go on, and that works', async () => {
    await grow()
    const { log } = townFiles(dir)
    const sound = (await here('log', 'export')).out.trimEnd().split('\n')
    const mark = '"actor":"notes/550"'
    // Wherever it lies: what was replaced since, and is still in a file, would be found as well.
    const files = readdirSync(join(log, 'db')).map((name) => join(log, 'db', name))
    for (const path of files) {
      const bytes = readFileSync(path)
      for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) bytes[at + 10] = 0x7e
      writeFileSync(path, bytes)
    }
    const damaged = files.map((path) => readFileSync(path))
    expect((await here('log', 'verify')).code).toBe(1)

    const { code, out } = await here('log', 'repair', '--json')
    const repaired = JSON.parse(out)
    expect(code).toBe(0)
    expect(repaired.lost).toMatchObject([{ first: repaired.head.seq + 1 }])
    expect(files.map((path) => readFileSync(path))).toEqual(damaged)
    expect(repaired.steps).toHaveLength(6)
    const { execFileSync } = await import('node:child_process')
    for (const step of repaired.steps)
      if (!step.startsWith('gt ')) execFileSync('/bin/sh', ['-c', step], { stdio: 'ignore' })
    expect((await here('log', 'verify')).code).toBe(0)
    expect((await here('log', 'export')).out.trimEnd().split('\n')).toEqual(sound.slice(0, repaired.head.seq))
  })

  test('of a sound log nothing is lost; a folder that is not empty is refused', async () => {
    appendFileSync(join(root, 'note'), 'x')
    expect((await here('log', 'repair', join(root, 'saved'))).out).toContain('Nothing is lost: all 1 records')
    expect(await failure('log', 'repair', root)).toMatchObject({ code: 'FOLDER_NOT_EMPTY' })
    expect(await failure('log', 'repair', '--dir', join(root, 'nothing'))).toMatchObject({
      code: 'LOG_MISSING',
    })
  })
})
