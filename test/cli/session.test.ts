import { connect, createServer } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTown, type TestTown } from '../api/town.ts'
import { type Folder, gt, sessionEnv, townFolder } from './town.ts'

let town: TestTown
let folder: Folder
let bead: string
beforeEach(async () => {
  town = await createTown()
  folder = townFolder()
  bead = await town.bead('a')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
})
afterEach(async () => {
  await town.close()
  folder.remove()
})

const doneRecords = async (): Promise<number> =>
  (await town.get(`/v1/history/${bead}`)).body.items.filter(
    (one: { message: { type: string } }) => one.message.type === 'session.done',
  ).length

test('an agent whose town is away waits for it, and its done is recorded once', async () => {
  const done = gt(['done'], { env: sessionEnv(folder) })
  await town.server.listen({ path: folder.socket })
  expect(await done).toMatchObject({ code: 0, err: '' })
  expect(await doneRecords()).toBe(1)
})

test('[P2] an answer that is lost is asked for again with the same id, and nothing is done twice', async () => {
  // The town takes every call; the first two answers never get back.
  const behind = `${folder.socket}.behind`
  await town.server.listen({ path: behind })
  let calls = 0
  const proxy = createServer((client) => {
    calls += 1
    const lose = calls <= 2
    const server = connect(behind)
    client.pipe(server)
    client.on('error', () => server.destroy())
    server.on('data', (chunk) => (lose ? client.destroy() : client.write(chunk)))
    server.on('end', () => client.end())
  })
  await new Promise<void>((resolve) => proxy.listen(folder.socket, resolve))
  try {
    expect(await gt(['done'], { env: sessionEnv(folder) })).toMatchObject({ code: 0 })
    expect(calls).toBe(3)
    expect(await doneRecords()).toBe(1)
  } finally {
    await new Promise((resolve) => proxy.close(resolve))
  }
})

test('an agent does not wait for ever', async () => {
  const { code, err } = await gt(['hook', '--timeout', '100ms', '--json'], { env: sessionEnv(folder) })
  expect([code, JSON.parse(err).error.code]).toEqual([124, 'TIMED_OUT'])
})

test('a refusal is not repeated', async () => {
  await town.server.listen({ path: folder.socket })
  town.worktree.state = { ...town.worktree.state, commits: 0 }
  const { code, err } = await gt(['done', '--json'], { env: sessionEnv(folder) })
  expect([code, JSON.parse(err).error.code]).toEqual([1, 'NOTHING_TO_SUBMIT'])
})
