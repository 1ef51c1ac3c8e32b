// What a person would see in a terminal: the output so far, put through a terminal emulator.
//
// Owns:   the emulated screen with 500 lines of history, and the terminal's answers to a program's questions.
// Always: after `freeze()` only text is left; the emulator and its memory are gone.

import type { SerializeAddon } from '@xterm/addon-serialize'
import type { Terminal } from '@xterm/headless'
import type { ScreenLine, ScreenView } from '../ports/presets.ts'
import { printable } from './printable.ts'
import type { Size } from './protocol.ts'
import { feedScreen, type ScreenFeed } from './screen-feed.ts'

const SCROLLBACK_LINES = 500
/** A program may set a title of any length; a person's terminal shows some dozen characters. */
const TITLE_CHARS_MAX = 1000

type Emulator = {
  readonly terminal: Terminal
  readonly serializer: SerializeAddon
  readonly feed: ScreenFeed
  title: string
}
type Frozen = { readonly lines: readonly string[]; readonly replay: string; readonly view: ScreenView }

export type ScreenListeners = {
  /** Gets what a terminal sends back when a program asks it something. */
  readonly reply: (data: string) => void
  readonly titled: () => void
  /** Less waits to be taken in than before. */
  readonly taken: () => void
}

export class Screen {
  #now: Emulator | Frozen

  static async open(size: Size, on: ScreenListeners, historyLines = SCROLLBACK_LINES): Promise<Screen> {
    return new Screen(emulator(await loadEmulator(), size, on, historyLines))
  }

  /** Like `open`, at once, where the emulator was loaded before. */
  static with(parts: EmulatorParts, size: Size, on: ScreenListeners): Screen {
    return new Screen(emulator(parts, size, on, SCROLLBACK_LINES))
  }

  private constructor(now: Emulator) {
    this.#now = now
  }

  write(data: string): void {
    if ('terminal' in this.#now) this.#now.feed.write(data)
  }

  /** Characters that were written and not taken in. */
  get waiting(): number {
    return 'terminal' in this.#now ? this.#now.feed.waiting : 0
  }

  resize(size: Size): void {
    if (!('terminal' in this.#now)) return
    const { feed, terminal } = this.#now
    feed.settle(() => terminal.resize(size.columns, size.rows))
  }

  /** The last lines that hold anything, harmless to print. */
  async lines(count: number): Promise<string> {
    await this.#settled()
    const lines = 'terminal' in this.#now ? readLines(this.#now.terminal, count) : this.#now.lines
    return lines.slice(-count).join('\n')
  }

  /** What it shows now, or showed at the end. */
  async view(): Promise<ScreenView> {
    await this.#settled()
    return 'terminal' in this.#now ? readView(this.#now) : this.#now.view
  }

  /** Calls back with what makes a cleared terminal look like this one, as of the output written so far. */
  replay(done: (data: string) => void): void {
    this.#settle(() => {
      done('terminal' in this.#now ? this.#now.serializer.serialize() : this.#now.replay)
    })
  }

  async freeze(): Promise<void> {
    await this.#settled()
    if (!('terminal' in this.#now)) return
    const { terminal, serializer, feed } = this.#now
    feed.end()
    this.#now = {
      lines: readLines(terminal, Number.POSITIVE_INFINITY),
      replay: serializer.serialize(),
      view: readView(this.#now),
    }
    terminal.dispose()
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => this.#settle(resolve))
  }

  #settle(done: () => void): void {
    if ('terminal' in this.#now) this.#now.feed.settle(done)
    else done()
  }
}

/** The code of the emulator. It is loaded once, before it is needed. */
export type EmulatorParts = {
  readonly headless: typeof import('@xterm/headless')
  readonly serialize: typeof import('@xterm/addon-serialize')
}

export async function loadEmulator(): Promise<EmulatorParts> {
  const [{ default: headless }, { default: serialize }] = await Promise.all([
    import('@xterm/headless'),
    import('@xterm/addon-serialize'),
  ])
  return { headless, serialize }
}

type Blank = Pick<Emulator, 'terminal' | 'serializer'>

/** Making one takes as long as starting a program: one that nobody has written to is kept for the next. */
let spare: Blank | undefined
/** When nobody waits for a start any more, ms. */
const SPARE_AFTER_MS = 250

function blank(parts: EmulatorParts, size: Size): Blank {
  const kept = spare
  spare = undefined
  setTimeout(() => {
    spare ??= newBlank(parts, size)
  }, SPARE_AFTER_MS).unref()
  if (kept === undefined) return newBlank(parts, size)
  kept.terminal.resize(size.columns, size.rows)
  return kept
}

function newBlank({ headless, serialize }: EmulatorParts, { columns, rows }: Size): Blank {
  const terminal = new headless.Terminal({ cols: columns, rows, allowProposedApi: true })
  const serializer = new serialize.SerializeAddon()
  terminal.loadAddon(serializer)
  return { terminal, serializer }
}

function emulator(parts: EmulatorParts, size: Size, on: ScreenListeners, historyLines: number): Emulator {
  const { terminal, serializer } = blank(parts, size)
  terminal.options.scrollback = historyLines
  terminal.onData((data) => {
    if (data !== '') on.reply(data)
  })
  const feed = feedScreen(terminal, historyLines, on.taken)
  const made = { terminal, serializer, feed, title: '' }
  terminal.onTitleChange((title) => {
    if (title === made.title) return
    made.title = title
    on.titled()
  })
  return made
}

/** The last lines, at most `count`, without empty ones below and without the blanks that a program paints to the edge. */
function readLines(terminal: Terminal, count: number): string[] {
  const buffer = terminal.buffer.active
  const lines: string[] = []
  for (let row = buffer.length - 1; row >= 0 && lines.length < count; row--) {
    const text = buffer.getLine(row)?.translateToString(true).trimEnd() ?? ''
    if (lines.length > 0 || text !== '') lines.push(printable(text))
  }
  return lines.reverse()
}

/** The rows of the screen itself, without history. */
function readView({ terminal, title }: Emulator): ScreenView {
  const buffer = terminal.buffer.active
  const cell = buffer.getNullCell()
  const lines = Array.from({ length: terminal.rows }, (_, row): ScreenLine => {
    const line = buffer.getLine(buffer.baseY + row)
    let text = ''
    let typed = ''
    for (let column = 0; column < terminal.cols; column++) {
      const found = line?.getCell(column, cell)
      // The second half of a wide character.
      if (found === undefined || found.getWidth() === 0) continue
      const characters = found.getChars() || ' '
      text += characters
      typed += found.isDim() === 0 ? characters : ' '.repeat(characters.length)
    }
    return { text: printable(text.trimEnd()), typed: printable(typed.trimEnd()) }
  })
  return {
    columns: terminal.cols,
    rows: terminal.rows,
    lines,
    cursor: { column: buffer.cursorX, row: buffer.cursorY },
    title: printable(title.slice(0, TITLE_CHARS_MAX)),
  }
}
