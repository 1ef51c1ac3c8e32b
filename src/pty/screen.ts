// What a person would see in a terminal: the output so far, put through a terminal emulator.
//
// Owns:   the emulated screen with 1,000 lines of history, and the terminal's answers to a program's questions.
// Always: after `freeze()` only text is left; the emulator and its memory are gone.

import type { SerializeAddon } from '@xterm/addon-serialize'
import type { Terminal } from '@xterm/headless'
import { printable } from './printable.ts'
import type { Size } from './protocol.ts'

const SCROLLBACK_LINES = 1000

export class Screen {
  readonly #terminal: Terminal
  readonly #serializer: SerializeAddon
  #frozen: { lines: readonly string[]; replay: string } | null = null

  /** `onReply` gets what a terminal sends back when a program asks it something. */
  static async open(size: Size, onReply: (data: string) => void): Promise<Screen> {
    const [{ default: headless }, { default: serialize }] = await Promise.all([
      import('@xterm/headless'),
      import('@xterm/addon-serialize'),
    ])
    const terminal = new headless.Terminal({
      cols: size.columns,
      rows: size.rows,
      scrollback: SCROLLBACK_LINES,
      allowProposedApi: true,
    })
    const serializer = new serialize.SerializeAddon()
    terminal.loadAddon(serializer)
    terminal.onData(onReply)
    return new Screen(terminal, serializer)
  }

  private constructor(terminal: Terminal, serializer: SerializeAddon) {
    this.#terminal = terminal
    this.#serializer = serializer
  }

  /** `shown` is called when the emulator has taken all of it in. */
  write(data: string, shown: () => void): void {
    if (this.#frozen === null) this.#terminal.write(data, shown)
    else shown()
  }

  resize(size: Size): void {
    if (this.#frozen === null) this.#terminal.resize(size.columns, size.rows)
  }

  /** The last lines that hold anything, harmless to print. */
  async lines(count: number): Promise<string> {
    await this.#settled()
    const lines = this.#frozen?.lines ?? readLines(this.#terminal)
    return lines.slice(-count).join('\n')
  }

  /** Calls back with what makes a cleared terminal look like this one, as of the output written so far. */
  replay(done: (data: string) => void): void {
    if (this.#frozen !== null) done(this.#frozen.replay)
    else this.#terminal.write('', () => done(this.#frozen?.replay ?? this.#serializer.serialize()))
  }

  async freeze(): Promise<void> {
    await this.#settled()
    if (this.#frozen !== null) return
    this.#frozen = { lines: readLines(this.#terminal), replay: this.#serializer.serialize() }
    this.#terminal.dispose()
  }

  #settled(): Promise<void> {
    if (this.#frozen !== null) return Promise.resolve()
    return new Promise((resolve) => this.#terminal.write('', resolve))
  }
}

function readLines(terminal: Terminal): string[] {
  const buffer = terminal.buffer.active
  const lines: string[] = []
  for (let row = 0; row < buffer.length; row++) {
    lines.push(printable(buffer.getLine(row)?.translateToString(true) ?? ''))
  }
  while (lines.at(-1) === '') lines.pop()
  return lines
}
