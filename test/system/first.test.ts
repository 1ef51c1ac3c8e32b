import { expect, test } from 'vitest'
import { machineAt } from '../../src/actors/index.ts'
import { FORK_REMOTE, message, PARENT, RIG } from '../support/messages.ts'
import { openLoop, settled } from './loop.ts'
import { to } from './tiny.ts'

const forked = (...more: { to: string; message: { type: string } }[]) => ({
  first: () => ({
    id: 'forked',
    by: 'overseer',
    messages: [{ to: 'town', message: message('town.forked', { cancelled: [] }) }, ...more],
  }),
})

/** A town that waits for the clone of a rig. */
async function cloning() {
  const loop = await openLoop({ machines: machineAt })
  await loop.say({ to: 'town', message: message('town.install') })
  await loop.say({ to: `rigs/${RIG}`, message: message('rig.add') })
  expect(loop.performed).toHaveLength(1)
  return loop
}

test('[SYS-20] what stands first is written before a promise is kept, and a fork settles what was open', async () => {
  const before = await cloning()
  const loop = await before.crash({ machines: machineAt, ...forked() })
  expect(loop.records.at(-1)).toMatchObject({
    seq: 3,
    actor: 'town',
    facts: [{ type: 'TownForked', parent: PARENT }],
  })
  expect(loop.performed).toEqual([])
  expect(loop.system.openEffects()).toEqual([])
  expect(loop.system.checkpoint().ledger.effects).toEqual([])
  // The next start keeps nothing either.
  expect((await loop.crash({ machines: machineAt })).performed).toEqual([])
})

test('[SYS-20] what stands first and is refused fails the opening, and nothing is written', async () => {
  const before = await cloning()
  const refused = { to: 'rigs/none', message: message('rig.unpark') }
  await expect(before.crash({ machines: machineAt, ...forked(refused) })).rejects.toMatchObject({
    code: 'FIRST_REFUSED',
    message: expect.stringContaining('RIG_NOT_FOUND'),
  })
  expect(before.disk.durable).toBe(2)
})

test('[SYS-20] what was cancelled is asked again of who is still where it was, and of nobody else', async () => {
  const before = await cloning()
  const loop = await before.crash({ machines: machineAt, ...forked() })
  const params = { rig: RIG, remote: FORK_REMOTE, target: 'main' }
  const asked = [
    { kind: 'rig.clone', params },
    { kind: 'timer' as const, event: 'late', delayMs: 500 },
  ]
  const again = (value: string) => ({ to: `rigs/${RIG}`, message: message('owner.resume', { value, asked }) })
  expect(await loop.say(again('active'))).toMatchObject({ accepted: false, refusal: { code: 'RESUME_LATE' } })
  await loop.say(again('cloning'))
  expect(loop.performed).toMatchObject([{ kind: 'rig.clone', params, actor: `rigs/${RIG}` }])
  expect(loop.system.openTimers()).toMatchObject([{ event: 'late', actor: `rigs/${RIG}` }])
  expect(await loop.say({ ...again('cloning'), to: 'rigs/none' })).toMatchObject({
    refusal: { code: 'RESUME_LATE' },
  })
})

test('[SYS-20] an effect that is held begins when it is let go, and one that is called off meanwhile never does', async () => {
  const held = Promise.withResolvers<void>()
  const loop = await openLoop({
    hold: ({ actor, signal }) =>
      new Promise((resolve) => {
        void held.promise.then(resolve)
        if (actor === 'things/b') signal.addEventListener('abort', () => resolve())
      }),
  })
  await loop.say(to('things/a', 'go', { n: 1 }))
  await loop.say(to('things/b', 'go', { n: 2 }))
  await loop.say(to('things/b', 'leave'))
  await settled()
  expect(loop.performed).toEqual([])
  held.resolve()
  await settled()
  expect(loop.performed).toMatchObject([{ actor: 'things/a' }])
})
