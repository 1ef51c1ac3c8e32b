import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectHost, type HostClient } from '../../src/pty/host-client.ts'
import { processes } from '../../src/pty/processes.ts'
import { ensureHost } from '../../src/pty/start-host.ts'
import { agent, endingOf, eventually, HOST_ENTRY, openTestTown, type TestTown } from './town.ts'

let town: TestTown
let host: HostClient

beforeAll(async () => {
  town = await openTestTown()
  host = await town.connect()
})
afterAll(() => town.close())

const LIST_DESCRIPTORS = 'ls /proc/self/fd > "$1"; readlink /proc/self/fd/* >> "$1.links"; :'

describe('descriptors', () => {
  test('[PTY-6] every session and the worker get 0, 1 and 2 only, whatever opened and closed before', async () => {
    const seen: string[][] = []
    const look = async (id: string): Promise<void> => {
      const file = path.join(town.dir, `${id}.fds`)
      await host.start(town.spec(id, ['sh', '-c', LIST_DESCRIPTORS, 'sh', file]))
      await endingOf(host, id)
      seen.push(readFileSync(file, 'utf8').trim().split('\n'))
    }
    for (let n = 0; n < 6; n++) await host.start(town.spec(`open-${n}`, ['sleep', '600']))
    await look('first')
    // Gaps in the host's descriptors, in several places.
    for (const n of [0, 2, 3]) await host.stop(`open-${n}`, 500)
    const viewers = await Promise.all([1, 2, 3].map(() => town.connect({ client: 'viewer' })))
    viewers[0]?.close()
    for (let n = 0; n < 8; n++) await look(`later-${n}`)

    const file = path.join(town.dir, 'worker.fds')
    await host.startWorker({
      command: ['sh', '-c', LIST_DESCRIPTORS, 'sh', file],
      cwd: town.dir,
      env: { PATH: process.env.PATH ?? '' },
    })
    await eventually(async () => ((await host.worker())?.ending ? true : undefined))
    seen.push(readFileSync(file, 'utf8').trim().split('\n'))
    for (const n of [1, 4, 5]) await host.stop(`open-${n}`, 500)

    expect(seen).toHaveLength(10)
    // `ls` itself has the folder open, as descriptor 3.
    for (const descriptors of seen) expect(descriptors).toEqual(['0', '1', '2', '3'])
  })
})

describe('clients', () => {
  test('[P2] [PTY-1] a session and its ending outlive the kill -9 of the client that started the host', async () => {
    const other = await openTestTown({ start: false })
    try {
      const spec = other.spec('survivor', ['sh', '-c', 'echo READY; read -r line; exit 5'])
      const child = spawn(process.execPath, [
        agent('start-and-wait.mjs'),
        other.dir,
        HOST_ENTRY,
        JSON.stringify(spec),
      ])
      const [line] = (await once(child.stdout, 'data')) as [Buffer]
      const { host: hostPid, session } = JSON.parse(String(line)) as { host: number; session: number }
      child.kill('SIGKILL')
      await once(child, 'exit')

      const client = await other.connect()
      expect(client.host.pid).toBe(hostPid)
      expect(await client.list()).toMatchObject([{ id: 'survivor', pid: session, ending: null }])
      await client.write('survivor', 'go\n')
      expect(await endingOf(client, 'survivor')).toEqual({ kind: 'exited', exitCode: 5 })
      client.close()

      const later = await other.connect()
      expect(await later.list()).toMatchObject([{ id: 'survivor', ending: { kind: 'exited', exitCode: 5 } }])
      await later.forget('survivor')
      expect(await later.list()).toEqual([])
    } finally {
      await other.close()
    }
  })

  test('[PTY-4] a session that runs cannot be forgotten', async () => {
    await host.start(town.spec('unforgettable', ['sleep', '600']))
    await expect(host.forget('unforgettable')).rejects.toMatchObject({ code: 'HOST_REFUSED' })
    await host.stop('unforgettable', 500)
  })

  test('[PTY-13] socket, key, pid file and log belong to their owner alone', () => {
    for (const name of ['host.sock', 'host.key', 'host.pid', 'host.log']) {
      expect(statSync(path.join(town.dir, '.gt', name)).mode & 0o777, name).toBe(0o600)
    }
  })

  test('[PTY-13] a client with a wrong key, without hello, or with a line that is no request gets nothing', async () => {
    const socket = path.join(town.dir, '.gt', 'host.sock')
    const wrong = JSON.stringify({ n: 1, op: 'hello', protocol: 1, key: 'x'.repeat(64), client: 'daemon' })
    for (const line of [
      wrong,
      '{"n":1,"op":"list"}',
      'not json',
      '[]',
      '{"n":1,"op":"__proto__"}',
      '{"n":-1}',
    ]) {
      const client = connect(socket)
      client.end(`${line}\n${JSON.stringify({ n: 2, op: 'list' })}\n`)
      let text = ''
      for await (const data of client) text += data
      expect(text, line).toContain('HOST_REFUSED')
      expect(text, line).not.toContain('"ok"')
    }
  })

  test('[PTY-13] a client whose key file is another town’s is refused', async () => {
    const other = await openTestTown()
    const key = path.join(other.dir, '.gt', 'host.key')
    const right = readFileSync(key, 'utf8')
    writeFileSync(key, `${'0'.repeat(64)}\n`)
    await expect(connectHost(other.dir)).rejects.toMatchObject({ code: 'HOST_REFUSED' })
    writeFileSync(key, right)
    await other.close()
  })

  test('[PTY-14] a viewer may look, and neither start, stop nor shut down', async () => {
    const viewer = await town.connect({ client: 'viewer' })
    await expect(viewer.list()).resolves.toBeInstanceOf(Array)
    const spec = town.spec('by viewer', ['sleep', '600'])
    await expect(viewer.start(spec)).rejects.toMatchObject({ code: 'HOST_REFUSED' })
    await expect(viewer.stop('x', 0)).rejects.toMatchObject({ code: 'HOST_REFUSED' })
    await expect(viewer.shutdown({ force: true })).rejects.toMatchObject({ code: 'HOST_REFUSED' })
    await expect(viewer.startWorker(spec)).rejects.toMatchObject({ code: 'HOST_REFUSED' })
  })

  test('[PTY-1] onGone is called when the host dies, and what was asked is answered with HOST_GONE', async () => {
    const other = await openTestTown()
    let gone = 0
    const client = await other.connect({ onGone: () => gone++ })
    process.kill(other.hostPid, 'SIGSTOP')
    const asked = client.list()
    process.kill(other.hostPid, 'SIGKILL')
    await expect(asked).rejects.toMatchObject({ code: 'HOST_GONE' })
    await eventually(() => (gone === 1 ? true : undefined))
    await expect(client.list()).rejects.toMatchObject({ code: 'HOST_GONE' })
    await other.close()
  })
})

describe('the host process', () => {
  test('[PTY-15] there is one for a town, however many are started at once', async () => {
    const other = await openTestTown({ start: false })
    const start = () => ensureHost(other.dir, { node: process.execPath, entry: HOST_ENTRY })
    const all = await Promise.all([start(), start(), start(), start()])
    expect(new Set(all.map(({ pid }) => pid)).size).toBe(1)
    expect(all.filter(({ started }) => started)).toHaveLength(1)
    const again = await start()
    expect(again).toEqual({ started: false, pid: all[0]?.pid })
    await other.close()
  })

  test('[PTY-15] the socket and the pid file of a dead host are replaced', async () => {
    const other = await openTestTown()
    process.kill(other.hostPid, 'SIGKILL')
    await eventually(() => (processes.identify(other.hostPid) === null ? true : undefined))
    expect(statSync(path.join(other.dir, '.gt', 'host.sock')).isSocket()).toBe(true)
    const { started, pid } = await ensureHost(other.dir, { node: process.execPath, entry: HOST_ENTRY })
    expect(started).toBe(true)
    const named = JSON.parse(readFileSync(path.join(other.dir, '.gt', 'host.pid'), 'utf8'))
    expect(named).toMatchObject({ pid, bootId: processes.bootId(), start: processes.identify(pid)?.start })
    await other.close()
  })

  test('[PTY-15] its own environment carries nothing of a session and no secret', async () => {
    process.env.GT_SESSION = 'some/session'
    process.env.SOME_TOKEN = 'secret'
    const other = await openTestTown()
    const names = readFileSync(`/proc/${other.hostPid}/environ`, 'utf8')
      .split('\0')
      .map((entry) => entry.split('=')[0])
    delete process.env.GT_SESSION
    delete process.env.SOME_TOKEN
    expect(names).not.toContain('GT_SESSION')
    expect(names).not.toContain('SOME_TOKEN')
    await other.close()
  })

  test('[PTY-15] it keeps no descriptor open that whoever started it left open', async () => {
    const other = await openTestTown({ start: false })
    const script = `exec ${process.execPath} ${HOST_ENTRY} ${other.dir} 57>&1`
    const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'], detached: true })
    const host = await eventually(() => other.connect().catch(() => undefined))
    expect(readdirSync(`/proc/${host.host.pid}/fd`)).not.toContain('57')
    await host.shutdown({ force: true })
    child.unref()
    await other.close()
  })

  test('[PTY-3] a session gets its own environment and nothing of the host’s', async () => {
    await host.start(town.spec('env', ['env'], { ONLY: 'this' }))
    await endingOf(host, 'env')
    const names = town
      .recorded('env')
      .trim()
      .split('\r\n')
      .map((line) => line.split('=')[0])
    expect(names.sort()).toEqual(['GT_SESSION', 'GT_TOWN_ID', 'HOME', 'ONLY', 'PATH', 'PWD', 'TERM'])
  })

  test('[PTY-15] a town path too long for a socket is refused, and no socket is cut', async () => {
    const long = path.join(town.dir, 'x'.repeat(90))
    mkdirSync(long)
    await expect(ensureHost(long, { node: process.execPath, entry: HOST_ENTRY })).rejects.toMatchObject({
      code: 'SOCKET_PATH_TOO_LONG',
    })
  })

  test('[PTY-16] is not shut down while a session runs, unless forced', async () => {
    const other = await openTestTown()
    const client = await other.connect()
    const { pid } = await client.start(other.spec('busy', ['sleep', '600']))
    await expect(client.shutdown({ force: false })).rejects.toMatchObject({ code: 'HOST_BUSY' })
    await client.shutdown({ force: true, graceMs: 200 })
    expect(processes.identify(pid)).toBeNull()
    await eventually(() => (processes.identify(other.hostPid) === null ? true : undefined))
    await other.close()
  })

  test('[P7] [PTY-17] uses no CPU and wakes for nothing while its sessions are quiet', async () => {
    const other = await openTestTown()
    const client = await other.connect()
    for (let n = 0; n < 3; n++) await client.start(other.spec(`quiet-${n}`, ['sleep', '600']))
    await new Promise((resolve) => setTimeout(resolve, 500))
    const before = wakeups(other.hostPid)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(wakeups(other.hostPid) - before).toBeLessThanOrEqual(1)
    await other.close()
  })
})

describe('the worker', () => {
  test('[PTY-18] is one, is told when it ends, and leaves nothing it started', async () => {
    const spec = {
      command: ['sh', '-c', 'setsid sleep 661 & echo to-the-log; echo $! > started; sleep 662'],
      cwd: town.dir,
      env: { PATH: process.env.PATH ?? '' },
    }
    const first = await host.startWorker(spec)
    expect((await host.startWorker(spec)).pid).toBe(first.pid)
    const child = await eventually(() => {
      try {
        return Number(readFileSync(path.join(town.dir, 'started'), 'utf8')) || undefined
      } catch {
        return undefined
      }
    })
    const ended = new Promise((resolve) => host.onWorkerEnding((pid, ending) => resolve({ pid, ending })))
    process.kill(first.pid, 'SIGKILL')
    expect(await ended).toEqual({ pid: first.pid, ending: { kind: 'killed', signal: 'SIGKILL' } })
    expect(processes.identify(child)).toBeNull()
    expect(readFileSync(path.join(town.dir, '.gt', 'worker.log'), 'utf8')).toContain('to-the-log')

    const second = await host.startWorker(spec)
    expect(second.pid).not.toBe(first.pid)
    await host.stopWorker(500)
    expect((await host.worker())?.ending).not.toBeNull()
  })
})

/** Voluntary context switches of the main thread: one for each time it was woken from waiting. */
function wakeups(pid: number): number {
  const status = readFileSync(`/proc/${pid}/task/${pid}/status`, 'utf8')
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1])
}
