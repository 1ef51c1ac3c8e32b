import { describe, expect, test } from 'vitest'
import type { LogRecord } from '../../src/events/record.ts'
import { TURNS_PENDING_MAX } from '../../src/system/bounds.ts'
import { type Loop, openLoop, outcomeOf, settled } from './loop.ts'
import { to } from './tiny.ts'

describe('time', () => {
  test('[SYS-9] of a record never decreases, whatever the clock does and however long commits take', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'put', { n: 1 }))
    loop.clock.wall -= 60_000
    await loop.say(to('things/a', 'put', { n: 2 }))
    loop.disk.hold()
    loop.clock.wall += 120_000
    const early = loop.say(to('things/a', 'put', { n: 3 }))
    await settled()
    loop.clock.wall += 60_000
    const later = loop.say(to('things/a', 'put', { n: 4 }))
    await settled()
    loop.disk.release({ once: true })
    await early
    loop.clock.wall -= 600_000
    const last = loop.say(to('things/a', 'put', { n: 5 }))
    await settled()
    loop.disk.release()
    await Promise.all([later, last])
    const times = loop.records.map(({ at }) => at)
    expect(times).toEqual(times.toSorted())
    const after = await loop.crash()
    await after.say(to('things/a', 'put', { n: 6 }))
    expect((after.records.at(-1)?.at ?? '') >= (times.at(-1) ?? '')).toBe(true)
  })
})

describe('bounds', () => {
  test('[SYS-6] one turn too many is answered TOWN_BUSY, and those before it are taken', async () => {
    const loop = await openLoop()
    loop.disk.hold()
    const turns = Array.from({ length: TURNS_PENDING_MAX }, (_, n) => loop.say(to('things/a', 'put', { n })))
    expect(await outcomeOf(loop.say(to('things/a', 'put')))).toMatchObject({ code: 'TOWN_BUSY' })
    loop.disk.release()
    const results = await Promise.all(turns)
    expect(results.every(({ accepted }) => accepted)).toBe(true)
    expect(loop.log.head.seq).toBe(TURNS_PENDING_MAX)
    expect(await loop.say(to('things/a', 'put', { n: -1 }))).toMatchObject({ accepted: true })
  })
})

describe('waiting', () => {
  test('[SYS-1] a turn that is to be settled is answered when all it led to has been written', async () => {
    const loop = await openLoop()
    loop.disk.hold()
    const messages = [to('things/a', 'chain', { n: 3, me: 'things/a' })]
    const turn = loop.system.take({ id: 'x', by: 'overseer', messages }, { settled: true })
    const idle = loop.system.idle()
    for (let commit = 1; commit <= 3; commit += 1) {
      expect(await outcomeOf(turn)).toBe('waits')
      expect(await outcomeOf(idle)).toBe('waits')
      loop.disk.release({ once: true })
      await settled()
    }
    loop.disk.release()
    expect(await turn).toMatchObject({ accepted: true, records: [{ seq: 1 }] })
    expect(await outcomeOf(idle)).toBeUndefined()
    expect(loop.state('things/a')).toEqual(['idle', { told: 3 }])
  })

  test('[SYS-4] it is answered too when what it led to was found in the log after a failed append', async () => {
    const loop = await openLoop()
    loop.disk.hold()
    const messages = [to('things/a', 'chain', { n: 2, me: 'things/a' })]
    const turn = loop.system.take({ id: 'x', by: 'overseer', messages }, { settled: true })
    await settled()
    loop.disk.failNext('written')
    loop.disk.release()
    expect(await outcomeOf(turn)).toMatchObject({ accepted: true })
    expect(loop.log.head.seq).toBe(2)
  })
})

describe('pausing and closing', () => {
  test('[SYS-14] lets go of the log, and takes what came meanwhile afterwards', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'go'), to('things/b', 'wait'))
    let turn: Promise<unknown> = Promise.resolve()
    const { promise: between, resolve } = Promise.withResolvers<void>()
    const paused = loop.system.pause(() => between)
    await settled()
    turn = loop.say(to('things/c', 'put', { n: 1 }))
    await loop.performed[0]?.answer({ type: 'did' })
    await loop.clock.pass(1_000)
    expect(await outcomeOf(turn)).toBe('waits')
    expect(loop.log.head.seq).toBe(2)
    resolve()
    await paused
    expect(await turn).toMatchObject({ accepted: true })
    await loop.clock.pass(0)
    expect([loop.state('things/a'), loop.state('things/b')]).toEqual([
      ['idle', {}],
      ['idle', {}],
    ])
    expect(loop.performed).toHaveLength(1)
  })

  test('[SYS-14] goes on when what was to happen between failed, and says so', async () => {
    const loop = await openLoop()
    const paused = loop.system.pause(() => Promise.reject(new Error('no host')))
    expect(await outcomeOf(paused)).toMatchObject({ message: 'no host' })
    expect(await loop.say(to('things/a', 'put', { n: 1 }))).toMatchObject({ accepted: true })
  })

  test('[SYS-14] once closing, turns are refused and nobody is left waiting', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'go'))
    loop.disk.fill()
    await outcomeOf(loop.say(to('things/b', 'put', { n: 1 })))
    const waiting = loop.say(to('things/b', 'put', { n: 2 }))
    await settled()
    await loop.system.close()
    loop.disk.free()
    expect(await outcomeOf(waiting)).toMatchObject({ code: 'TOWN_CLOSING' })
    expect(await outcomeOf(loop.say(to('things/b', 'put')))).toMatchObject({ code: 'TOWN_CLOSING' })
    expect(await outcomeOf(loop.system.idle())).toBeUndefined()
    expect(loop.performed[0]?.signal.aborted).toBe(true)
    await loop.clock.pass(60_000)
    await loop.performed[0]?.answer({ type: 'did' })
    expect(loop.disk.durable).toBe(1)
  })
})

describe('live and at rest', () => {
  const script = async (loop: Loop, kind: string) => {
    const a = `${kind}/a`
    await loop.say(to(a, 'put', { n: 1, text: 'x' }))
    await loop.say(to(a, 'stray'))
    await loop.say(to(a, 'go', { n: 1 }), to(`${kind}/b`, 'wait'))
    await loop.performed.at(-1)?.answer({ type: 'did', n: 1 })
    loop.disk.failNext('lost')
    await outcomeOf(loop.say(to(a, 'put', { n: 2 }), to(a, 'wait')))
    await loop.say(to(a, 'tell', { messages: [to(`${kind}/b`, 'leave'), to(a, 'wait')] }))
    await loop.clock.pass(1_000)
    await loop.say(to(a, 'go'), to(a, 'leave'), to(a, 'end'))
    await loop.say(to(a, 'put', { n: 3 }))
  }
  const plain = (records: readonly LogRecord[]) =>
    records.map((record) =>
      JSON.parse(
        JSON.stringify(record)
          .replaceAll(/(?:things|roles)\//g, '')
          .replaceAll(/thing@|role@/g, ''),
      ),
    )

  test('[SYS-11] the same messages lead to the same records', async () => {
    const resting = await openLoop()
    await script(resting, 'things')
    const live = await openLoop()
    await script(live, 'roles')
    expect(resting.records.length).toBeGreaterThan(7)
    expect(plain(live.records)).toEqual(plain(resting.records))
  })

  test('[SYS-11] [P1] a role goes on after a restart as one that was never away', async () => {
    const straight = await openLoop()
    await script(straight, 'roles')
    let loop = await openLoop()
    await loop.say(to('roles/a', 'put', { n: 1, text: 'x' }))
    loop = await loop.crash()
    expect(loop.state('roles/a')).toEqual(['idle', { n: 1, text: 'x' }])
    await loop.say(to('roles/a', 'go', { n: 1 }), to('roles/b', 'wait'))
    loop = await loop.crash()
    await loop.performed[0]?.answer({ type: 'did', n: 1 })
    expect(plain(loop.records)).toEqual(plain(straight.records.slice(0, loop.records.length)))
  })

  test('[SYS-18] [P1] going on from a checkpoint is going on from the beginning', async () => {
    const loop = await openLoop()
    await loop.say(to('roles/a', 'put', { n: 1 }), to('things/b', 'wait'), to('things/c', 'go', { n: 1 }))
    const from = JSON.parse(JSON.stringify(loop.system.checkpoint()))
    await loop.say(to('roles/a', 'put', { n: 2 }))
    const whole = await loop.crash()
    const states = JSON.stringify([...whole.system.owners()])
    const short = await whole.crash({ from })
    expect(JSON.stringify([...short.system.owners()])).toBe(states)
    expect(short.records.map(({ seq }) => seq)).toEqual([4])
    expect(short.system.openEffects().map(({ id }) => id)).toEqual(['3.0'])
    expect(short.system.openTimers()).toEqual(whole.system.openTimers())
    await short.performed[0]?.answer({ type: 'did', n: 1 })
    await short.clock.pass(1_000)
    expect([short.state('things/b'), short.state('things/c')]).toEqual([
      ['idle', {}],
      ['idle', {}],
    ])
  })
})
