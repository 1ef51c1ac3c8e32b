import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HostClient } from '../../src/pty/host-client.ts'
import { endingOf, openTestTown, type TestTown } from './town.ts'

let town: TestTown
let host: HostClient

beforeAll(async () => {
  town = await openTestTown()
  host = await town.connect()
})
afterAll(() => town.close())

describe('a session', () => {
  test('[PTY-4] ends with the exit code of its program', async () => {
    await host.start(town.spec('exit-7', ['sh', '-c', 'exit 7']))
    expect(await endingOf(host, 'exit-7')).toEqual({ kind: 'exited', exitCode: 7 })
  })

  test('[PTY-4] that is killed ends with the name of the signal', async () => {
    const { pid } = await host.start(town.spec('killed', ['sleep', '600']))
    process.kill(pid, 'SIGKILL')
    expect(await endingOf(host, 'killed')).toEqual({ kind: 'killed', signal: 'SIGKILL' })
  })

  test('[PTY-2] of an id that exists is not started again, running or ended', async () => {
    const spec = town.spec('twice', ['sleep', '600'])
    const [first, second] = await Promise.all([host.start(spec), host.start(spec)])
    expect(second.pid).toBe(first.pid)
    await host.stop('twice', 500)
    const third = await host.start(spec)
    expect(third.pid).toBe(first.pid)
    expect(third.ending).not.toBeNull()
  })

  test.each([
    [
      'a program that is not on PATH',
      ['no-such-program'],
      /^The program no-such-program was not found on PATH \(.*\)\.$/,
    ],
    [
      'a file that cannot be executed',
      ['/etc/passwd'],
      /^The program \/etc\/passwd is not an executable file\.$/,
    ],
    ['a file that is not there', ['/no/such/file'], /^The program \S+ is not an executable file\.$/],
  ])(
    '[PTY-3] %s is refused with NOT_STARTED and leaves nothing in the list',
    async (name, command, reason) => {
      const start = host.start(town.spec(`refused ${name}`, command))
      await expect(start).rejects.toMatchObject({
        code: 'NOT_STARTED',
        message: expect.stringMatching(reason),
      })
      expect((await host.list()).map((session) => session.id)).not.toContain(`refused ${name}`)
    },
  )
})
