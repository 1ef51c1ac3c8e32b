import { describe, expect, test } from 'vitest'
import { TELLS_IN_A_ROW_MAX } from '../../src/system/bounds.ts'
import { openLoop, settled } from './loop.ts'
import { to, WAIT_MS } from './tiny.ts'

const tell = (...messages: ReturnType<typeof to>[]) => to('things/asker', 'tell', { messages })

describe('a tell', () => {
  test('[SYS-3] that is refused leaves exactly one record, and is not told again after a restart', async () => {
    const loop = await openLoop()
    await loop.say(tell(to('things/b', 'refuse')))
    await settled()
    expect(loop.records.slice(1)).toMatchObject([
      {
        seq: 2,
        settles: '1.0',
        refused: { code: 'NO' },
        by: 'things/asker',
        cause: 1,
        change: {},
        facts: [],
      },
    ])
    const after = await loop.crash()
    expect(after.records).toHaveLength(2)
    expect(after.log.head.seq).toBe(2)
  })

  test('[SYS-3] that was asked for and not told before a crash is told after it', async () => {
    const loop = await openLoop()
    loop.disk.hold()
    void loop.say(tell(to('things/b', 'put', { n: 1 })))
    await settled()
    loop.disk.release({ once: true })
    await settled()
    const after = await loop.crash()
    expect(after.log.head.seq).toBe(1)
    loop.disk.release()
    await settled()
    expect(after.state('things/b')).toEqual(['idle', { n: 1 }])
    expect(after.records.at(-1)).toMatchObject({ seq: 2, settles: '1.0' })
  })

  test('[SYS-21] is settled when it has been decided, not when its record stands in the log', async () => {
    const loop = await openLoop()
    loop.disk.hold()
    void loop.say(tell(to('things/b', 'put', { n: 1 })))
    await settled()
    loop.disk.release({ once: true })
    await settled()
    expect(loop.records).toHaveLength(1)
    let isSettled = false
    const whenSettled = loop.system.settled(1).then(() => {
      isSettled = true
    })
    await loop.system.settled(99)
    await settled()
    expect(isSettled).toBe(false)
    loop.disk.release()
    await whenSettled
    expect(loop.records).toHaveLength(2)
  })

  test('[SYS-3] to nobody is refused by the town, and one that changes nothing is settled too', async () => {
    const loop = await openLoop()
    await loop.say(tell(to('nobody/a', 'put')), tell(to('things/b', 'nothing')))
    await settled()
    expect(loop.records.slice(2)).toMatchObject([
      { actor: 'town', settles: '1.0', refused: { code: 'NO_SUCH_OWNER', details: { to: 'nobody/a' } } },
      { actor: 'things/b', settles: '2.0', facts: [], change: {} },
    ])
  })

  test('[SYS-3] [SYS-2] over several owners is taken by all or by none', async () => {
    const loop = await openLoop()
    await loop.say(tell(to('things/b', 'put', { n: 1 }), to('things/c', 'refuse')))
    await settled()
    expect(loop.state('things/b')).toBeNull()
    expect(loop.records.slice(1)).toMatchObject([{ actor: 'town', refused: { code: 'NO' } }])
  })

  test('[SYS-12] that is refused is heard of by an asker whose machine listens, in the same append', async () => {
    const loop = await openLoop()
    const messages = [to('things/b', 'put', { n: 1 }), to('things/c', 'refuse')]
    await loop.say(to('askers/a', 'tell', { messages }))
    await settled()
    expect(loop.records.slice(1)).toMatchObject([
      { seq: 2, settles: '1.0', refused: { code: 'NO' } },
      { seq: 3, actor: 'askers/a', cause: 2, correlation: 1, facts: [{ type: 'Heard', messages }] },
    ])
    expect(loop.state('askers/a')).toEqual(['idle', { heard: 1, who: 'things/c', code: 'NO' }])
  })

  test('[SYS-13] in a chain without end is cut after 64, and the town goes on', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'chain', { n: 1_000, me: 'things/a' }))
    await settled()
    expect(loop.state('things/a')).toEqual(['idle', { told: TELLS_IN_A_ROW_MAX + 1 }])
    expect(loop.records.at(-1)).toMatchObject({ refused: { code: 'TOO_MANY_IN_A_ROW' } })
    expect(loop.log.head.seq).toBe(TELLS_IN_A_ROW_MAX + 2)
    expect(await loop.say(to('things/a', 'put', { n: 1 }))).toMatchObject({ accepted: true })
  })

  test('[SYS-13] that an asker repeats for ever is cut too', async () => {
    const loop = await openLoop()
    await loop.say(to('askers/a', 'put', { stubborn: true }))
    await loop.say(to('askers/a', 'tell', { messages: [to('things/b', 'refuse')] }))
    await settled()
    expect(loop.records.at(-1)).toMatchObject({ refused: { code: 'TOO_MANY_IN_A_ROW' } })
    expect(loop.log.head.seq).toBeLessThan(3 * TELLS_IN_A_ROW_MAX)
  })

  test('[SYS-17] to a machine that throws is settled as refused', async () => {
    const loop = await openLoop()
    await loop.say(tell(to('roles/b', 'throws')))
    await settled()
    expect(loop.records.at(-1)).toMatchObject({ settles: '1.0', refused: {} })
    expect(await loop.say(to('roles/b', 'throws'))).toMatchObject({ accepted: false })
    expect(await loop.say(to('roles/b', 'put', { n: 1 }))).toMatchObject({ accepted: true })
  })
})

describe('an effect', () => {
  test('[SYS-3] is settled by its answer, and refused when that is not what its owner expects', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'go', { n: 1 }))
    await loop.say(to('things/b', 'go', { n: 2 }))
    await loop.performed[0]?.answer({ type: 'did', n: 1 })
    await loop.performed[1]?.answer({ type: 'unheardOf' })
    expect(loop.records.slice(2)).toMatchObject([
      { actor: 'things/a', settles: '1.0', by: 'world', cause: 1, facts: [{ type: 'Did', n: 1 }] },
      { actor: 'things/b', settles: '2.0', refused: { code: 'UNEXPECTED' } },
    ])
    expect(loop.system.openEffects()).toEqual([])
  })

  test('[SYS-7] whose owner has gone on is called off, and its late answer leaves nothing', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'go', { n: 1 }))
    await loop.say(to('things/a', 'leave'))
    const [late] = loop.performed
    expect(late?.signal.aborted).toBe(true)
    await loop.say(to('things/a', 'go', { n: 2 }))
    await late?.answer({ type: 'did', n: 1 })
    expect(loop.state('things/a')).toEqual(['busy', {}])
    expect(loop.records).toHaveLength(3)
  })

  test('[SYS-7] is not answered into a later visit that is still being written', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'go', { n: 1 }))
    loop.disk.hold()
    const turns = [loop.say(to('things/a', 'leave')), loop.say(to('things/a', 'go', { n: 2 }))]
    await settled()
    await loop.performed[0]?.answer({ type: 'did', n: 1 })
    loop.disk.release()
    await Promise.all(turns)
    await settled()
    expect(loop.state('things/a')).toEqual(['busy', {}])
    expect(loop.records).toHaveLength(3)
  })

  test('[SYS-10] of one owner begins after those of its earlier records, each once', async () => {
    const loop = await openLoop()
    loop.disk.hold()
    const turns = [
      loop.say(to('things/a', 'go', { n: 1 })),
      loop.say(to('things/a', 'more', { n: 2 })),
      loop.say(to('things/a', 'more', { n: 3 })),
    ]
    await settled()
    loop.disk.release()
    await Promise.all(turns)
    await settled()
    expect(loop.performed.map(({ id, params }) => [id, params.n])).toEqual([
      ['1.0', 1],
      ['2.0', 2],
      ['3.0', 3],
    ])
    await loop.performed[1]?.answer({ type: 'nothing' })
    const after = await loop.crash()
    expect(after.performed.map(({ id, again }) => [id, again])).toEqual([
      ['1.0', true],
      ['3.0', true],
    ])
  })

  test('[SYS-10] that fails, throws at once or misses its deadline is answered with effect.failed', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'go'))
    await loop.performed[0]?.fail(new Error('no'))
    await loop.say(to('things/b', 'go', { kind: 'session.stop' }))
    await loop.clock.pass(59_000)
    expect(loop.state('things/b')).toEqual(['busy', {}])
    await loop.clock.pass(2_000)
    expect(loop.performed[1]?.signal.aborted).toBe(true)
    const thrower = await openLoop({
      perform: () => {
        throw new Error('at once')
      },
    })
    await thrower.say(to('things/c', 'go'))
    await settled()
    expect([...loop.records, ...thrower.records].flatMap(({ facts }) => facts)).toEqual([
      { type: 'Failed', code: 'EFFECT_FAILED' },
      { type: 'Failed', code: 'DEADLINE' },
      { type: 'Failed', code: 'EFFECT_FAILED' },
    ])
  })

  test('[SYS-10] leaves no deadline behind when it is answered', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'go', { kind: 'session.stop' }))
    expect(loop.clock.armed).toBe(1)
    await loop.performed[0]?.answer({ type: 'did' })
    expect(loop.clock.armed).toBe(0)
  })

  test('[SYS-10] stays open while nobody is there to carry it out', async () => {
    const { system, clock, ...loop } = await openLoop()
    await system.close()
    loop.disk.crash()
    const after = await openLoop({ disk: loop.disk, clock, ...{ perform: undefined as never } })
    await after.say(to('things/a', 'go'), to('things/b', 'wait'))
    expect(after.system.openEffects()).toHaveLength(1)
    expect(clock.armed).toBe(0)
    expect((await after.crash()).performed).toMatchObject([{ id: '1.0', again: true }])
  })
})

describe('a timer', () => {
  const rang = (records: readonly { facts: readonly { type: string }[] }[]) =>
    records.filter(({ facts }) => facts.some(({ type }) => type === 'Rang')).length

  test('[SYS-8] fires once when it is due, with the time of then', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'wait'))
    await loop.clock.pass(WAIT_MS - 1)
    expect(rang(loop.records)).toBe(0)
    await loop.clock.pass(1)
    expect(loop.records.at(-1)).toMatchObject({
      settles: '1.0',
      by: 'clock',
      facts: [{ type: 'Rang', at: '2027-03-01T08:00:01.000Z' }],
    })
    await loop.clock.pass(10 * WAIT_MS)
    expect(rang(loop.records)).toBe(1)
  })

  test('[SYS-8] survives restarts, and once it is due fires although nobody said that the town is up', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'wait'))
    await loop.clock.pass(WAIT_MS - 100)
    const second = await loop.crash()
    expect(second.system.openTimers()).toMatchObject([{ id: '1.0', actor: 'things/a' }])
    // The log knows of no moment after that of the timer.
    await second.clock.pass(WAIT_MS - 1)
    expect(rang(second.records)).toBe(0)
    await second.clock.pass(1)
    expect(rang(second.records)).toBe(1)
    expect((await second.crash()).system.openTimers()).toEqual([])
  })

  test('[SYS-8] stands still after a restart until somebody can be heard, and then has what it had left', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'wait'))
    await loop.clock.pass(WAIT_MS - 100)
    const heard = Promise.withResolvers<void>()
    const second = await loop.crash({ timersFrom: heard.promise })
    await second.say(to('things/b', 'wait'))
    await second.say(to('things/town', 'opened', { downMs: WAIT_MS - 100 }))
    await second.clock.pass(10 * WAIT_MS)
    expect(rang(second.records)).toBe(0)
    expect(second.clock.armed).toBe(0)
    heard.resolve()
    await settled()
    await second.clock.pass(WAIT_MS - 1)
    expect(rang(second.records)).toBe(0)
    await second.clock.pass(1)
    expect(rang(second.records)).toBe(2)
  })

  test('[SYS-8] that is called off while it stands still does not begin', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'wait'))
    const heard = Promise.withResolvers<void>()
    await loop.system.close()
    expect(loop.clock.armed).toBe(0)
    const second = await loop.crash({ timersFrom: heard.promise })
    expect(second.system.openTimers()).toHaveLength(1)
    await second.system.close()
    heard.resolve()
    await settled()
    expect(second.clock.armed).toBe(0)
  })

  test('[SYS-8] does not count time in which the town was down, nor is it late when the clock is set back', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'wait'))
    await loop.clock.pass(400)
    loop.clock.wall += 3_600_000
    const second = await loop.crash()
    expect(second.system.openedAfterMs).toBe(3_600_400)
    await second.clock.pass(200)
    expect(rang(second.records)).toBe(0)
    await second.say(to('things/town', 'opened', { downMs: 3_600_000 }))
    expect(rang(second.records)).toBe(0)
    await second.clock.pass(399)
    expect(rang(second.records)).toBe(0)
    await second.clock.pass(1)
    expect(rang(second.records)).toBe(1)

    const other = await openLoop()
    await other.say(to('things/a', 'wait'))
    await other.clock.pass(400)
    other.clock.wall -= 3_600_000
    const after = await other.crash()
    await after.clock.pass(WAIT_MS)
    expect(rang(after.records)).toBe(1)
  })

  test('[SYS-7] is called off when its state is left, and never fires into a later visit', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'wait'))
    await loop.clock.pass(600)
    await loop.say(to('things/a', 'leave'))
    expect(loop.clock.armed).toBe(0)
    await loop.say(to('things/a', 'wait'))
    const after = await loop.crash()
    await after.clock.pass(600)
    expect(rang(after.records)).toBe(0)
    await after.clock.pass(400)
    expect(rang(after.records)).toBe(1)
  })

  test('[SYS-7] does not fire into a later visit that is still being written', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'wait'))
    loop.disk.hold()
    const turns = [loop.say(to('things/a', 'leave')), loop.say(to('things/a', 'wait'))]
    await settled()
    await loop.clock.pass(WAIT_MS)
    loop.disk.release()
    await Promise.all(turns)
    await settled()
    expect(rang(loop.records)).toBe(0)
    await loop.clock.pass(WAIT_MS)
    expect(rang(loop.records)).toBe(1)
  })
})
