// Boot and its watch over a system on a memory disk, with defects planted between the system and time.

import { expect, test } from 'vitest'
import { createMemoryDisk, createMemoryLog } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import type { LogRecord } from '../../src/events/record.ts'
import { createProjections } from '../../src/projections/index.ts'
import { openSystem } from '../../src/system/system.ts'
import type { OpenEffect, System, SystemOptions } from '../../src/system/types.ts'
import { createBootWatch } from '../../src/town/boot.ts'
import { ManualClock, settled } from '../system/loop.ts'
import { tinyMachines, to, WAIT_MS } from '../system/tiny.ts'

class WatchedClock extends ManualClock {
  elapsed = 0
  /** Lets time pass as it does, little by little. */
  async run(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 5_000) await this.pass(Math.min(left, 5_000))
  }
  override async pass(ms: number): Promise<void> {
    this.elapsed += ms
    await super.pass(ms)
  }
}

const MINUTE = 60_000
/** Of an effect of these tests. */
const VERIFY_MS = 5 * MINUTE

async function openTown(
  plant: (options: SystemOptions, clock: WatchedClock) => Partial<SystemOptions> = () => ({}),
) {
  const clock = new WatchedClock()
  const disk = createMemoryDisk()
  const records: LogRecord[] = []
  const troubles: string[] = []
  const performed: { effect: OpenEffect; answer: (message: object) => Promise<void> }[] = []
  const projections = createProjections()
  const watch = createBootWatch({
    clock,
    elapsed: () => clock.elapsed,
    dispatch: () => projections.dispatch.rows,
    onTrouble: (_, message) => troubles.push(message),
  })
  let system: System | null = null
  const options: SystemOptions = {
    log: createMemoryLog({ disk }),
    machines: (address) => tinyMachines(address) ?? machineAt(address),
    clock,
    watch,
    perform: async (effect) => {
      const { role, promises } = effect.params as { role: string; promises: string[] }
      if (effect.kind === 'role.restart')
        return { message: { type: 'role.restarted', role, ...system?.restart(role, promises) }, by: 'worker' }
      if (effect.kind === 'notice.send')
        return {
          message: { type: 'notice.sent', decision: effect.params.decision, ways: [], failed: [] },
          by: 'worker',
        }
      return new Promise((resolve) => {
        performed.push({
          effect,
          answer: (message) => {
            resolve({ message: message as never, by: 'world' })
            return settled()
          },
        })
      })
    },
    onRecord: (record) => {
      records.push(record)
      watch.record(record)
    },
    onTrouble: (trouble) => troubles.push(String(trouble)),
  }
  system = await openSystem({ ...options, ...plant(options, clock) })
  watch.begin(system)
  const turns: number[] = []
  const say = (...messages: ReturnType<typeof to>[]) =>
    (system as System).take({ id: `turn ${turns.push(1)}`, by: 'overseer', messages })
  const facts = (type: string) => records.flatMap((record) => record.facts).filter((one) => one.type === type)
  return { clock, disk, system, records, troubles, performed, say, facts }
}

/** Loses those timers of the system that `which` names. */
const losing = (which: (ms: number) => boolean) => (options: SystemOptions) => ({
  clock: {
    now: () => options.clock.now(),
    after: (ms: number, fire: () => void) => (which(ms) ? () => {} : options.clock.after(ms, fire)),
  },
})

test('[BOOT-1] [BOOT-6] a timer that is lost is found after 5 minutes, and fires once', async () => {
  const delays: number[] = []
  const first = (ms: number) => delays.push(ms) === 1
  const town = await openTown(losing((ms) => ms === WAIT_MS && first(ms)))
  await town.say(to('things/a', 'wait'))
  await town.clock.run(4 * MINUTE)
  expect(town.records).toHaveLength(1)
  await town.clock.run(2 * MINUTE)
  expect(town.facts('RoleStale')).toMatchObject([{ role: 'things/a', lateMs: 304_000 }])
  expect(town.facts('RoleRestarted')).toMatchObject([{ role: 'things/a', again: 1, over: 0 }])
  expect(town.facts('Rang')).toHaveLength(1)
  expect(town.system.owner('things/a')?.value).toBe('idle')
  const written = town.records.length
  await town.clock.run(60 * MINUTE)
  expect(town.records).toHaveLength(written)
  expect(town.troubles).toEqual([])
})

test('[BOOT-1] [BOOT-6] [SYS-22] a tell that was never brought is decided, once', async () => {
  const late: (() => void)[] = []
  const town = await openTown(() => ({
    deliver: (_, bring) => (late.length === 0 ? void late.push(bring) : bring()),
  }))
  await town.say(to('things/a', 'tell', { messages: [to('things/b', 'put', { n: 1 })] }))
  await town.clock.run(6 * MINUTE)
  expect(town.facts('Put')).toEqual([{ type: 'Put', n: 1 }])
  // The first one comes after all.
  for (const bring of late) bring()
  await town.clock.run(30 * MINUTE)
  expect(town.facts('Put')).toHaveLength(1)
  expect(town.facts('RoleRestarted')).toHaveLength(1)
})

test('[BOOT-1] [BOOT-6] an effect whose deadline never fires has failed, and is not carried out again', async () => {
  const town = await openTown(losing((ms) => ms === VERIFY_MS))
  await town.say(to('things/a', 'go', { kind: 'worktree.verify' }))
  await town.clock.run(VERIFY_MS + 4 * MINUTE)
  expect(town.facts('Failed')).toEqual([])
  await town.clock.run(2 * MINUTE)
  expect(town.facts('Failed')).toEqual([{ type: 'Failed', code: 'DEADLINE' }])
  expect(town.performed.map(({ effect }) => effect.again)).toEqual([false])
  await town.performed[0]?.answer({ type: 'did', n: 1 })
  expect(town.facts('Did')).toEqual([])
  expect(town.system.openEffects()).toEqual([])
})

test('[BOOT-2] what a restart does not mend goes to a person, once, and then there is quiet', async () => {
  const town = await openTown(losing((ms) => ms <= WAIT_MS))
  await town.say(to('things/a', 'wait'))
  await town.clock.run(11 * MINUTE)
  expect(town.facts('RoleRestarted')).toHaveLength(1)
  expect(town.facts('EscalationRaised')).toMatchObject([{ agent: 'things/a', code: 'ROLE_STUCK' }])
  const written = town.records.length
  await town.clock.run(120 * MINUTE)
  expect(town.records).toHaveLength(written)
  expect(town.clock.armed).toBe(0)
})

test('[BOOT-7] nothing is stale because the machine slept for 8 hours', async () => {
  const town = await openTown()
  await town.say(to('things/a', 'wait'))
  await town.say(to('things/b', 'go', { kind: 'worktree.verify' }))
  // Neither the monotonic clock nor any timer has seen these hours.
  town.clock.wall += 8 * 60 * MINUTE
  await town.clock.run(3 * MINUTE)
  expect(town.facts('Rang')).toHaveLength(1)
  // Where the monotonic clock goes on in sleep, everything is due at once, and the watch is late itself.
  await town.say(to('things/c', 'wait'))
  town.disk.hold()
  await town.clock.pass(8 * 60 * MINUTE)
  town.disk.release()
  await town.clock.run(20 * MINUTE)
  expect(town.facts('RoleStale')).toEqual([])
  expect(town.facts('Rang')).toHaveLength(2)
  expect(town.facts('Failed')).toEqual([{ type: 'Failed', code: 'DEADLINE' }])
})

test('[BOOT-8] where nothing is open there is no timer, and whatever is kept in time leaves no record', async () => {
  const town = await openTown()
  await town.say(to('things/a', 'wait'))
  await town.say(to('things/b', 'go'))
  await town.clock.run(10 * MINUTE)
  expect(town.records.map(({ actor }) => actor)).toEqual(['things/a', 'things/b', 'things/a'])
  expect(town.clock.armed).toBe(0)
})

test('[BOOT-6] [SYS-22] a restart of who is not late changes nothing, and no promise is lost by it', async () => {
  const town = await openTown()
  await town.say(to('roles/a', 'wait'))
  const [timer] = town.system.openTimers()
  expect(town.system.restart('roles/b', [timer?.id ?? ''])).toEqual({ again: [], over: [timer?.id] })
  expect(town.system.restart('roles/a', [])).toEqual({ again: [], over: [] })
  await town.say(to('roles/a', 'put', { n: 1 }))
  await town.clock.run(WAIT_MS)
  expect(town.facts('Rang')).toHaveLength(1)
  expect(town.system.restart('roles/a', [timer?.id ?? ''])).toEqual({ again: [], over: [timer?.id] })
  await town.clock.run(MINUTE)
  expect(town.facts('Rang')).toHaveLength(1)
})

test('[BOOT-4] a bead that waits for nothing is found, and one that waits for a place is not', async () => {
  const clock = new WatchedClock()
  const told: unknown[] = []
  const row = (bead: string, waitingFor: object | null) => [bead, { bead, waitingFor }] as const
  const queue = new Map([row('sh-1', null), row('sh-2', { kind: 'place', id: 'shop' })])
  const watch = createBootWatch({
    clock,
    elapsed: () => clock.elapsed,
    dispatch: () => ({ queue, needs: new Map() }) as never,
    onTrouble: () => {},
  })
  watch.begin({
    take: ({ messages }: { messages: unknown[] }) => Promise.resolve(told.push(...messages)),
  } as never)
  watch.record({ facts: [{ type: 'DispatchQueued', bead: 'sh-2' }] } as never)
  await clock.run(6 * MINUTE)
  const overdue = [{ id: 'dispatch/sh-1', what: 'dispatch of sh-1', lateMs: 300_000 }]
  expect(told).toEqual([{ to: 'deacon/boot', message: { type: 'boot.found', role: 'mayor', overdue } }])
  watch.record({ facts: [{ type: 'DispatchStarted', bead: 'sh-1' }] } as never)
  await clock.run(30 * MINUTE)
  expect(told).toHaveLength(1)
  expect(clock.armed).toBe(0)
})

test('[SYS-23] a timer that stands still and an effect that is held are not watched, and nothing is when it is over', async () => {
  const heard = new Map<string, number>()
  const listens = Promise.withResolvers<void>()
  const free = Promise.withResolvers<void>()
  const town = await openTown(() => ({
    timersFrom: listens.promise,
    hold: () => free.promise,
    watch: { waits: ({ what }, ms) => heard.set(what, ms), over: () => heard.clear() },
  }))
  await town.say(to('things/a', 'wait'))
  await town.say(to('things/b', 'go', { kind: 'worktree.verify' }))
  expect([...heard]).toEqual([])
  listens.resolve()
  free.resolve()
  await settled()
  expect([...heard]).toEqual([
    ['xstate.after.ring.tiny.waiting', WAIT_MS],
    ['worktree.verify', VERIFY_MS],
  ])
  await town.say(to('things/a', 'leave'))
  expect([...heard]).toEqual([])
})
