// What a person sees of the dogs, and has them do.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTown, FIRST_SESSION, type TestTown } from './town.ts'

let town: TestTown
beforeEach(async () => {
  town = await createTown()
})
afterEach(() => town.close())

const set = (key: string, value: unknown) => town.command('config.set', { key, value })
const kennel = () => town.town.system.owner('deacon/dogs')
const judging = (rig: string) => town.town.system.owner(`${rig}/witness`)?.context.judging

test('[KENNEL-4] times to keep things are told to the dogs, and are refused outside of their range with the range', async () => {
  expect((await set('keep.trash', '10d')).status).toBe(200)
  expect(kennel()).toMatchObject({ value: 'aging', context: { settings: { 'keep.trash': 864_000_000 } } })
  for (const [key, value, range] of [
    ['keep.trash', '1h', 'from 1d to 3650d'],
    ['keep.recordings', '4000d', 'from 1d to 3650d'],
    ['keep.undo', '1m', 'from 1h to 365d'],
    ['limits.dogs', '9', 'from 1 to 8'],
    ['judgements.wait', '1h', 'from 5s to 10m'],
    ['judgements.budget', '-1', 'from 0 to 1000'],
  ] as const) {
    const { status, body } = await set(key, value)
    expect([status, body.code]).toEqual([400, 'SETTING_INVALID'])
    expect(body.detail).toContain(range)
  }
  expect((await town.command('config.unset', { key: 'keep.trash' })).status).toBe(200)
  expect(kennel()?.context.settings).toEqual({})
})

test('[WITNESS-30] every rig knows whether a model may be asked, also one that is added later', async () => {
  expect(judging('shop')).toBeUndefined()
  await set('judgements.mode', 'on')
  expect(judging('shop')).toBe(true)
  await town.command('rig.add', { name: 'farm', source: '/code/farm' })
  expect(judging('farm')).toBe(true)
  await set('judgements.mode', 'off')
  expect([judging('shop'), judging('farm')]).toEqual([undefined, undefined])
})

test('[REAP-5] the trash is emptied at a word, what would go is only said where that is asked, and the dogs are listed', async () => {
  const dry = await town.command('trash.empty', { dryRun: true })
  expect(dry.body).toMatchObject({ dryRun: true, entries: [], bytes: 0, stays: [] })
  expect(kennel()).toBeNull()
  const bead = await town.bead('Dear')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
  const { body } = await town.command('trash.empty', { olderThanMs: 0 })
  expect(body).toMatchObject({ dryRun: false, bytes: 13 })
  expect([body.entries.length, body.stays[0].why]).toEqual([1, 'It stays: there is a branch b.'])
  // By the commits that the record names it comes back.
  const restored = await town.command('trash.restore', { entry: body.entries[0] })
  expect(restored.body).toMatchObject({ entry: body.entries[0], reaped: ['c'.repeat(40)] })
  const { items, judgements } = (await town.get('/v1/dogs')).body
  expect(items).toHaveLength(4)
  expect(items[0]).toMatchObject({ address: 'deacon/dogs/argos', state: 'idle', done: 1 })
  expect(judgements).toEqual([])
  const { supervision } = (await town.get('/v1/status')).body
  expect(supervision).toEqual({ modelCalls: 0, tokens: 0, costUsd: 0, unpriced: 0, reasons: {} })
})

test('[REAP-2] a recording that was taken away is said to be gone since when, and comes back at a word', async () => {
  const bead = await town.bead('Dear')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
  const recall = () => town.command('trash.recall', { session: FIRST_SESSION })
  expect((await recall()).body.code).toBe('NOTHING_TO_UNDO')
  expect((await town.command('trash.recall', { session: 'shop/polecats/x/sessions/1.1' })).body.code).toBe(
    'SESSION_NOT_FOUND',
  )
  await town.command('trash.empty', { olderThanMs: 0 })
  const reaped = async () => (await town.get('/v1/sessions?agent=nux')).body.items[0].reaped
  expect(await reaped()).toMatchObject({ until: '2090-01-01T00:00:00.000Z' })
  Object.assign(town.town, { recordedLines: async () => null, terminals: { peek: async () => undefined } })
  const seen = await town.get('/v1/peek/nux')
  expect([seen.status, seen.body.code]).toEqual([410, 'RECORDING_REAPED'])
  expect(seen.body.detail).toMatch(/is gone since 20.*, and can be brought back until 2090-01-01/)
  expect((await recall()).body).toMatchObject({ session: FIRST_SESSION })
  expect(await reaped()).toBeNull()
})
