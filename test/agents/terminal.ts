// A program in a real pseudo-terminal, and the screen it shows, without host or daemon.

import type { Preset, ScreenReading, ScreenView } from '../../src/ports/presets.ts'
import { processes } from '../../src/pty/processes.ts'
import { openPseudoTerminal } from '../../src/pty/pseudo-terminal.ts'
import { Screen } from '../../src/pty/screen.ts'

export type AgentTerminal = {
  readonly pid: number
  view(): Promise<ScreenView>
  /** Rows without trailing blank ones. */
  text(): Promise<string>
  read(): Promise<ScreenReading>
  /** The first reading that is meant; looks again at each output. @throws with the screen when none came in time. */
  shows(meant: (reading: ScreenReading, text: string) => boolean, ms?: number): Promise<ScreenReading>
  write(data: string): void
  /** As a nudge is typed: a bracketed paste, its echo, and then the Enter alone. */
  type(line: string): Promise<void>
  signal(name: NodeJS.Signals): void
  readonly ended: Promise<Ending>
  /** Ends it, if need be by force. */
  close(): Promise<void>
}

type Ending = { readonly exitCode: number; readonly signal: string | null }

export async function openTerminal(
  preset: Preset,
  spec: {
    readonly command: readonly string[]
    readonly cwd: string
    readonly env: Readonly<Record<string, string>>
  },
): Promise<AgentTerminal> {
  const size = { columns: 120, rows: 40 }
  const [file = '', ...args] = spec.command
  let printed: (() => void)[] = []
  let ending: Ending | null = null
  const wake = () => {
    const told = printed
    printed = []
    for (const tell of told) tell()
  }
  const screen = await Screen.open(size, { reply: (data) => pty.write(data), titled: wake, taken: wake })
  const decoder = new TextDecoder()
  let end: (ending: Ending) => void = () => {}
  const ended = new Promise<Ending>((resolve) => {
    end = resolve
  })
  const pty = openPseudoTerminal({
    file,
    args,
    cwd: spec.cwd,
    env: spec.env,
    ...size,
    onOutput: (bytes) => screen.write(decoder.decode(bytes, { stream: true })),
    onExit: (exitCode, signal) => {
      ending = { exitCode, signal }
      end(ending)
      wake()
    },
  })
  const identity = processes.identify(pty.pid)

  const view = () => screen.view()
  const text = async () => textOf(await view())
  const shows: AgentTerminal['shows'] = async (meant, ms = 20_000) => {
    const until = performance.now() + ms
    for (;;) {
      const seen = await view()
      const reading = preset.read(seen)
      if (meant(reading, textOf(seen))) return reading
      const left = until - performance.now()
      if (left <= 0 || ending !== null)
        throw new Error(
          `${ending === null ? `Not shown in ${ms} ms` : `It ended (${JSON.stringify(ending)})`}: ` +
            `${JSON.stringify(reading)}\n${textOf(seen)}`,
        )
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        printed.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }
  const signal = (name: NodeJS.Signals) => {
    if (ending !== null || identity === null) return
    if (processes.identify(pty.pid)?.start === identity.start) process.kill(pty.pid, name)
  }
  return {
    pid: pty.pid,
    view,
    text,
    read: async () => preset.read(await view()),
    shows,
    write: (data) => {
      pty.write(data)
    },
    async type(line) {
      pty.write(`\x1b[200~${line}\x1b[201~`)
      await shows((reading) => (reading.composer ?? '') !== '')
      pty.write(preset.keys.submit)
    },
    signal,
    ended,
    async close() {
      signal('SIGTERM')
      const timer = setTimeout(() => signal('SIGKILL'), 5_000)
      await ended
      clearTimeout(timer)
    },
  }
}

const textOf = ({ lines }: ScreenView): string =>
  lines
    .map((line) => line.text)
    .join('\n')
    .trimEnd()
