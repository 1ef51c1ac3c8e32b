import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findTown } from '../../src/client/find-town.ts'
import { registerTown } from '../../src/client/registry.ts'
import { gt, townFolder } from './town.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gt-none-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('without a town: a code, one sentence and what to do', async () => {
  expect(await gt(['status'], { cwd: folder })).toEqual({
    code: 1,
    out: '',
    err: 'gt: There is no town (folder of all your work) here.\n    Make one with gt install <folder>, or name it: --town <folder>.\n',
  })
  const { code, out, err } = await gt(['status', '--json'], { cwd: folder })
  expect([code, out]).toEqual([1, ''])
  expect(JSON.parse(err)).toEqual({
    error: { code: 'NO_TOWN', message: expect.any(String), remedy: expect.any(String), details: {} },
  })
  for (const town of [folder, join(folder, 'missing')])
    expect((await gt(['status', '--town', town])).err).toContain('is not a town')
})

test.each([['done'], ['prime'], ['report', 'note', 'x']])(
  'gt %s outside a session is refused',
  async (...argv) => {
    const { code, err } = await gt([...argv, '--json'], { cwd: folder })
    expect([code, JSON.parse(err).error.code]).toEqual([1, 'NOT_IN_A_SESSION'])
  },
)

test.each([
  [['nonsense']],
  [['bead']],
  [['bead', 'create']],
  [['bead', 'create', 'x', 'y']],
  [['bead', 'create', 'x', '--colour', 'red']],
  [['bead', 'create', 'x', '--priority', 'high']],
  [['status', '--town']],
  [['--json']],
])('wrong usage exits 2 and says how it is written: %j', async (argv) => {
  const { code, out, err } = await gt(argv, { cwd: folder })
  expect([code, out]).toEqual([2, ''])
  expect(err).toMatch(argv.includes('--json') ? /"USAGE"/ : /^gt: .+\n {4}gt .*help/)
})

test('the hint of an option that cannot be read names its command', async () => {
  expect((await gt(['peek', 'nux', '-n', 'many'], { cwd: folder })).err).toBe(
    'gt: --lines needs a whole number\n    gt help peek shows how it is written.\n',
  )
  expect((await gt(['budget', 'set', 'town', '40eur/day'], { cwd: folder })).err).toMatch(
    /write it like 40usd\/day.*\n {4}gt help budget set /,
  )
})

describe('which town is meant', () => {
  test('the nearest folder above that gt install made', () => {
    const town = townFolder()
    try {
      const below = join(town.dir, 'rigs', 'shop')
      mkdirSync(below, { recursive: true })
      expect(findTown(undefined, below, {})).toMatchObject({ dir: town.dir, how: 'folder' })
      expect(findTown(undefined, folder, { GT_TOWN: town.dir })).toMatchObject({
        dir: town.dir,
        how: 'environment',
      })
    } finally {
      town.remove()
    }
  })

  test('a checkout that holds files of a town is none', () => {
    mkdirSync(join(folder, '.gt'))
    writeFileSync(join(folder, '.gt', 'town.json'), '{"townId":"evil","name":"evil","layout":1}')
    writeFileSync(join(folder, 'town.toml'), '')
    // What git checks out is readable by others.
    writeFileSync(join(folder, '.gt', 'operator.token'), 'x', { mode: 0o644 })
    expect(() => findTown(undefined, folder, {})).toThrow('There is no town')
  })

  test('the only town of this user, and then gt says which; with two it asks', async () => {
    const [one, two] = [townFolder(), townFolder()]
    const env = { XDG_STATE_HOME: join(folder, 'state') }
    try {
      registerTown(env, { dir: join(folder, 'removed'), id: 'gone' })
      registerTown(env, { dir: one.dir, id: 't1' })
      expect(findTown(undefined, folder, env)).toMatchObject({ dir: one.dir, how: 'registry' })
      registerTown(env, { dir: two.dir, id: 't2' })
      expect(() => findTown(undefined, folder, env)).toThrow('There are several towns')
    } finally {
      one.remove()
      two.remove()
    }
  })
})

test('help shows twelve commands in four groups, and each command how it is written', async () => {
  const { out, code } = await gt(['--help'])
  expect(code).toBe(0)
  expect(out.match(/^ {2}gt /gm)).toHaveLength(12)
  expect(out.match(/^(start|work|watch|past)$/gm)).toEqual(['start', 'work', 'watch', 'past'])
  for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  const all = JSON.parse((await gt(['help', '--all', '--json'])).out) as { name: string }[]
  for (const { name } of all) {
    const one = await gt([...name.split(' '), '--help'])
    expect(one.out).toContain(`gt ${name}`)
    for (const line of one.out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  }
  expect((await gt(['help', 'words'])).out).toContain('bead (unit of work)')
})
