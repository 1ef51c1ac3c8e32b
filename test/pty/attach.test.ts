import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HostClient } from '../../src/pty/host-client.ts'
import { viewerFilter } from '../../src/pty/viewer-filter.ts'
import { agent, endingOf, eventually, openTestTown, type TestTown } from './town.ts'

let town: TestTown
let host: HostClient

beforeAll(async () => {
  town = await openTestTown()
  host = await town.connect()
})
afterAll(() => town.close())

const CTRL_BACKSLASH = '\x1c'

/** Starts a person in a terminal of their own (the host keeps it too), attached to session `id`. */
async function attachPerson(
  id: string,
  how: 'write' | 'watch',
  size = { columns: 90, rows: 20 },
): Promise<string> {
  const person = `person at ${id} ${how} ${size.columns}`
  const command = [process.execPath, agent('attach.mjs'), town.dir, id, how]
  await host.start({ ...town.spec(person, command), ...size })
  return person
}

function seen(id: string, text: string): Promise<true> {
  return eventually(async () => ((await host.peek(id, 30)).includes(text) ? true : undefined))
}

describe('attach', () => {
  test('[PTY-19] shows the screen as it is, passes keys on, leaves with Ctrl-\\ and gives the terminal back', async () => {
    await host.start(town.spec('a', [process.execPath, agent('echo-lines.mjs')]))
    await seen('a', 'READY')
    const person = await attachPerson('a', 'write')
    await seen(person, 'READY')
    await host.write(person, 'hello\r')
    await seen(person, '[hello]')
    expect(await host.peek('a', 30)).toContain('[hello]')
    await host.write(person, CTRL_BACKSLASH)
    await endingOf(host, person)
    const output = town.recorded(person)
    expect(output).toContain('RESULT {"kind":"detached"} raw=false')
    expect(output.lastIndexOf('\x1b[?1049l')).toBeGreaterThan(output.lastIndexOf('\x1b[?1049h'))
    expect(output.lastIndexOf('\x1b[?25h')).toBeGreaterThan(output.lastIndexOf('\x1b[?25l'))
    expect((await host.list()).find(({ id }) => id === 'a')?.ending).toBeNull()
    await host.stop('a', 200)
  })

  test('[PTY-22] who attaches while a program is being started is shown all that it prints', async () => {
    let shown = ''
    const started = host.start(town.spec('at once', ['sh', '-c', 'echo first; read -r go']))
    const onOutput = (data: string): void => {
      shown += data
    }
    const attached = host.attach('at once', { watch: true, size: null, onOutput })
    expect(await attached).toMatchObject({ ending: null })
    await started
    await eventually(async () => (shown.includes('first') ? true : undefined))
    await host.stop('at once', 200)
    await expect(host.attach('never', { watch: true, size: null, onOutput })).rejects.toMatchObject({
      code: 'SESSION_UNKNOWN',
    })
  })

  test('[PTY-19] ends with the session and says how it ended', async () => {
    await host.start(town.spec('b', [process.execPath, agent('echo-lines.mjs')]))
    await seen('b', 'READY')
    const person = await attachPerson('b', 'write')
    await seen(person, 'READY')
    await host.write(person, 'bye\r')
    await endingOf(host, person)
    expect(town.recorded(person)).toContain(
      'RESULT {"kind":"ended","ending":{"kind":"exited","exitCode":0}} raw=false',
    )
  })

  test('[PTY-20] with watch nothing typed reaches the session, and Ctrl-\\ leaves', async () => {
    await host.start(town.spec('c', [process.execPath, agent('echo-lines.mjs')]))
    await seen('c', 'READY')
    const person = await attachPerson('c', 'watch', { columns: 70, rows: 15 })
    await seen(person, 'READY')
    await host.write(person, 'bye\r')
    await host.write('c', 'from-elsewhere\r')
    await seen(person, '[from-elsewhere]')
    await host.write(person, CTRL_BACKSLASH)
    expect(await endingOf(host, person)).toEqual({ kind: 'exited', exitCode: 0 })
    expect(await host.peek('c', 30)).not.toContain('bye')
    expect((await host.list()).find(({ id }) => id === 'c')?.ending).toBeNull()
    await host.stop('c', 200)
  })

  test('[PTY-20] with watch a smaller terminal shows the last lines cut at the edge, and says so; a larger one all of it', async () => {
    const rows = Array.from({ length: 29 }, (_, n) => `\\033[${n + 1};1H${n + 1}-${'w'.repeat(80)}-end`).join(
      '',
    )
    const script = `stty -echo; printf '${rows}\\033[30;1HREADY'; read -r go; printf '\\033[30;1HAGAIN'; read -r go`
    await host.start(town.spec('crop', ['sh', '-c', script]))
    await seen('crop', 'READY')
    const person = await attachPerson('crop', 'watch', { columns: 44, rows: 6 })
    await seen(person, 'cut: its screen is 100x30; Ctrl-\\ leaves')
    const shown = async () => (await host.screen(person)).lines.map(({ text }) => text)
    const row = (n: number) => `${n}-${'w'.repeat(41)}`
    const note = 'cut: its screen is 100x30; Ctrl-\\ leaves'
    expect(await shown()).toEqual([26, 27, 28, 29].map(row).concat(['READY', note]))
    await host.write('crop', '\n')
    await seen(person, 'AGAIN')
    expect(await shown()).toEqual([26, 27, 28, 29].map(row).concat(['AGAIN', note]))
    await host.resize(person, { columns: 110, rows: 32 })
    await seen(person, '-end')
    await eventually(async () => ((await shown())[0] === `1-${'w'.repeat(80)}-end` ? true : undefined))
    expect(await shown()).not.toContain(note)
    await host.write(person, CTRL_BACKSLASH)
    expect(await endingOf(host, person)).toEqual({ kind: 'exited', exitCode: 0 })
    await host.stop('crop', 200)
  })

  test('[PTY-20] a viewer that only watches can neither type nor resize, whatever its client sends', async () => {
    await host.start(town.spec('d', ['sh', '-c', 'read -r line']))
    const viewer = await town.connect({ client: 'viewer' })
    await expect(viewer.write('d', 'x\n')).rejects.toMatchObject({ code: 'HOST_REFUSED' })
    await viewer.attach('d', { watch: true, size: null, onOutput: () => {} })
    await expect(viewer.write('d', 'x\n')).rejects.toMatchObject({ code: 'HOST_REFUSED' })
    await expect(viewer.resize('d', { columns: 10, rows: 10 })).rejects.toMatchObject({
      code: 'HOST_REFUSED',
    })
    await host.stop('d', 200)
  })

  test('[PTY-21] gives the session the size of the person’s terminal, and its own back afterwards', async () => {
    const spec = town.spec('e', [
      'sh',
      '-c',
      'trap "stty size" WINCH; echo READY; while :; do sleep 0.02; done',
    ])
    await host.start(spec)
    await seen('e', 'READY')
    const person = await attachPerson('e', 'write', { columns: 77, rows: 22 })
    await seen('e', '22 77')
    await host.resize(person, { columns: 66, rows: 21 })
    await seen('e', '21 66')
    await host.write(person, CTRL_BACKSLASH)
    await endingOf(host, person)
    await seen('e', '30 100')
    await host.stop('e', 200)
  })

  test('[PTY-19] a kill -9 of the person’s client leaves the session alone; SIGTERM gives the terminal back', async () => {
    await host.start(town.spec('f', [process.execPath, agent('echo-lines.mjs')]))
    await seen('f', 'READY')
    const person = await attachPerson('f', 'write')
    await seen(person, 'READY')
    const pid = (await host.list()).find(({ id }) => id === person)?.pid ?? 0
    process.kill(pid, 'SIGTERM')
    expect(await endingOf(host, person)).toEqual({ kind: 'killed', signal: 'SIGTERM' })
    expect(town.recorded(person).trimEnd().endsWith('\x1b[?1049l')).toBe(true)
    const other = await attachPerson('f', 'watch')
    await seen(other, 'READY')
    process.kill((await host.list()).find(({ id }) => id === other)?.pid ?? 0, 'SIGKILL')
    await endingOf(host, other)
    await host.write('f', 'still there\r')
    await seen('f', '[still there]')
    await host.stop('f', 200)
  })

  test('[PTY-22] a viewer joining in the middle of a flood is shown the end of it, and no piece twice', async () => {
    await host.start(town.spec('g', ['sh', '-c', 'seq 1 200000; echo THE-END; sleep 600']))
    const viewer = await town.connect({ client: 'viewer' })
    let output = ''
    await viewer.attach('g', { watch: true, size: null, onOutput: (data) => (output += data) })
    await eventually(() => (output.includes('THE-END') ? true : undefined))
    const lines = output
      .slice(output.lastIndexOf('\x1b[2J'))
      .split('\r\n')
      .map(Number)
      .filter((n) => n > 0)
    expect(lines.at(-1)).toBe(200_000)
    const jumps = lines.filter((line, index) => index > 0 && line !== (lines[index - 1] ?? 0) + 1)
    expect(jumps).toEqual([])
    await host.stop('g', 200)
  })
})

describe('a viewer that does not read', () => {
  test('[PTY-22] holds up neither the session nor the host’s memory, and is shown the screen anew when it reads', async () => {
    await host.start(town.spec('h', ['sh', '-c', 'read -r go; seq 1 1000000; echo THE-END; sleep 600']))
    const key = readFileSync(path.join(town.dir, '.gt', 'host.key'), 'utf8').trim()
    const socket = connect(path.join(town.dir, '.gt', 'host.sock'))
    socket.write(`${JSON.stringify({ n: 1, op: 'hello', protocol: 1, key, client: 'viewer' })}\n`)
    socket.write(`${JSON.stringify({ n: 2, op: 'attach', id: 'h', watch: true, size: null })}\n`)
    await once(socket, 'data')
    socket.pause()
    await host.write('h', 'go\n')
    await seen('h', 'THE-END')
    let shown = ''
    socket.on('data', (data) => {
      shown += String(data)
    })
    socket.resume()
    await eventually(() => (shown.includes('THE-END') ? true : undefined))
    expect(shown.length).toBeLessThan(5_000_000)
    socket.destroy()
    await host.stop('h', 100)
  }, 30_000)
})

describe('what a viewer is shown', () => {
  test('[PTY-23] [P9] a hostile program sets no clipboard and no title of the person’s terminal, and asks it nothing', async () => {
    await host.start(town.spec('hostile', [agent('hostile-screen.sh')]))
    await seen('hostile', 'end')
    const viewer = await town.connect({ client: 'viewer' })
    let output = ''
    await viewer.attach('hostile', { watch: true, size: null, onOutput: (data) => (output += data) })
    await eventually(() => (output.includes('end') ? true : undefined))
    const escapes = output.split('\x1b').slice(1)
    expect(escapes.filter((rest) => /^([\]P_^X]|\[[>?0-9;]*[cnqt])/.test(rest))).toEqual([])
    expect(output.replaceAll('\x1b', '').replaceAll(/\s/g, '')).not.toMatch(/\p{Cc}/u)
    await host.stop('hostile', 200)
  })

  const drawing = [
    'plain \r\n',
    '\x1b[1;31mred\x1b[0m',
    '\x1b[2J\x1b[H',
    '\x1b[?25l',
    '\x1b7\x1b8',
    '\x1b(0',
    '\x1b[2 q',
    '€😀',
  ]
  const acting = [
    '\x1b]52;c;aGk=\x07',
    '\x1b]0;title\x1b\\',
    '\x1b]8;;http://evil\x1b\\',
    '\x1bP$qm\x1b\\',
    '\x1b_Gdata\x1b\\',
    '\x1b^x\x1b\\',
    '\x1b[c',
    '\x1b[>c',
    '\x1b[6n',
    '\x1b[?u',
    '\x1b[?2004$p',
    '\x1b[21t',
    '\x1b[5i',
    '\x1bZ',
    '\u009d52;c;aGk=\u009c',
    '\u009b6n',
    '\x05',
    '\x1b[>q',
  ]

  test('[PTY-23] drawing passes unchanged and acting is taken out, however the output is cut into pieces', () => {
    const input = acting.map((sequence, index) => `${drawing[index % drawing.length]}${sequence}`).join('')
    const wanted = acting.map((_, index) => drawing[index % drawing.length]).join('')
    expect(viewerFilter()(input)).toBe(wanted)
    for (const size of [1, 2, 3, 7]) {
      const filter = viewerFilter()
      const characters = [...input]
      let output = ''
      for (let from = 0; from < characters.length; from += size)
        output += filter(characters.slice(from, from + size).join(''))
      expect(output, `pieces of ${size}`).toBe(wanted)
    }
  })
})
