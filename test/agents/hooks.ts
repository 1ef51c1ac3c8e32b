// Hears the hooks of a program that a test started, and answers them.

import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Heard } from '../../src/events/hearing.ts'
import type { HookCall, HookMeaning, HookReply, Preset } from '../../src/ports/presets.ts'

export type Hooks = {
  /** The command line of one hook, for `launch`. */
  command(event: string): string
  readonly calls: readonly HookCall[]
  readonly heard: readonly Heard[]
  /** Says what a hook is answered; `none` by default. */
  answer(how: (call: HookCall, meaning: HookMeaning) => HookReply | Promise<HookReply>): void
  /** The first thing heard, after `from` others, that is meant. @throws with what was heard when it did not come. */
  hears(meant: (heard: Heard) => boolean, from?: number, ms?: number): Promise<Heard>
  /** The first call of a hook, whatever is heard in it. The hooks of one moment are processes beside each other. */
  isCalled(event: string): Promise<HookCall>
  close(): Promise<void>
}

/** Posts its standard input and waits for what to print: what the town's launcher does, in the simplest way. */
const POST = `
import { connect } from 'node:net'
import { stdin, stdout, argv } from 'node:process'
let input = ''
for await (const chunk of stdin) input += chunk
const socket = connect(argv[2])
socket.end(JSON.stringify({ event: argv[3], input: JSON.parse(input) }))
let said = ''
for await (const chunk of socket) said += chunk
const reply = JSON.parse(said)
stdout.write(reply.stdout, () => process.exit(reply.exitCode))
`

export async function openHooks(preset: Preset): Promise<Hooks> {
  const folder = mkdtempSync(join(tmpdir(), 'gth-'))
  const socketPath = join(folder, 's')
  const program = join(folder, 'post.mjs')
  writeFileSync(program, POST)
  const calls: HookCall[] = []
  const heard: Heard[] = []
  let waiting: (() => void)[] = []
  let answer: (call: HookCall, meaning: HookMeaning) => HookReply | Promise<HookReply> = () => ({
    kind: 'none',
  })
  const until = async <T>(look: () => T | undefined, ms: number): Promise<T> => {
    const end = performance.now() + ms
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      const left = end - performance.now()
      if (left <= 0) throw new Error(`Not heard in ${ms} ms; heard was: ${JSON.stringify(heard, null, 1)}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        waiting.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    socket.on('error', () => {})
    // Not by iteration, which would close the socket before it is answered.
    let said = ''
    socket.on('data', (chunk) => {
      said += String(chunk)
    })
    await once(socket, 'end')
    const call = JSON.parse(said) as HookCall
    const meaning = preset.hear(call)
    calls.push(call)
    heard.push(...meaning.heard)
    const told = waiting
    waiting = []
    for (const tell of told) tell()
    socket.end(JSON.stringify(preset.answer(call.event, await answer(call, meaning))))
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  return {
    command: (event) => `'${process.execPath}' '${program}' '${socketPath}' ${event}`,
    calls,
    heard,
    answer: (how) => {
      answer = how
    },
    hears: (meant, from = 0, ms = 20_000) => until(() => heard.slice(from).find(meant), ms),
    isCalled: (event) => until(() => calls.find((call) => call.event === event), 20_000),
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          rmSync(folder, { recursive: true, force: true })
          resolve()
        })
      }),
  }
}
