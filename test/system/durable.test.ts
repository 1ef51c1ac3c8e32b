import { describe, expect, test } from 'vitest'
import { ENTRY_BYTES_MAX } from '../../eventlog/index.ts'
import { OPEN_AGAIN_MS } from '../../src/system/bounds.ts'
import { openLoop, outcomeOf, settled } from './loop.ts'
import { to } from './tiny.ts'

describe('nothing leaves before it is written', () => {
  test('[SYS-1] [P2] answer, record, effect, timer and tell wait for the commit', async () => {
    const { disk, system, records, performed, clock, ...loop } = await openLoop()
    disk.hold()
    const turns = [
      system.take({ id: 'a', by: 'overseer', messages: [to('things/a', 'go'), to('things/b', 'wait')] }),
      system.take({
        id: 'b',
        by: 'overseer',
        messages: [to('things/c', 'tell', { messages: [to('things/d', 'put', { n: 1 })] })],
      }),
    ]
    for (const turn of turns) expect(await outcomeOf(turn)).toBe('waits')
    expect({ records, performed, armed: clock.armed, seq: system.seq }).toEqual({
      records: [],
      performed: [],
      armed: 0,
      seq: 0,
    })
    expect(system.owner('things/d')).toBeNull()
    expect(loop.troubles).toEqual([])
    disk.release({ once: true })
    await settled()
    expect(records.map(({ actor }) => actor)).toEqual(['things/a', 'things/b', 'things/c'])
    expect(performed).toMatchObject([{ id: '1.0', kind: 'test.do', again: false }])
    expect(clock.armed).toBe(1)
    expect(system.owner('things/d')?.context).toEqual({ n: 1 })
    disk.release()
    await settled()
    expect(records.at(-1)).toMatchObject({ actor: 'things/d', by: 'things/c', cause: 3, correlation: 3 })
  })

  test('[SYS-1] an owner decides on what is not yet written, and both are written in order', async () => {
    const loop = await openLoop()
    loop.disk.hold()
    const turns = [loop.say(to('roles/a', 'put', { n: 1 })), loop.say(to('roles/a', 'go'))]
    await settled()
    expect(loop.state('roles/a')).toEqual(['busy', { n: 1 }])
    loop.disk.release()
    await Promise.all(turns)
    expect(loop.records).toMatchObject([{ to: 'idle' }, { from: 'idle', to: 'busy' }])
  })

  test('[SYS-1] [P1] a crash before the commit leaves nothing, and after it everything', async () => {
    for (const tail of ['lost', 'kept'] as const) {
      const loop = await openLoop()
      loop.disk.hold()
      const turn = loop.say(to('things/a', 'go'))
      await settled()
      const after = await loop.crash({ tail })
      expect(await outcomeOf(turn)).toBe('waits')
      expect(after.state('things/a')).toEqual(tail === 'lost' ? null : ['busy', {}])
      expect(after.performed.map(({ id, again }) => [id, again])).toEqual(
        tail === 'lost' ? [] : [['1.0', true]],
      )
    }
  })
})

describe('a turn over several owners', () => {
  test('[SYS-2] is one append, and each record says what came before', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'put', { n: 1 }), to('roles/b', 'go'), to('things/a', 'put', { n: 2 }))
    expect(loop.records.map(({ seq, actor, from, correlation }) => [seq, actor, from, correlation])).toEqual([
      [1, 'things/a', null, 1],
      [2, 'roles/b', null, 1],
      [3, 'things/a', 'idle', 1],
    ])
    expect(await loop.log.find('turn-1')).toMatchObject({ first: 1, last: 3 })
  })

  test.each(['things', 'roles'])(
    '[SYS-2] leaves no trace in %s when the last owner refuses',
    async (kind) => {
      const loop = await openLoop()
      await loop.say(to(`${kind}/a`, 'put', { n: 1 }))
      const before = loop.state(`${kind}/a`)
      const result = await loop.say(
        to(`${kind}/a`, 'put', { n: 2 }),
        to(`${kind}/a`, 'go'),
        to(`${kind}/new`, 'put', { n: 2 }),
        to(`${kind}/b`, 'refuse'),
      )
      expect(result).toEqual({
        accepted: false,
        to: `${kind}/b`,
        refusal: { code: 'NO', message: 'It says no.' },
      })
      expect(loop.state(`${kind}/a`)).toEqual(before)
      expect(loop.state(`${kind}/new`)).toBeNull()
      expect(loop.log.head.seq).toBe(1)
      await loop.say(to(`${kind}/a`, 'go'))
      expect(loop.records.at(-1)).toMatchObject({ from: 'idle', to: 'busy', change: {} })
    },
  )

  test('[SYS-2] a role that moved and then refused stands where it stood', async () => {
    const loop = await openLoop()
    await loop.say(to('roles/a', 'put', { n: 1 }))
    expect(await loop.say(to('roles/a', 'stray'))).toMatchObject({ accepted: false })
    await loop.say(to('roles/a', 'go'))
    expect(loop.records.at(-1)).toMatchObject({ from: 'idle', to: 'busy', change: {} })
  })

  test('[SYS-15] what changes nothing leaves no record, nor does a refusal to somebody outside', async () => {
    const loop = await openLoop()
    expect(await loop.say(to('things/a', 'put', { n: 1 }))).toMatchObject({ accepted: true })
    expect(await loop.say(to('things/a', 'nothing'))).toEqual({
      accepted: true,
      records: [],
      repeated: false,
    })
    expect(await loop.say(to('things/a', 'unheardOf'))).toMatchObject({ refusal: { code: 'UNEXPECTED' } })
    expect(await loop.say(to('nobody/a', 'put'))).toMatchObject({ refusal: { code: 'NO_SUCH_OWNER' } })
    await loop.say(to('things/a', 'end'))
    expect(await loop.say(to('things/a', 'put', { n: 2 }))).toMatchObject({
      refusal: { code: 'OWNER_ENDED' },
    })
    expect(loop.log.head.seq).toBe(2)
  })
})

describe('an append that fails', () => {
  test.each(['things', 'roles'])('[SYS-4] [P2] sets %s back when it did not happen', async (kind) => {
    const loop = await openLoop()
    await loop.say(to(`${kind}/a`, 'put', { n: 1 }))
    loop.disk.hold()
    const turns = [
      loop.sayAs('x', to(`${kind}/a`, 'put', { n: 2 }), to(`${kind}/b`, 'go')),
      loop.sayAs('y', to(`${kind}/a`, 'go')),
    ].map(outcomeOf)
    loop.disk.release()
    loop.disk.failNext('lost')
    for (const turn of turns) expect(await turn).toMatchObject({ code: 'TURN_UNKNOWN' })
    expect(loop.state(`${kind}/a`)).toEqual(['idle', { n: 1 }])
    expect(loop.state(`${kind}/b`)).toBeNull()
    expect(loop.performed).toEqual([])
    expect(await loop.sayAs('x', to(`${kind}/a`, 'put', { n: 2 }), to(`${kind}/b`, 'go'))).toMatchObject({
      accepted: true,
      repeated: false,
      records: [
        { seq: 2, from: 'idle' },
        { seq: 3, from: null },
      ],
    })
    expect(loop.state(`${kind}/a`)).toEqual(['idle', { n: 2 }])
  })

  test.each(['things', 'roles'])('[SYS-4] [SYS-5] goes on in %s when it did happen', async (kind) => {
    const loop = await openLoop()
    await loop.say(to(`${kind}/a`, 'put', { n: 1 }))
    loop.disk.failNext('written')
    const turn = [
      to(`${kind}/a`, 'go'),
      to(`${kind}/b`, 'tell', { messages: [to('things/c', 'put', { n: 3 })] }),
    ]
    expect(await outcomeOf(loop.sayAs('x', ...turn))).toMatchObject({ code: 'TURN_UNKNOWN' })
    expect(loop.state(`${kind}/a`)).toEqual(['busy', { n: 1 }])
    expect(loop.performed).toHaveLength(1)
    expect(loop.state('things/c')).toEqual(['idle', { n: 3 }])
    expect(await loop.sayAs('x', ...turn)).toMatchObject({
      repeated: true,
      records: [{ seq: 2 }, { seq: 3 }],
    })
    expect(loop.records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
    expect(loop.records).toHaveLength(loop.log.head.seq)
  })

  test('[SYS-4] an answer whose record could not be written is given again, and the effect not repeated', async () => {
    for (const fault of ['lost', 'written'] as const) {
      const loop = await openLoop()
      await loop.say(to('things/a', 'go'))
      loop.disk.failNext(fault)
      await loop.performed[0]?.answer({ type: 'did', n: 7 })
      expect(loop.state('things/a'), fault).toEqual(['idle', {}])
      expect(loop.performed).toHaveLength(1)
      expect(loop.records.filter(({ settles }) => settles === '1.0')).toHaveLength(1)
    }
  })

  test('[SYS-4] a tell and a timer whose record could not be written are kept all the same', async () => {
    for (const fault of ['lost', 'written'] as const) {
      const loop = await openLoop()
      loop.disk.hold()
      const turn = loop.say(
        to('things/b', 'wait'),
        to('things/a', 'tell', { messages: [to('things/c', 'put', { n: 1 })] }),
      )
      await settled()
      loop.disk.release()
      loop.disk.failNext(fault)
      await turn
      await settled()
      expect(loop.state('things/c'), fault).toEqual(['idle', { n: 1 }])
      loop.disk.failNext(fault)
      await loop.clock.pass(1_000)
      await loop.clock.pass(1)
      expect(loop.state('things/b'), fault).toEqual(['idle', {}])
      const settles = loop.records.flatMap((record) => record.settles ?? [])
      expect(settles.toSorted()).toEqual(['1.0', '2.0'])
    }
  })

  test('[SYS-14] a full disk is asked for again until it is back; turns wait meanwhile', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'put', { n: 1 }))
    loop.disk.fill()
    expect(await outcomeOf(loop.sayAs('x', to('things/a', 'go')))).toMatchObject({ code: 'TURN_UNKNOWN' })
    const waiting = loop.sayAs('x', to('things/a', 'go'))
    expect(await outcomeOf(waiting)).toBe('waits')
    expect(loop.state('things/a')).toEqual(['idle', { n: 1 }])
    await loop.clock.pass(OPEN_AGAIN_MS)
    expect(await outcomeOf(waiting)).toBe('waits')
    loop.disk.free()
    await loop.clock.pass(OPEN_AGAIN_MS)
    expect(await waiting).toMatchObject({ accepted: true, repeated: false, records: [{ seq: 2 }] })
    expect(loop.troubles.length).toBeGreaterThan(0)
  })

  test('[SYS-16] a turn that the log would never take is refused; those beside it can be said again', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'put', { n: 1 }))
    const huge = loop.sayAs('x', to('things/a', 'put', { text: 'x'.repeat(ENTRY_BYTES_MAX) }))
    expect(await outcomeOf(huge)).toMatchObject({ code: 'ENTRY_TOO_LARGE' })
    expect(loop.state('things/a')).toEqual(['idle', { n: 1 }])
    expect(await loop.sayAs('y', to('things/a', 'put', { n: 2 }))).toMatchObject({ accepted: true })
  })

  test('[SYS-16] [SYS-3] an answer that leads to such a record is settled as refused', async () => {
    const loop = await openLoop()
    await loop.say(to('things/a', 'go'))
    await loop.performed[0]?.answer({ type: 'big', size: ENTRY_BYTES_MAX })
    expect(loop.records.at(-1)).toMatchObject({ settles: '1.0', refused: { code: 'ENTRY_TOO_LARGE' } })
    expect(loop.state('things/a')).toEqual(['busy', {}])
    expect(loop.system.openEffects()).toEqual([])
  })
})

describe('an id', () => {
  test('[SYS-5] acts once, whether it is repeated at once, later, or after a restart', async () => {
    const loop = await openLoop()
    const turn = [to('things/a', 'put', { n: 1 })]
    const [first, second] = await Promise.all([loop.sayAs('x', ...turn), loop.sayAs('x', ...turn)])
    expect(second).toEqual(first)
    expect(await loop.sayAs('x', to('things/a', 'end'))).toEqual({ ...first, repeated: true })
    const after = await loop.crash()
    expect(await after.sayAs('x', ...turn)).toEqual({ ...first, repeated: true })
    expect(after.log.head.seq).toBe(1)
  })

  test('[SYS-5] that was refused may be said again and be accepted', async () => {
    const loop = await openLoop()
    expect(await loop.sayAs('x', to('things/a', 'did'))).toMatchObject({ accepted: false })
    await loop.say(to('things/a', 'go'))
    expect(await loop.sayAs('x', to('things/a', 'did', { n: 1 }))).toMatchObject({
      accepted: true,
      repeated: false,
    })
  })

  test('[SYS-5] of a caller can never be that of a promise', async () => {
    const loop = await openLoop()
    await loop.sayAs('2.0', to('things/a', 'put', { n: 1 }))
    await loop.say(to('things/a', 'go'))
    await loop.performed[0]?.answer({ type: 'did' })
    expect(loop.state('things/a')).toEqual(['idle', { n: 1 }])
    expect(await outcomeOf(loop.sayAs('promise 3.0', to('things/a', 'go')))).toBeInstanceOf(RangeError)
  })
})
