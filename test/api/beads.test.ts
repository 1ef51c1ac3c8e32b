import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTown, type TestTown } from './town.ts'

let town: TestTown
beforeEach(async () => {
  town = await createTown()
})
afterEach(() => town.close())

describe('making beads', () => {
  test('the id has the prefix of the rig, and the answer the record that made it', async () => {
    const { status, body } = await town.command('bead.create', { title: 'Fix the cart' })
    expect(status).toBe(200)
    expect(body.id).toMatch(/^sh-[a-z0-9]{3,}$/)
    expect(body.seq).toBe(town.town.system.seq)
  })

  test('the same call made twice makes one bead and gets the same answer', async () => {
    const first = await town.command('bead.create', { title: 'once', id: 'call-1' })
    const again = await town.command('bead.create', { title: 'once', id: 'call-1' })
    expect(again.body).toEqual(first.body)
    expect((await town.get('/v1/beads')).body.items).toHaveLength(1)
  })

  test('an id that is taken is not used again', async () => {
    const ids = new Set<string>()
    town.town.ids.random = (length) => 'x'.repeat(length)
    for (let n = 0; n < 3; n += 1) ids.add(await town.bead(`bead ${n}`, { id: `call-${n}` }))
    expect(ids.size).toBe(3)
  })

  test('a need that does not exist is refused, and nothing is written', async () => {
    const before = town.town.system.seq
    const { status, body } = await town.command('bead.create', { title: 'x', needs: ['sh-nope'] })
    expect([status, body.code]).toEqual([404, 'BEAD_NOT_FOUND'])
    expect(town.town.system.seq).toBe(before)
  })

  test.each([
    [{ title: 'x', colour: 'red' }, 'The field "colour" is not known here.'],
    [{}, 'The field "title" is missing.'],
    [{ title: 'x', priority: 9 }, /^The field "priority" does not fit/],
    [{ title: '' }, /^The field "title" does not fit/],
    [{ title: 'x', type: 'wish' }, /^The field "type" does not fit/],
  ])('a body that does not fit is refused with the field in one sentence: %j', async (body, sentence) => {
    const before = town.town.system.seq
    const answer = await town.command('bead.create', body)
    expect([answer.status, answer.body.code]).toEqual([400, 'INPUT_INVALID'])
    expect(answer.body.detail).toMatch(sentence)
    expect(town.town.system.seq).toBe(before)
  })
})

describe('needs', () => {
  test('a circle is refused with the path that would close it', async () => {
    const a = await town.bead('a')
    const b = await town.bead('b', { needs: [a] })
    const c = await town.bead('c', { needs: [b] })
    const { body } = await town.command('bead.dep.add', { bead: a, needs: c })
    expect(body.code).toBe('DEPENDENCY_CYCLE')
    expect(body.details.path).toEqual([a, c, b, a])
  })

  test('a bead is ready once nothing it needs is open', async () => {
    const a = await town.bead('a')
    const b = await town.bead('b', { needs: [a] })
    const ready = async () =>
      (await town.get('/v1/beads?view=ready')).body.items.map((one: { id: string }) => one.id)
    expect(await ready()).toEqual([a])
    await town.command('bead.close', { bead: a })
    expect(await ready()).toEqual([b])
    await town.command('bead.reopen', { bead: a })
    expect(await ready()).toEqual([a])
    await town.command('bead.dep.remove', { bead: b, needs: a })
    expect(await ready()).toEqual([a, b])
  })
})

describe('sling', () => {
  test('what has a place starts, what is blocked waits with a reason, what is unknown is refused; in the order given', async () => {
    const a = await town.bead('a')
    const b = await town.bead('b', { needs: [a] })
    const { body } = await town.command('sling', { beads: [b, a, 'sh-nope'] })
    expect(body.slung).toEqual([{ bead: a, agent: 'shop/polecats/nux' }])
    expect(body.queued).toMatchObject([{ bead: b, waitingFor: { kind: 'bead', id: a } }])
    expect(body.refused).toMatchObject([{ bead: 'sh-nope', code: 'BEAD_NOT_FOUND' }])
  })

  test('three work at a time, the fourth waits for a place', async () => {
    const beads = [await town.bead('a'), await town.bead('b'), await town.bead('c'), await town.bead('d')]
    const { body } = await town.command('sling', { beads })
    expect(body.slung).toHaveLength(3)
    expect(body.queued).toMatchObject([{ bead: beads[3], waitingFor: { kind: 'place', id: 'shop' } }])
  })

  test('a call that is repeated later gets the answer of then', async () => {
    const a = await town.bead('a')
    const b = await town.bead('b', { needs: [a] })
    const first = await town.command('sling', { beads: [b], id: 'sling-1' })
    await town.command('bead.close', { bead: a })
    expect((await town.command('sling', { beads: [b], id: 'sling-1' })).body).toEqual(first.body)
  })

  test('with --now nothing waits', async () => {
    const a = await town.bead('a')
    const b = await town.bead('b', { needs: [a] })
    const { body } = await town.command('sling', { beads: [b], now: true })
    expect(body.refused).toMatchObject([{ bead: b, code: 'BEAD_BLOCKED' }])
  })

  test('a dry run writes nothing', async () => {
    const a = await town.bead('a')
    const before = town.town.system.seq
    const { body } = await town.command('sling', { beads: [a], dryRun: true })
    expect(body.slung).toHaveLength(1)
    expect(town.town.system.seq).toBe(before)
  })

  test.each([
    ['closed', 'BEAD_CLOSED'],
    ['hooked', 'BEAD_HOOKED'],
  ])('a %s bead is refused with %s', async (state, code) => {
    const bead = await town.bead('x')
    if (state === 'closed') await town.command('bead.close', { bead })
    else await town.command('sling', { beads: [bead] })
    const { body } = await town.command('sling', { beads: [bead] })
    expect(body.refused).toMatchObject([{ bead, code }])
  })

  test('an unknown kind of agent, an unknown rig and an unknown polecat are refused', async () => {
    const bead = await town.bead('x')
    const before = town.town.system.seq
    expect((await town.command('sling', { beads: [bead], agent: 'nobody' })).body.refused[0].code).toBe(
      'AGENT_UNKNOWN',
    )
    expect((await town.command('sling', { beads: [bead], to: 'mars' })).body.code).toBe('AGENT_NOT_FOUND')
    expect((await town.command('sling', { beads: [bead], to: 'shop/polecats/zed' })).body.code).toBe(
      'AGENT_NOT_FOUND',
    )
    await town.command('config.unset', { key: 'agents.default' })
    expect((await town.command('sling', { beads: [bead] })).body.refused[0].code).toBe('AGENT_NOT_CHOSEN')
    expect(town.town.system.seq).toBe(before + 1)
  })
})
