import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createPast } from '../../../src/town/past/past.ts'
import { createTown } from '../../api/town.ts'

const operator = { kind: 'operator', actor: 'overseer' } as const

async function townWithPast() {
  const { town, bead, command, get } = await createTown()
  const dir = mkdtempSync(join(tmpdir(), 'gt-past-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const past = createPast({ log: town.log, dir, name: 'test', townId: 't1' })
  onTestFinished(() => past.close())
  const read = async (path: string, query: object = {}, params = {}) =>
    JSON.parse(
      await past.read({ path, caller: operator, params, query: { ...query } }, new AbortController().signal),
    )
  return { town, past, bead, command, get, read }
}

test('[PAST-1] [P4] a read as of each record gives what the same read gave then', async () => {
  const { town, bead, command, get, read } = await townWithPast()
  const then = new Map<number, unknown>()
  const told = ({ rigs, work }: Record<string, unknown>) => ({ rigs, work })
  const note = async () =>
    then.set(town.system.seq, [(await get('/v1/beads')).body, told((await get('/v1/status')).body)])
  await note()
  const id = await bead('Fix the empty cart', { description: 'Nobody can pay.' })
  await note()
  await bead('And another')
  await note()
  await command('bead.update', { bead: id, title: 'Fix the cart' })
  await note()
  for (const [seq, answer] of [...then].reverse()) {
    const at = String(seq)
    expect([await read('/v1/beads', { at, view: 'all' }), told(await read('/v1/status', { at }))]).toEqual(
      answer,
    )
  }
  // Long texts are read from the log.
  const whole = await read('/v1/beads/:id', { at: String(town.system.seq), waitMs: 0 }, { id })
  expect(whole).toMatchObject({ title: 'Fix the cart', description: 'Nobody can pay.' })
})

test('[PAST-2] what is refused there is refused here, with its details', async () => {
  const { read } = await townWithPast()
  await expect(read('/v1/beads/:id', { at: '3' }, { id: 'ti-nope' })).rejects.toMatchObject({
    name: 'Fault',
    code: 'BEAD_NOT_FOUND',
    details: { bead: 'ti-nope' },
  })
  await expect(read('/v1/beads', { at: '999999' })).rejects.toMatchObject({ code: 'POSITION_IN_FUTURE' })
  await expect(read('/v1/beads', { at: 'soon' })).rejects.toMatchObject({ code: 'POSITION_INVALID' })
})

test('[PAST-3] a thread that is lost fails what it was asked, and the next question is answered', async () => {
  const { past, read } = await townWithPast()
  const asked = read('/v1/beads', { view: 'all' })
  const ended = past.close()
  await expect(asked).rejects.toMatchObject({ code: 'PAST_ENDED' })
  await ended
  expect(await read('/v1/beads', { view: 'all' })).toMatchObject({ items: [] })
})

test('[P7] the past of a town in which nothing happens sets no timer', async () => {
  const { town } = await createTown()
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const past = createPast({ log: town.log, dir: '/nowhere', name: 'test', townId: 't1' })
  past.recorded()
  expect(vi.getTimerCount()).toBe(0)
  await past.close()
})
