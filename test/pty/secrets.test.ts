import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HostClient } from '../../src/pty/host-client.ts'
import { CANARIES, valueCanaries } from '../support/canaries.ts'
import { agent, endingOf, eventually, openTestTown, type TestTown } from './town.ts'

let town: TestTown
let host: HostClient

beforeAll(async () => {
  town = await openTestTown()
  host = await town.connect()
})
afterAll(() => town.close())

/** As they come out of a terminal: its line discipline writes line ends as two characters. */
const wanted = CANARIES.map((canary) => canary.replaceAll('\n', '\r\n'))
const hits = (text: string): string[] => wanted.filter((canary) => text.includes(canary))

describe('secrets', () => {
  test('[PTY-25] [P9] none of 200 canaries, cut at every byte, reaches recording, viewer, peek, screen or log', async () => {
    const file = path.join(town.dir, 'canaries.json')
    writeFileSync(file, JSON.stringify(CANARIES))
    const command = [process.execPath, agent('print-pieces.mjs'), file]
    const spec = town.spec('leaky', ['sh', '-c', 'read -r go; exec "$@"', 'sh', ...command])
    await host.start({ ...spec, secrets: valueCanaries() })
    const viewer = await town.connect({ client: 'viewer' })
    let shown = ''
    await viewer.attach('leaky', { watch: true, size: null, onOutput: (data) => (shown += data) })
    const looks: string[] = []
    await host.write('leaky', 'go\n')
    for (let over = false; !over; ) {
      const screen = await host.screen('leaky')
      looks.push(screen.lines.map(({ text }) => text).join('\n'), await host.peek('leaky', 1000))
      over = (await host.list()).some(({ id, ending }) => id === 'leaky' && ending !== null)
    }
    expect(town.recorded('leaky')).toContain('THE-END')
    expect(hits(town.recorded('leaky'))).toEqual([])
    expect(hits(readFileSync(spec.recording, 'utf8'))).toEqual([])
    expect(hits(shown)).toEqual([])
    expect(looks.flatMap((look) => hits(look.replaceAll('\n', '\r\n')))).toEqual([])
    rmCanaries(file)
    for (const name of readdirSync(path.join(town.dir, '.gt'))) {
      if (/\.(log|pid)$/.test(name))
        expect(hits(readFileSync(path.join(town.dir, '.gt', name), 'utf8'))).toEqual([])
    }
  }, 60_000)

  test('[PTY-25] [P9] a program that pauses in the middle of a secret gives away no secret', async () => {
    const file = path.join(town.dir, 'slow.json')
    const some = [CANARIES[3], CANARIES[60], CANARIES[75]] as string[]
    writeFileSync(file, JSON.stringify(some))
    await host.start({
      ...town.spec('slow', [process.execPath, agent('print-pieces.mjs'), file, '40']),
      secrets: valueCanaries(),
    })
    await endingOf(host, 'slow')
    expect(town.recorded('slow')).toContain('THE-END')
    expect(hits(town.recorded('slow'))).toEqual([])
    rmCanaries(file)
  }, 60_000)

  test('[PTY-25] the values of variables that name a secret are blotted out without being told', async () => {
    await host.start(
      town.spec('env-secret', ['env'], { SOME_API_KEY: 'made-up-and-long', EDITOR: 'made-up-editor' }),
    )
    await endingOf(host, 'env-secret')
    expect(town.recorded('env-secret')).toContain(`SOME_API_KEY=${'*'.repeat(16)}\r\n`)
    expect(town.recorded('env-secret')).toContain('EDITOR=made-up-editor')
  })

  test('[PTY-25] a prompt that could be the beginning of a secret is shown all the same', async () => {
    await host.start({
      ...town.spec('prompt', ['sh', '-c', 'printf "Enter the Q"; read -r go']),
      secrets: ['Qwerty-made-up'],
    })
    await eventually(async () => ((await host.peek('prompt', 1)) === 'Enter the Q' ? true : undefined))
    await host.stop('prompt', 100)
  })
})

function rmCanaries(file: string): void {
  writeFileSync(file, '')
}
