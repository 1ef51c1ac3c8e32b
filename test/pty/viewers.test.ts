import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HostClient } from '../../src/pty/host-client.ts'
import { agent, eventually, openTestTown, type TestTown } from './town.ts'

let town: TestTown
let host: HostClient

beforeAll(async () => {
  town = await openTestTown()
  host = await town.connect()
})
afterAll(() => town.close())

/** A viewer that has stopped reading. Answers with what it is shown once it reads again. */
async function slowViewer(id: string): Promise<{ read(): () => string; close(): void }> {
  const key = readFileSync(path.join(town.dir, '.gt', 'host.key'), 'utf8').trim()
  const socket = connect(path.join(town.dir, '.gt', 'host.sock'))
  socket.write(`${JSON.stringify({ n: 1, op: 'hello', protocol: 2, key, client: 'viewer' })}\n`)
  socket.write(`${JSON.stringify({ n: 2, op: 'attach', id, watch: true, size: null })}\n`)
  await once(socket, 'data')
  socket.pause()
  return {
    read() {
      let shown = ''
      socket.on('data', (data) => {
        shown += String(data)
      })
      socket.resume()
      return () => shown
    },
    close: () => socket.destroy(),
  }
}

test('[PTY-20] [PTY-21] [PTY-22] one who watches, one who types and one who is slow see the same session, and none holds up another', async () => {
  await host.start(
    town.spec('shared', [
      'sh',
      '-c',
      'echo READY; read -r go; seq 1 300000; echo "FLOOD-END $go"; read -r last; stty size; echo "LAST $last"; sleep 600',
    ]),
  )
  await eventually(async () => ((await host.peek('shared', 5)).includes('READY') ? true : undefined))
  const [watcher, typist] = await Promise.all([
    town.connect({ client: 'viewer' }),
    town.connect({ client: 'viewer' }),
  ])
  let [watched, typed] = ['', '']
  await watcher.attach('shared', {
    watch: true,
    size: { columns: 33, rows: 11 },
    onOutput: (data) => {
      watched += data
    },
  })
  await typist.attach('shared', {
    watch: false,
    size: { columns: 77, rows: 22 },
    onOutput: (data) => {
      typed += data
    },
  })
  const slow = await slowViewer('shared')
  try {
    await expect(watcher.write('shared', 'not mine\n')).rejects.toMatchObject({ code: 'HOST_REFUSED' })
    await expect(watcher.resize('shared', { columns: 5, rows: 5 })).rejects.toMatchObject({
      code: 'HOST_REFUSED',
    })
    await typist.write('shared', 'go\n')
    await eventually(() =>
      typed.includes('FLOOD-END go') && watched.includes('FLOOD-END go') ? true : undefined,
    )
    await typist.write('shared', 'word\n')
    await eventually(() => (typed.includes('LAST word') && watched.includes('LAST word') ? true : undefined))
    for (const shown of [typed, watched]) {
      expect(shown).toContain('22 77')
      expect(shown).not.toContain('not mine')
    }
    const shown = slow.read()
    await eventually(() => (shown().includes('LAST word') ? true : undefined))
    expect(shown().length).toBeLessThan(3_000_000)
  } finally {
    slow.close()
    watcher.close()
    typist.close()
    await host.stop('shared', 100)
  }
}, 30_000)

test('[PTY-19] [PTY-21] a person who attaches fills the screen, and the size follows their terminal until they leave', async () => {
  const sizes = `process.stdout.on('resize', () => console.log('SIZE', process.stdout.columns, process.stdout.rows));
    console.log('READY'); setInterval(() => {}, 1e6)`
  await host.start(town.spec('sized', [process.execPath, '-e', sizes]))
  const seen = (id: string, text: string): Promise<true> =>
    eventually(async () => ((await host.peek(id, 60)).includes(text) ? true : undefined))
  await seen('sized', 'READY')
  const command = [process.execPath, agent('attach.mjs'), town.dir, 'sized', 'write']
  await host.start({ ...town.spec('person', command), columns: 91, rows: 19 })
  await seen('sized', 'SIZE 91 19')
  const viewer = await town.connect()
  await viewer.resize('person', { columns: 64, rows: 16 })
  await seen('sized', 'SIZE 64 16')
  await seen('person', 'SIZE 64 16')
  await host.write('person', '\x1c')
  await seen('person', '"kind":"detached"')
  await seen('sized', 'SIZE 100 30')
  await host.stop('sized', 100)
})
