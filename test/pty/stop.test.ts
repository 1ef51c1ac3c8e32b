import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HostClient } from '../../src/pty/host-client.ts'
import { processes, survivors } from '../../src/pty/processes.ts'
import { agent, endingOf, eventually, openTestTown, type TestTown } from './town.ts'

let town: TestTown
let host: HostClient

beforeAll(async () => {
  town = await openTestTown()
  host = await town.connect()
})
afterAll(() => town.close())

async function startStubborn(id: string): Promise<number[]> {
  await host.start(town.spec(id, [agent('stubborn.sh')]))
  return eventually(() => {
    const pids = survivors(town.id, id)
    const names = pids.map(commandLine)
    // A shell that is to become one has its name among its words.
    const all = [640, 641, 642, 643, 644, 645, 646].every((n) =>
      names.some((name) => name.startsWith(`sleep ${n}`)),
    )
    return all ? pids : undefined
  })
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

describe('stop', () => {
  // `npm run supervisor` has it end hundreds.
  const TREES = Number(process.env.TREES ?? 1)
  test(
    '[PTY-10] leaves nothing of a tree with nohup, setsid, orphans and ignored signals',
    async () => {
      for (let n = 1; n <= TREES; n += 1) {
        const id = `stubborn-${n}`
        const pids = await startStubborn(id)
        expect(pids.length).toBeGreaterThanOrEqual(9)
        await host.stop(id, 200)
        expect(survivors(town.id, id)).toEqual([])
        expect(pids.filter((pid) => commandLine(pid).startsWith('sleep 64'))).toEqual([])
        expect(await endingOf(host, id)).toEqual({ kind: 'killed', signal: 'SIGKILL' })
        await host.forget(id)
      }
    },
    30_000 * TREES,
  )

  test('[PTY-10] asks before it kills: a program that ends by itself on SIGTERM is let', async () => {
    await host.start(
      town.spec('polite', [
        'sh',
        '-c',
        'trap "" HUP; trap "echo BYE; exit 3" TERM; echo READY; while :; do sleep 0.02; done',
      ]),
    )
    await eventually(async () => ((await host.peek('polite', 5)).includes('READY') ? true : undefined))
    const from = performance.now()
    await host.stop('polite', 5000)
    expect(performance.now() - from).toBeLessThan(2000)
    expect(await endingOf(host, 'polite')).toEqual({ kind: 'exited', exitCode: 3 })
    expect(town.recorded('polite')).toContain('BYE')
  })

  test('[PTY-10] also ends members of the terminal session that dropped the marker', async () => {
    await host.start(
      town.spec('unmarked', [
        'sh',
        '-c',
        'env -i sh -c "trap \\"\\" HUP TERM; while :; do /bin/sleep 651; done" & echo $!; wait',
      ]),
    )
    const child = await eventually(async () => {
      const pid = Number((await host.peek('unmarked', 1)).trim())
      // What was begun to become it has the marker still.
      return pid > 0 && commandLine(pid).startsWith('sh -c trap') ? pid : undefined
    })
    expect(survivors(town.id, 'unmarked')).not.toContain(child)
    await host.stop('unmarked', 100)
    expect(processes.identify(child)).toBeNull()
  })

  test('[PTY-10] is safe to call twice, at once, and for an id that nobody knows', async () => {
    await host.start(town.spec('again', ['sleep', '600']))
    await Promise.all([host.stop('again', 1000), host.stop('again', 1000)])
    await host.stop('again', 1000)
    await host.stop('never was', 1000)
  })

  test('[PTY-11] touches no process of another session or of another town', async () => {
    await host.start(town.spec('neighbour', ['sleep', '600']))
    await host.start(town.spec('neighbour/2', ['sleep', '600']))
    const stranger = spawn('sleep', ['600'], { env: { GT_TOWN_ID: 'elsewhere', GT_SESSION: 'neighbour' } })
    await host.stop('neighbour', 500)
    expect(processes.identify(stranger.pid ?? 0)).not.toBeNull()
    stranger.kill('SIGKILL')
    const left = (await host.list()).find((session) => session.id === 'neighbour/2')
    expect(left?.ending).toBeNull()
  })
})

describe('a host that is killed', () => {
  test('[PTY-12] takes its sessions with it, and the next host ends by their marker those that ignore the hang-up', async () => {
    const other = await openTestTown()
    try {
      const first = await other.connect()
      await first.start(other.spec('plain', ['sleep', '600']))
      await first.start(
        other.spec('deaf', ['sh', '-c', 'trap "" HUP; echo READY; while :; do sleep 600; done']),
      )
      await eventually(async () => ((await first.peek('deaf', 5)).includes('READY') ? true : undefined))
      process.kill(other.hostPid, 'SIGKILL')
      await eventually(() => (survivors(other.id, 'plain').length === 0 ? true : undefined))
      expect(survivors(other.id, 'deaf').length).toBeGreaterThan(0)

      await other.restartHost()
      const second = await other.connect()
      expect(await second.list()).toEqual([])
      await second.stop('deaf', 100)
      expect(survivors(other.id, 'deaf')).toEqual([])
    } finally {
      await other.close()
    }
  })
})
