import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTown, type TestTown } from './town.ts'

let town: TestTown
beforeEach(async () => {
  town = await createTown({ rig: false })
})
afterEach(() => town.close())

test('a rig answers where work will land and what must pass first', async () => {
  const { body } = await town.command('rig.add', { name: 'shop', source: '/code/shop', target: 'trunk' })
  expect(body).toMatchObject({ name: 'shop', prefix: 'sh', target: 'trunk', gate: ['npm', 'test'] })
  expect(body.sentence).toBe('Work on shop lands on trunk of /code/shop; npm test must pass first.')
})

test('[P8] a rig without a test command says that nothing lands yet, and how to set one', async () => {
  const { body } = await town.command('rig.add', { name: 'shop', source: '/code/untested' })
  expect(body.gate).toBeNull()
  expect(body.sentence).toContain('nothing lands yet')
  expect(body.sentence).toContain('gt config set gates.test')
})

test('prefixes of two rigs differ', async () => {
  const first = await town.command('rig.add', { name: 'shop', source: '/code/shop' })
  const second = await town.command('rig.add', { name: 'shed', source: '/code/shed' })
  expect(first.body.prefix).toBe('sh')
  expect(second.body.prefix).toBe('she')
  const third = await town.command('rig.add', { name: 'other', source: '/code/other', prefix: 'sh' })
  expect(third.body.code).toBe('PREFIX_TAKEN')
})

test.each([
  ['-x', 'NAME_INVALID'],
  ['..', 'NAME_INVALID'],
  ['@{-1}', 'NAME_INVALID'],
  ['a\u0000b', 'NAME_INVALID'],
  ['x'.repeat(300), 'NAME_INVALID'],
  ['', 'NAME_INVALID'],
  ['beads', 'NAME_INVALID'],
])('the name %j is refused and nothing changes', async (name, code) => {
  const { status, body } = await town.command('rig.add', { name, source: '/code/shop' })
  expect([status, body.code]).toEqual([400, code])
  expect(town.town.system.seq).toBe(0)
})

test.each(['-x', '..', '@{-1}', 'a\u0000b', 'x'.repeat(300)])('the target %j is refused', async (target) => {
  const { body } = await town.command('rig.add', { name: 'shop', source: '/code/shop', target })
  expect(body.code).toBe('NAME_INVALID')
  expect(town.town.system.seq).toBe(0)
})

test.each([
  ['/nothing', 'NOT_A_REPOSITORY'],
  ['/empty', 'REPOSITORY_EMPTY'],
])('the source %s is refused with %s', async (source, code) => {
  const { body } = await town.command('rig.add', { name: 'shop', source })
  expect(body.code).toBe(code)
  expect(body.remedy).not.toBe('')
  expect(town.town.system.seq).toBe(0)
})

test('a rig of a name that is taken is refused; the same call again is answered again', async () => {
  const first = await town.command('rig.add', { name: 'shop', source: '/code/shop', id: 'add-1' })
  expect((await town.command('rig.add', { name: 'shop', source: '/code/shop', id: 'add-1' })).body).toEqual(
    first.body,
  )
  expect((await town.command('rig.add', { name: 'shop', source: '/code/shop' })).body.code).toBe('RIG_EXISTS')
})

test('a bead needs a rig, and with several rigs a name', async () => {
  expect((await town.command('bead.create', { title: 'x' })).body.code).toBe('RIG_NOT_CHOSEN')
  await town.command('rig.add', { name: 'shop', source: '/code/shop' })
  await town.command('rig.add', { name: 'web', source: '/code/web' })
  expect((await town.command('bead.create', { title: 'x' })).body.code).toBe('RIG_NOT_CHOSEN')
  expect((await town.command('bead.create', { title: 'x', rig: 'mars' })).body.code).toBe('RIG_NOT_FOUND')
  expect((await town.command('bead.create', { title: 'x', rig: 'web' })).body.id).toMatch(/^we-/)
})

test('a setting is read by its own type, and refused with what it is for', async () => {
  await town.command('rig.add', { name: 'shop', source: '/code/untested' })
  const set = (key: string, value: unknown, rig?: string) =>
    town.command('config.set', { key, value, ...(rig && { rig }) })
  expect((await set('gates.test', '{"command":["npm","test"],"timeout":"5m"}', 'shop')).body.value).toEqual({
    command: ['npm', 'test'],
    timeoutMs: 300_000,
  })
  expect((await set('limits.polecats', '2', 'shop')).body.value).toBe(2)
  expect((await set('agents.default', 'claude')).body.value).toBe('claude')
  expect((await set('nonsense', '1')).body.code).toBe('SETTING_UNKNOWN')
  expect((await set('limits.polecats', 'many', 'shop')).body.code).toBe('SETTING_INVALID')
  expect((await set('limits.polecats', '2')).body.code).toBe('RIG_NOT_CHOSEN')
  expect((await town.get('/v1/settings?rig=shop&key=limits.polecats')).body.value).toBe(2)
  await town.command('config.unset', { key: 'limits.polecats', rig: 'shop' })
  expect((await town.get('/v1/settings?rig=shop&key=limits.polecats')).body.set).toBe(false)
})

test('[P8] a gate that contradicts itself or another one is refused with one sentence', async () => {
  await town.command('rig.add', { name: 'shop', source: '/code/untested' })
  const set = async (key: string, value: unknown) => {
    const { body } = await town.command('config.set', { key, value: JSON.stringify(value), rig: 'shop' })
    return body.detail ?? body.value
  }
  expect(await set('gates.test', { shell: 'npm test', after: ['build'] })).toBe(
    'The gate test comes after build, and there is no such gate that is a command.',
  )
  await set('gates.build', { command: ['make'], parallel: true })
  await set('gates.parallel', 3)
  expect(await set('gates.test', { shell: 'npm test', after: ['build'] })).toMatchObject({
    command: ['/bin/sh', '-c', 'npm test'],
    after: ['build'],
  })
  expect(await set('gates.build', { command: ['make'], after: ['test'] })).toBe(
    'The gates build, test wait for each other.',
  )
  expect((await town.command('config.unset', { key: 'gates.build', rig: 'shop' })).body.detail).toBe(
    'The gate test comes after build, and there is no such gate that is a command.',
  )
  expect(await set('gates.x', { command: ['a'], shell: 'a' })).toMatch(/: command or shell, not both, like /)
  expect(await set('gates.x', { command: ['a'], junit: '/etc/x' })).toMatch(
    /: junit: a path inside the worktree, like /,
  )
  expect(await set('gates.x', { command: ['a'], timeout: 'soon' })).toMatch(/: timeout: a time like 90s/)
})
