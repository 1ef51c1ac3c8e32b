// gt log erase: what is erased is nowhere in the town any more, and everything else is as it was.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { OVERSEER, rigOwner } from '../../src/events/address.ts'
import { townFiles } from '../../src/town/files.ts'
import { installTown } from '../../src/town/install.ts'
import { verifyLogIn } from '../../src/town/logs/look.ts'
import { openTown } from '../../src/town/open.ts'
import { message } from '../support/messages.ts'
import { gt } from './town.ts'

const SECRET = 'hunter2-"swordfish"'
let root: string
let dir: string
let texts: string
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'gt-erase-'))
  dir = join(root, 'town')
  texts = join(root, 'texts')
  writeFileSync(texts, `${SECRET}\n`)
  await installTown({ dir, name: 'e', owner: { name: 'O', email: 'o@localhost' }, settings: {} })
  const town = await openTown(dir)
  const say = (to: string, said: Parameters<typeof town.system.take>[0]['messages'][number]['message']) =>
    town.system.take({ id: `t-${town.system.seq}`, by: OVERSEER, messages: [{ to, message: said }] })
  await say(rigOwner('shop'), message('rig.add', {}))
  await say('beads/sh-1', message('bead.create', { title: 'one', description: `use ${SECRET} there` }))
  await say('beads/sh-1', message('bead.comment', { text: `or ${SECRET}` }))
  await say('beads/sh-2', message('bead.create', { title: 'two', description: 'nothing' }))
  await town.close()
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const here = (...argv: string[]) => gt(argv, { cwd: dir })
const answer = async (...argv: string[]) => {
  const { code, out, err } = await here(...argv, '--json')
  return { exit: code, ...(out === '' ? JSON.parse(err).error : JSON.parse(out)) }
}
const records = async () =>
  (await here('log', 'export')).out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

/** Files below the town that hold it, in any of the ways in which it could be written there. */
function rawly(text: string, folder = dir): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    if (!entry.isFile()) return []
    const path = join(entry.parentPath, entry.name)
    const bytes = readFileSync(path)
    return [text, JSON.stringify(text).slice(1, -1)].some((written) => bytes.includes(written)) ? [path] : []
  })
}

const holding = async (): Promise<number[]> =>
  (await records())
    .filter((record) => JSON.stringify(record).includes('swordfish'))
    .map(({ seq }) => seq as number)

test('[P1] an erased text is in no file of the town; the chain holds, the record says who and why', async () => {
  const seqs = await holding()
  expect(seqs.length).toBeGreaterThan(1)
  const before = await verifyLogIn(dir)
  const { own, sessions } = townFiles(dir)
  const casts = join(sessions, 'shop.polecats.nux.sessions.1.1')
  mkdirSync(casts, { recursive: true })
  const cast = join(casts, 'terminal.cast')
  const shown = [
    { version: 2, width: 80, height: 24 },
    [0.1, 'o', 'the key is hunter2-"sw'],
    [0.2, 'o', 'ordfish", and so on'],
    [0.3, 'o', `again ${SECRET}.`],
  ]
  writeFileSync(cast, `${shown.map((each) => JSON.stringify(each)).join('\n')}\n`)
  writeFileSync(join(own, 'daemon.log'), `read ${SECRET}\n`)

  const done = await answer('log', 'erase', '--everywhere', '--texts', texts, '--reason', 'a password')
  expect(done).toMatchObject({ exit: 0, erased: seqs, alsoIn: [], leftIn: [], backups: [] })
  expect(done.files.sort()).toEqual([join(own, 'daemon.log'), cast].sort())
  expect(rawly(SECRET)).toEqual([])
  expect(readFileSync(cast, 'utf8')).not.toContain('ordfish')
  expect(readdirSync(own).filter((name) => name.includes('erasing'))).toEqual([])

  const after = await verifyLogIn(dir)
  expect(after).toMatchObject({
    ok: true,
    records: before.records + 1,
    erased: seqs.map((seq) => ({ seq, by: done.seq })),
  })
  const all = await records()
  expect(all.at(-1)).toMatchObject({
    by: 'overseer',
    message: { type: 'town.erase', reason: 'a password' },
    facts: [{ type: 'RecordsErased' }],
  })
  expect(all[(seqs[0] as number) - 1]).toMatchObject({
    message: { title: 'one', description: 'use [erased] there' },
    erased: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  expect(JSON.parse((await here('bead', 'show', 'sh-1', '--json')).out).description).toBe(
    'use [erased] there',
  )
  const replayed = await answer('replay', '--verify')
  expect(replayed).toMatchObject({ exit: 0, verified: true, divergences: [] })
  expect((await here('log', 'verify')).out).toMatch(/erased/)
})

test('the export of an erased log is imported, verifies, and gives the same bytes again', async () => {
  await here('log', 'erase', '--everywhere', '--texts', texts, '--reason', 'a password')
  const file = join(root, 'export.ndjson')
  await here('log', 'export', file)
  const copy = join(root, 'copy')
  expect((await here('log', 'import', file, copy)).code).toBe(0)
  const [one, two] = [await verifyLogIn(dir), await verifyLogIn(copy)]
  expect(two).toEqual(one)
  expect(one.erased).not.toBeUndefined()
})

test('only the named records change, and the others that hold the text are named', async () => {
  const [first, ...others] = await holding()
  const before = await records()
  const done = await answer('log', 'erase', String(first), '--texts', texts, '--reason', 'a password')
  expect(done).toMatchObject({ exit: 1, erased: [first], alsoIn: others })
  const after = await records()
  const rest = (all: typeof before) => all.filter(({ seq }) => seq !== first).slice(0, before.length - 1)
  expect(rest(after)).toEqual(rest(before))
})

test('without texts all that somebody wrote in a record goes, and nothing that names a thing', async () => {
  const [first] = await holding()
  const before = (await records())[(first as number) - 1]
  expect(await answer('log', 'erase', String(first), '--reason', 'private')).toMatchObject({
    erased: [first],
  })
  const { erased: _, ...after } = (await records())[(first as number) - 1]
  expect(after).toMatchObject({
    message: { title: '[erased]', description: '[erased]', type: 'bead.create' },
  })
  const shape = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value, (_key, inner) => (typeof inner === 'string' ? 'text' : inner)))
  expect(shape(after)).toEqual(shape(before))
  expect({ ...after, message: 0, change: 0, facts: 0, effects: 0 }).toEqual({
    ...before,
    message: 0,
    change: 0,
    facts: 0,
    effects: 0,
  })
  expect((await here('replay', '--verify')).code).toBe(0)
})

test.each([
  [['999', '--reason', 'why'], 'RECORD_NOT_FOUND'],
  [['0', '--reason', 'why'], 'RECORD_NOT_FOUND'],
  [['1', '--reason', 'why', '--texts', 'TEXTS'], 'TEXT_NOT_FOUND'],
  [['1', '--reason', `it was ${SECRET}`, '--texts', 'TEXTS'], 'REASON_TELLS'],
  [['one', '--reason', 'why'], 'USAGE'],
  [['1'], 'USAGE'],
  [['--everywhere', '--reason', 'why'], 'USAGE'],
])('gt log erase %j is refused with %s, and nothing has changed', async (words, code) => {
  const before = await verifyLogIn(dir)
  const said = words.map((word) => (word === 'TEXTS' ? texts : word))
  expect(await answer('log', 'erase', ...said)).toMatchObject({ code })
  expect(await verifyLogIn(dir)).toEqual(before)
})

test('a town whose log is open is refused', async () => {
  const town = await openTown(dir)
  try {
    expect(await answer('log', 'erase', '2', '--reason', 'why')).toMatchObject({ exit: 1, code: 'TOWN_UP' })
  } finally {
    await town.close()
  }
})
