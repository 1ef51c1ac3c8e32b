import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTown, type TestTown } from './town.ts'

let town: TestTown
beforeEach(async () => {
  town = await createTown()
})
afterEach(() => town.close())

describe('[P4] every read has an "as of"', () => {
  test('a past position shows what was then', async () => {
    const bead = await town.bead('one')
    const { seq } = town.town.system
    await town.command('bead.close', { bead })
    expect((await town.get(`/v1/beads/${bead}`)).body.status).toBe('closed')
    expect((await town.get(`/v1/beads/${bead}?at=${seq}`)).body.status).toBe('open')
    expect((await town.get(`/v1/beads/${bead}?at=${seq - 1}`)).body.code).toBe('BEAD_NOT_FOUND')
    expect((await town.get(`/v1/status?at=${seq}`)).body).toMatchObject({ seq, daemon: null })
  })

  test('a time finds the last record at or before it', async () => {
    await town.bead('one')
    const { at } = (await town.get(`/v1/records/${town.town.system.seq}`)).body
    expect((await town.get(`/v1/status?at=${encodeURIComponent(at)}`)).body.seq).toBe(town.town.system.seq)
    expect((await town.get('/v1/status?at=2001-01-01')).body.seq).toBe(0)
    expect((await town.get('/v1/status?at=0s')).body.seq).toBe(town.town.system.seq)
    expect((await town.get('/v1/status?at=-15m')).body.seq).toBe(0)
  })

  test.each([
    ['yesterday', 'POSITION_INVALID'],
    ['25:00', 'POSITION_INVALID'],
    ['999999', 'POSITION_IN_FUTURE'],
    ['2999-01-01', 'POSITION_IN_FUTURE'],
  ])('%s is refused with %s', async (at, code) => {
    expect((await town.get(`/v1/status?at=${at}`)).body.code).toBe(code)
  })
})

test('pages of a list follow each other without gap or repeat', async () => {
  const made = []
  for (let n = 0; n < 7; n += 1) made.push(await town.bead(`bead ${n}`))
  const seen: string[] = []
  for (let cursor = ''; ; ) {
    const { body } = await town.get(`/v1/beads?limit=3${cursor}`)
    seen.push(...body.items.map((one: { id: string }) => one.id))
    if (body.cursor === null) break
    cursor = `&cursor=${body.cursor}`
  }
  expect(seen.toSorted()).toEqual(made.toSorted())
  expect((await town.get('/v1/beads?cursor=bm9wZQ')).body.code).toBe('CURSOR_INVALID')
})

test('ids and names may be shortened while they are unambiguous', async () => {
  town.town.ids.random = (() => {
    const ids = ['abc', 'abd']
    return () => ids.shift() ?? 'zzz'
  })()
  const first = await town.bead('one', { id: 'call-1' })
  await town.bead('two', { id: 'call-2' })
  expect((await town.get('/v1/beads/sh-abc')).body.id).toBe(first)
  const several = await town.get('/v1/beads/sh-ab')
  expect(several.body).toMatchObject({ code: 'AMBIGUOUS', details: { candidates: ['sh-abc', 'sh-abd'] } })
  await town.command('sling', { beads: [first] })
  for (const name of ['nux', 'shop/nux', 'shop/polecats/nux', 'nu'])
    expect((await town.get(`/v1/agents/${encodeURIComponent(name)}`)).body.address).toBe('shop/polecats/nux')
})

test('history has what belongs to a bead and nothing else', async () => {
  const bead = await town.bead('one')
  await town.bead('two')
  await town.command('bead.comment', { bead, text: 'hm' })
  const { items } = (await town.get(`/v1/history/${bead}`)).body
  expect(items.map((one: { message: { type: string } }) => one.message.type)).toEqual([
    'bead.create',
    'bead.comment',
  ])
  expect((await town.get('/v1/history/nothing')).body.code).toBe('BEAD_NOT_FOUND')
})

test('why is a tree that hangs together: each record below the one that led to it', async () => {
  const bead = await town.bead('one')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
  const { tree } = (await town.get(`/v1/why/${bead}`)).body
  type Node = { seq: number; by: string; children: Node[] }
  const check = (node: Node): void => {
    for (const child of node.children) {
      expect(child.seq).toBeGreaterThan(node.seq)
      check(child)
    }
  }
  for (const root of tree as Node[]) {
    expect(root.by).toBe('overseer')
    check(root)
  }
})

test('the stream of records resumes after the last event that was seen', async () => {
  const bead = await town.bead('one')
  const { seq } = town.town.system
  const socket = await town.server.listen({ port: 0, host: '127.0.0.1' })
  const answer = await fetch(`${socket}/v1/records/stream`, {
    headers: { authorization: 'Bearer operator-token', 'last-event-id': String(seq - 1) },
  })
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  const until = async (part: string) => {
    while (!text.includes(part)) text += Buffer.from((await reader.read()).value ?? []).toString()
  }
  await until(`id: ${seq}\n`)
  await town.command('bead.close', { bead })
  await until(`id: ${seq + 1}\n`)
  expect(text.match(/^id: .*/gm)).toEqual([`id: ${seq}`, `id: ${seq + 1}`])
  await town.server.close()
  // A server that closes ends its streams, so that nobody waits for them.
  for (;;) if ((await reader.read()).done) break
})

test('unknown routes, unknown queries and bodies that are no object are problems too', async () => {
  expect((await town.get('/v1/nothing')).body).toMatchObject({ status: 404, code: 'ROUTE_NOT_FOUND' })
  expect((await town.get('/v1/beads?colour=red')).body.code).toBe('INPUT_INVALID')
  const answer = await town.server.inject({
    method: 'POST',
    url: '/v1/commands/bead.create',
    headers: { authorization: 'Bearer operator-token', 'content-type': 'application/json' },
    payload: '{broken',
  })
  expect(answer.headers['content-type']).toContain('application/problem+json')
  expect(answer.json().code).toBe('INPUT_INVALID')
  const large = await town.command('bead.create', { title: 'x', description: 'x'.repeat(1_100_000) })
  expect([large.status, large.body.code]).toEqual([413, 'BODY_TOO_LARGE'])
})

test('the description of the API names every command and read', async () => {
  const { body } = await town.get('/openapi.json')
  expect(Object.keys(body.paths)).toEqual(
    expect.arrayContaining(['/v1/beads/{id}', '/v1/commands/bead.create', '/v1/status']),
  )
  expect(body.paths['/v1/commands/bead.create'].post.requestBody).toBeDefined()
})
