import { execFile } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HostClient } from '../../src/pty/host-client.ts'
import { openRecording } from '../../src/pty/recording.ts'
import { agent, endingOf, eventually, openTestTown, readCast, type TestTown } from './town.ts'

let town: TestTown
let host: HostClient

beforeAll(async () => {
  town = await openTestTown()
  host = await town.connect()
})
afterAll(() => town.close())

describe('output', () => {
  // 2.4 KB is read at once, 11 KB is where node-pty alone loses most, 129 KB is more than the kernel holds.
  test.each([
    ['2.4 KB', 500, 20],
    ['11 KB', 2000, 60],
    ['129 KB', 20_000, 40],
  ])(
    '[PTY-5] of %s printed right before the exit is in the recording, every byte, 8 at a time',
    async (size, lines, runs) => {
      const wanted = `${Array.from({ length: lines }, (_, line) => line + 1).join('\r\n')}\r\nTHE-END\r\n`
      const waiting = Array.from({ length: runs }, (_, run) => `last output ${size} ${run}`)
      const lost: string[] = []
      const one = async (): Promise<void> => {
        for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
          await host.start(town.spec(id, ['sh', '-c', `seq 1 ${lines}; echo THE-END`]))
          await endingOf(host, id)
          if (town.recorded(id) !== wanted) lost.push(id)
          await host.forget(id)
        }
      }
      await Promise.all(Array.from({ length: 8 }, one))
      expect(lost).toEqual([])
    },
    60_000,
  )

  test('[PTY-5] is handed on whole when the end of a program is told so late that node-pty closes the terminal', async () => {
    const script = fileURLToPath(new URL('support/late-exit.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [script])
    expect(stdout).toBe('10902 THE-END\n')
  })

  test('[PTY-5] of 4 MB makes the program wait, not the memory grow, and none of it is lost', async () => {
    await host.start(town.spec('flood', ['sh', '-c', 'seq 1 600000; echo THE-END']))
    await endingOf(host, 'flood')
    const output = town.recorded('flood')
    expect(output.endsWith('599999\r\n600000\r\nTHE-END\r\n')).toBe(true)
    expect(output.length).toBe(600_000 * 2 + 4_088_895 - 600_000 + 'THE-END\r\n'.length)
  }, 30_000)

  test('[PTY-5] of characters of several bytes survives being read in pieces', async () => {
    await host.start(
      town.spec('pieces', [
        'sh',
        '-c',
        "printf '\\342'; sleep 0.05; printf '\\202\\254 \\360\\237'; sleep 0.05; printf '\\230\\200'",
      ]),
    )
    await endingOf(host, 'pieces')
    expect(town.recorded('pieces')).toBe('€ 😀')
  })
})

describe('a recording', () => {
  test('[PTY-7] is an asciicast v2 file that only its owner can read', async () => {
    const spec = town.spec('cast', ['sh', '-c', 'echo one; read -r go; echo two'])
    await host.start(spec)
    await eventually(async () => ((await host.peek('cast', 5)).includes('one') ? true : undefined))
    await new Promise((resolve) => setTimeout(resolve, 100))
    await host.write('cast', '\n')
    await endingOf(host, 'cast')
    const { header, events } = readCast(spec.recording)
    expect(header).toMatchObject({ version: 2, width: 100, height: 30 })
    const times = events.map(([seconds]) => seconds)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(events.every(([, kind, data]) => kind === 'o' && typeof data === 'string')).toBe(true)
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(0.05)
    expect(statSync(spec.recording).mode & 0o777).toBe(0o600)
  })

  test('[PTY-7] ends with a marker when it has reached its size, and the session goes on', () => {
    const file = path.join(town.dir, 'bounded.cast')
    const recording = openRecording(file, {
      columns: 80,
      rows: 24,
      term: 'xterm',
      startedAt: 0,
      bytesMax: 1000,
    })
    for (let line = 0; line < 1000; line++) recording.output(`line ${line}\r\n`)
    recording.close()
    const { events } = readCast(file)
    expect(events.at(-1)?.[1]).toBe('m')
    expect(events.at(-1)?.[2]).toContain('recording stopped')
    expect(statSync(file).size).toBeLessThan(1200)
  })

  test('[PTY-7] holds nothing that was typed and not shown', async () => {
    await host.start(town.spec('secret', ['sh', '-c', 'stty -echo; echo READY; read -r word; echo done']))
    await eventually(async () => ((await host.peek('secret', 5)).includes('READY') ? true : undefined))
    await host.write('secret', 'hunter2\n')
    await endingOf(host, 'secret')
    expect(town.recorded('secret')).not.toContain('hunter2')
    expect(town.recorded('secret')).toContain('done')
  })
})

describe('peek', () => {
  test('[PTY-8] shows the last lines as a person sees them, while it runs and after the end', async () => {
    await host.start(
      town.spec('peek', ['sh', '-c', "printf 'first\\nsecond\\nwrong\\rright\\n'; read -r go"]),
    )
    const seen = await eventually(async () => {
      const text = await host.peek('peek', 2)
      return text.includes('right') ? text : undefined
    })
    expect(seen).toBe('second\nright')
    await host.stop('peek', 200)
    expect(await host.peek('peek', 3)).toBe('first\nsecond\nright')
  })

  test('[PTY-8] leaves out the blanks with which a program fills its rows', async () => {
    await host.start(
      town.spec('blanks', ['sh', '-c', "printf 'one   \\r\\n  two%60s\\r\\n%80s' '' ''; read -r go"]),
    )
    const seen = await eventually(async () => {
      const text = await host.peek('blanks', 5)
      return text.includes('two') ? text : undefined
    })
    expect(seen).toBe('one\n  two')
    await host.stop('blanks', 200)
  })

  test('[PTY-8] neutralises control characters of a hostile program', async () => {
    await host.start(town.spec('hostile', [agent('hostile-screen.sh')]))
    const text = await eventually(async () => {
      const seen = await host.peek('hostile', 10)
      return seen.includes('end') ? seen : undefined
    })
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(text).toContain('bidi\\u202etxt')
    await host.stop('hostile', 200)
  })

  test('[PTY-8] of a session nobody knows is refused with SESSION_UNKNOWN', async () => {
    await expect(host.peek('nobody', 5)).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' })
  })
})

describe('input', () => {
  test('[PTY-9] of 200,000 bytes arrives whole at a program that starts to read late, and costs no core', async () => {
    await host.start(town.spec('paste', [process.execPath, agent('raw-count.mjs'), '200000', '400']))
    await eventually(async () => ((await host.peek('paste', 5)).includes('READY') ? true : undefined))
    const before = cpuTicks(town.hostPid)
    await host.write('paste', 'abcdefghij'.repeat(20_000))
    await endingOf(host, 'paste')
    expect(town.recorded('paste')).toContain('GOT 200000 ')
    // 100 ticks are a second. A busy retry would use all of the 400 ms.
    expect(cpuTicks(town.hostPid) - before).toBeLessThan(25)
  })

  test('[PTY-9] to a program that ended is refused, and nothing of a queue is written after the end', async () => {
    const { pid } = await host.start(town.spec('deaf', ['sh', '-c', 'stty raw -echo; echo READY; sleep 600']))
    await eventually(async () => ((await host.peek('deaf', 5)).includes('READY') ? true : undefined))
    await host.write('deaf', 'x'.repeat(500_000))
    process.kill(pid, 'SIGKILL')
    await endingOf(host, 'deaf')
    await expect(host.write('deaf', 'y')).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
    await host.stop('deaf', 0)
  })

  test('[PTY-9] never gets into a file that has the descriptor of a terminal that is gone, also when its end is told late', async () => {
    const script = fileURLToPath(new URL('support/reused-descriptor.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [script])
    expect(stdout).toBe('taken, strayed 0, false\n')
  })

  test('[PTY-9] waits for a program that does not read without using a core', async () => {
    await host.start(town.spec('idle', ['sh', '-c', 'stty raw -echo; echo READY; sleep 600']))
    await eventually(async () => ((await host.peek('idle', 5)).includes('READY') ? true : undefined))
    await host.write('idle', 'x'.repeat(500_000))
    const before = cpuTicks(town.hostPid)
    const from = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    // A tick is 10 ms. A retry without pause uses three quarters of a core.
    const core = ((cpuTicks(town.hostPid) - before) * 10) / (performance.now() - from)
    expect(core).toBeLessThan(0.1)
    await host.stop('idle', 100)
  })

  test('[PTY-9] a line above 4,095 bytes is cut by the kernel for a program that reads lines, and is whole for one that reads keys', async () => {
    const counts = 'echo READY; head -n 1 | wc -c; sleep 600'
    await host.start(town.spec('cooked', ['sh', '-c', `stty -echo; ${counts}`]))
    await host.start(town.spec('raw', ['sh', '-c', `stty raw -echo; ${counts}`]))
    for (const id of ['cooked', 'raw']) {
      await eventually(async () => ((await host.peek(id, 5)).includes('READY') ? true : undefined))
      await host.write(id, `${'x'.repeat(5000)}\n`)
    }
    await eventually(async () => ((await host.peek('cooked', 5)).includes('4096') ? true : undefined))
    await eventually(async () => ((await host.peek('raw', 5)).includes('5001') ? true : undefined))
    for (const id of ['cooked', 'raw']) await host.stop(id, 100)
  })

  test('[PTY-9] beyond 1 MB that nobody reads is refused', async () => {
    await host.start(town.spec('full', ['sh', '-c', 'stty raw -echo; echo READY; sleep 600']))
    await eventually(async () => ((await host.peek('full', 5)).includes('READY') ? true : undefined))
    await host.write('full', 'x'.repeat(900_000))
    await expect(host.write('full', 'x'.repeat(900_000))).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
    await host.stop('full', 100)
  })
})

function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
