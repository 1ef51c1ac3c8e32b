import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HostClient } from '../../src/pty/host-client.ts'
import { hostFiles } from '../../src/pty/host-files.ts'
import { seeded } from '../support/seeded.ts'
import { agent, eventually, openTestTown, type TestTown } from './town.ts'

const SEED = Number(process.env.SEED ?? 20261122)

let town: TestTown
let host: HostClient

beforeAll(async () => {
  town = await openTestTown()
  host = await town.connect()
})
afterAll(() => town.close())

/** A program that keeps what is typed into it; answers with its file. */
async function keeper(id: string): Promise<string> {
  const file = path.join(town.dir, `${id}.typed`)
  await host.start(town.spec(id, [process.execPath, agent('raw-keep.mjs'), file]))
  await eventually(async () => ((await host.peek(id, 5)).includes('READY') ? true : undefined))
  return file
}

const typed = (file: string): string =>
  statSync(file, { throwIfNoEntry: false }) === undefined ? '' : readFileSync(file, 'utf8')

/** Waits until nothing more comes: everything that a dead client said whole has been typed by then. */
async function atRest(file: string): Promise<string> {
  for (let before = ''; ; ) {
    await sleep(150)
    const now = typed(file)
    if (now === before) return now
    before = now
  }
}

test('[PTY-30] what a daemon types is typed whole or not at all, whenever it is killed', async () => {
  const random = seeded(SEED)
  const counts: number[] = []
  for (let round = 1; round <= 8; round += 1) {
    const id = `round-${round}`
    const file = await keeper(id)
    const daemon = spawn(process.execPath, [agent('type-much.ts'), town.dir, id], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(daemon.stdout, 'data')
    await sleep(random() * 12)
    daemon.kill('SIGKILL')
    await once(daemon, 'exit')
    const found = await atRest(file)
    const inputs = found.match(/<\d+:x{20000}>/g) ?? []
    expect(inputs.join('').length, `SEED=${SEED} round ${round}: nothing but whole inputs`).toBe(found.length)
    const numbers = inputs.map((input) => Number(/\d+/.exec(input)?.[0]))
    expect(numbers, 'in order, each once').toEqual([...new Set(numbers)].sort((a, b) => a - b))
    counts.push(numbers.length)
    await host.stop(id, 0)
  }
  expect(Math.max(...counts), `some were typed: ${counts}`).toBeGreaterThan(0)
}, 60_000)

test('[PTY-30] a line that ends in the middle is not typed', async () => {
  const file = await keeper('half')
  const { socket, key } = hostFiles(town.dir)
  const client = connect(socket)
  await once(client, 'connect')
  const say = (value: object) => `${JSON.stringify(value)}\n`
  client.write(
    say({ n: 1, op: 'hello', protocol: 1, key: readFileSync(key, 'utf8').trim(), client: 'daemon' }),
  )
  await once(client, 'data')
  client.write(say({ n: 2, op: 'write', id: 'half', data: 'whole;' }))
  client.write(say({ n: 3, op: 'write', id: 'half', data: 'never;' }).slice(0, -1))
  await eventually(() => (typed(file) === 'whole;' ? true : undefined))
  client.destroy()
  await once(client, 'close')
  expect(await atRest(file)).toBe('whole;')
  await host.stop('half', 0)
})
