// The watch over the disk, with a disk and a clock that are set by hand.

import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createMemoryLog } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import type { Message } from '../../src/events/index.ts'
import type { AnyFact } from '../../src/events/record.ts'
import { applyAll, createProjections } from '../../src/projections/index.ts'
import { openSystem } from '../../src/system/system.ts'
import { createRoomWatch, type RoomWatch } from '../../src/town/room-watch.ts'
import { BEAD, message, RIG } from '../support/messages.ts'

const GB = 1e9

async function opened() {
  const timers = new Set<{ ms: number; fire: () => void }>()
  const room: { free: number; files: number | null; broken: boolean; looks: number } = {
    free: 50 * GB,
    files: null,
    broken: false,
    looks: 0,
  }
  const projections = createProjections()
  const facts: AnyFact[] = []
  const troubles: string[] = []
  let watch: RoomWatch | null = null
  const system = await openSystem({
    log: createMemoryLog(),
    machines: machineAt,
    clock: { now: () => 0, after: () => () => {} },
    onRecord(record) {
      applyAll(projections, record)
      facts.push(...record.facts)
      watch?.record(record)
    },
  })
  watch = createRoomWatch({
    dir: '/towns/test',
    system,
    projections,
    trouble: (code) => void troubles.push(code),
    clock: {
      now: () => 0,
      after(ms, fire) {
        const timer = { ms, fire }
        timers.add(timer)
        return () => timers.delete(timer)
      },
    },
    disk: {
      async room() {
        room.looks += 1
        if (room.broken) throw new Error('EIO')
        return { freeBytes: room.free, totalBytes: 100 * GB, filesFree: room.files }
      },
    },
  })
  let said = 0
  const settled = async () => {
    for (let n = 0; n < 5; n += 1) {
      await system.idle()
      await setImmediate()
    }
  }
  return {
    room,
    timers,
    troubles,
    watch,
    system,
    settled,
    types: () => facts.map(({ type }) => type),
    async tell(to: string, ...messages: Message[]) {
      said += 1
      await system.take({
        id: `t${said}`,
        by: 'overseer',
        messages: messages.map((one) => ({ to, message: one })),
      })
      await settled()
    },
    async fire() {
      const [first] = timers
      timers.clear()
      first?.fire()
      await settled()
    },
  }
}

const town = async () => {
  const one = await opened()
  await one.tell('mayor', message('dispatch.openRig', { placesMax: 1 }) as Message)
  return one
}
const request = { ...message('dispatch.request', { bead: BEAD, rig: RIG }) } as Message

test('[MAYOR-30] a quiet town has no timer and is not looked at; work that begins has the disk looked at, without a record', async () => {
  const { timers, room, settled, system, watch, tell } = await town()
  const seq = system.seq
  await settled()
  expect([room.looks, timers.size]).toEqual([0, 0])
  await watch.look()
  expect(room.looks).toBe(1)
  await tell('mayor', request, message('dispatch.ready', { bead: BEAD }) as Message)
  expect(room.looks).toBeGreaterThan(1)
  expect(timers.size).toBe(0)
  // What was asked, and what it told the bead and the polecat; nothing of the looks.
  expect(system.seq - seq).toBeLessThanOrEqual(4)
})

test('[MAYOR-30] while a bead waits for room, and only then, one timer looks again; with room it begins by itself and the timer is gone', async () => {
  const { room, timers, watch, tell, fire, types, system } = await town()
  room.free = 0.5 * GB
  await watch.look()
  expect(types()).toEqual(['DiskLow', 'EscalationRaised'])
  expect(timers.size).toBe(0)
  await tell('mayor', request, message('dispatch.ready', { bead: BEAD }) as Message)
  expect([...timers].map(({ ms }) => ms)).toEqual([60_000])
  const seq = system.seq
  for (let n = 0; n < 5; n += 1) await fire()
  expect(system.seq, 'looks that change nothing').toBe(seq)
  expect(timers.size).toBe(1)
  room.free = 2 * GB
  await fire()
  expect(types()).toContain('DiskFree')
  expect(types()).toContain('DispatchStarted')
  expect(timers.size).toBe(0)
})

test('[MAYOR-30] a disk that takes no more files is full; one that cannot be asked keeps nobody, and is a trouble', async () => {
  const { room, watch, types, troubles } = await town()
  room.broken = true
  await watch.look()
  await watch.look()
  expect(types()).toEqual([])
  expect(new Set(troubles)).toEqual(new Set(['DISK_NOT_CHECKED']))
  expect(troubles).toHaveLength(1)
  room.broken = false
  room.files = 0
  await watch.look()
  expect(types()).toEqual(['DiskLow', 'EscalationRaised'])
})
