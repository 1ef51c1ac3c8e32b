import { describe, expect, test } from 'vitest'
import type { MachineDef, MachineState } from '../../src/actors/machine.ts'
import { createRedecider } from '../../src/system/redecide.ts'
import { type Loop, openLoop, settled } from './loop.ts'
import { tinyMachines, to, WAIT_MS } from './tiny.ts'
import { nextThing } from './tiny-next.ts'

/** Things of the next version: `busy` is called `working`, and there are two keys more. */
const raised =
  (migrate?: (state: MachineState, from: number) => MachineState) =>
  (address: string): MachineDef | null => {
    const def = tinyMachines(address)
    if (def?.name !== 'thing') return def
    return { ...def, version: 2, machine: nextThing, ...(migrate === undefined ? {} : { migrate }) }
  }
const renamed = raised(({ value, context }) => ({ value: value === 'busy' ? 'working' : value, context }))

async function history(): Promise<Loop> {
  const loop = await openLoop()
  await loop.say(to('things/a', 'put', { text: 'kept' }))
  await loop.say(to('things/a', 'go', { n: 1 }))
  await loop.say(to('things/b', 'wait'))
  await loop.say(to('things/c', 'end'))
  await loop.say(to('roles/r', 'put', { n: 1 }))
  return loop
}

describe('a build with a higher version of a machine', () => {
  test('[SYS-19] brings along each owner that lives, before anything else, and nobody else', async () => {
    const before = await history()
    const loop = await before.crash({ machines: renamed })
    const written = loop.records.slice(before.records.length)
    expect(written).toEqual([
      expect.objectContaining({
        seq: 6,
        actor: 'things/a',
        machine: 'thing@2',
        message: { type: 'owner.migrated', machine: 'thing@1' },
        from: 'busy',
        to: 'working',
        change: { set: { colour: 'grey', size: 1 } },
        facts: [],
        effects: [],
        by: 'town',
        cause: null,
        correlation: 6,
      }),
      expect.objectContaining({ seq: 7, actor: 'things/b', from: 'waiting', to: 'waiting' }),
    ])
    expect(loop.state('things/a')).toEqual(['working', { text: 'kept', colour: 'grey', size: 1 }])
    expect(loop.state('things/c')).toEqual(['over', {}])
    // The next start finds nothing to do.
    const again = await loop.crash({ machines: renamed })
    expect(again.log.head.seq).toBe(7)
  })

  test('[SYS-19] goes on waiting for what was promised: effects are carried out, timers fire', async () => {
    const loop = await (await history()).crash({ machines: renamed })
    expect(loop.performed).toMatchObject([{ actor: 'things/a', params: { n: 1 }, again: true }])
    await loop.performed[0]?.answer({ type: 'did', n: 1 })
    expect(loop.state('things/a')?.[0]).toBe('idle')
    await loop.clock.pass(2 * WAIT_MS)
    expect(loop.state('things/b')?.[0]).toBe('idle')
  })

  test('[SYS-19] writes nothing before what comes before the first record is done', async () => {
    const before = await history()
    const seen: unknown[] = []
    const gate = Promise.withResolvers<void>()
    const opening = before.crash({
      machines: renamed,
      beforeFirstRecord: async (said) => {
        seen.push(said)
        await gate.promise
      },
    })
    await settled()
    expect(before.disk.durable).toBe(5)
    expect(seen).toEqual([{ seq: 5, migrates: 2 }])
    gate.resolve()
    const loop = await opening
    expect(loop.log.head.seq).toBe(7)
    before.disk.crash()
    const failing = openLoop({
      disk: before.disk,
      clock: before.clock,
      beforeFirstRecord: () => Promise.reject(new Error('no room')),
      machines: raised((state) => state),
    })
    await expect(failing).rejects.toThrow('no room')
  })

  test('[SYS-19] refuses a state that it does not know, and writes nothing', async () => {
    const before = await history()
    await expect(before.crash({ machines: raised() })).rejects.toMatchObject({ code: 'NOT_MIGRATED' })
    expect(before.disk.durable).toBe(5)
    // The build before still reads it.
    expect((await before.crash()).state('things/a')?.[0]).toBe('busy')
  })

  test('[SYS-19] is followed by no earlier one', async () => {
    const loop = await (await history()).crash({ machines: renamed })
    await expect(loop.crash()).rejects.toMatchObject({ code: 'TOWN_NEWER' })
    expect(loop.disk.durable).toBe(7)
  })

  test('[SYS-19] comes to the same when it is killed in the midst of it', async () => {
    const before = await history()
    before.disk.hold()
    const opening = before.crash({ machines: renamed })
    await settled()
    before.disk.crash({ tail: 'lost' })
    before.disk.release()
    void opening.catch(() => {})
    const loop = await openLoop({ disk: before.disk, clock: before.clock, machines: renamed })
    expect(loop.state('things/a')?.[0]).toBe('working')
    expect(loop.log.head.seq).toBe(7)
  })

  test('[P3] finds what it brought along again when it decides the log anew, and an error in it', async () => {
    const loop = await (await history()).crash({ machines: renamed })
    const redecider = createRedecider(renamed)
    const found = loop.records.map((record) => redecider.check(record))
    expect(found.flatMap(({ divergences }) => divergences)).toEqual([])
    const other = createRedecider(renamed)
    const wrong = loop.records.map((record) =>
      other.check(record.seq === 6 ? { ...record, change: {} } : record),
    )
    expect(wrong.flatMap(({ divergences }) => divergences)).toMatchObject([{ seq: 6, field: 'change' }])
  })
})
