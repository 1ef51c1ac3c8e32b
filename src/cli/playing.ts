// Playing on a terminal: keys, the picture, and time.
//
// Owns:      the terminal while it plays; it is given back as it was, however that ends.
// Always:    what an agent showed or wrote is drawn as text; it acts on nobody's terminal.

import { stripVTControlCharacters } from 'node:util'
import { clock, cut } from './layout.ts'
import type { Output } from './output.ts'
import type { Cue, Found } from './play-cues.ts'
import { type Key, playOn, type Stage, timelineOf } from './playhead.ts'
import { timeText } from './recap-parts.ts'

/** Longest pause while nothing happens, ms. */
const IDLE_MS = 2_000
/** Lines of the feed under a screen. */
const FEED_LINES = 6

/** Everything at once, each with its time: for pipes, files and programs. */
export function playAll(out: Output, cues: readonly Cue[]): void {
  for (const cue of cues) {
    if (out.json) out.event(document(cue), () => '')
    else for (const text of texts(cue)) out.line(`${clock(new Date(cue.at).toISOString())}  ${text}`)
  }
}

const document = (cue: Cue): object =>
  cue.kind === 'feed'
    ? { kind: 'feed', ...cue.item }
    : {
        kind: 'screen',
        at: new Date(cue.at).toISOString(),
        session: cue.session,
        ...(cue.shown.kind === 'o' ? { data: cue.shown.data } : { [NAMES[cue.shown.kind]]: cue.shown.data }),
      }

const NAMES = { r: 'size', m: 'remark' } as const

function texts(cue: Cue): string[] {
  if (cue.kind === 'feed') return [`${cue.item.problem === true ? '! ' : ''}${cue.item.summary}`]
  if (cue.shown.kind === 'r') return []
  const name = cue.session.split('/sessions/')[0]?.split('/').at(-1) ?? cue.session
  return stripVTControlCharacters(cue.shown.data)
    .split(/[\r\n]+/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .map((line) => `${name} | ${line}`)
}

export type Terminal = {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly signal: AbortSignal
}

type Playing = Found & { readonly speed: number; readonly feed: boolean; readonly screen: boolean }

/** In step with time, on a terminal. */
export async function playInTime(terminal: Terminal, playing: Playing): Promise<void> {
  const { cues, speed } = playing
  const line = timelineOf(
    cues.map(({ at }) => at),
    { speed, idleMs: IDLE_MS },
  )
  const keys = createKeys(terminal)
  const picture = playing.screen ? await framed(terminal, playing) : scrolled(terminal, cues, line.cut)
  const stage: Stage = { now: () => performance.now(), next: keys.next, ...picture }
  try {
    await playOn(line, stage)
  } finally {
    keys.close()
    picture.end()
  }
}

/** Keys as they are pressed; one that comes while nobody waits is kept. */
function createKeys({ stdin, signal }: Terminal) {
  const pressed: Key[] = []
  let waiting: ((key: Key | null) => void) | undefined
  const give = (key: Key): void => {
    if (waiting === undefined) pressed.push(key)
    else waiting(key)
  }
  const typed = (data: Buffer): void => {
    for (const key of keysIn(data.toString())) give(key)
  }
  const stopped = (): void => give('leave')
  const raw = stdin.isTTY === true
  if (raw) stdin.setRawMode(true)
  stdin.on('data', typed).resume()
  signal.addEventListener('abort', stopped)
  return {
    next: (ms: number | null): Promise<Key | null> => {
      const [key] = pressed.splice(0, 1)
      if (key !== undefined) return Promise.resolve(key)
      return new Promise((resolve) => {
        const over = (answer: Key | null): void => {
          clearTimeout(timer)
          waiting = undefined
          resolve(answer)
        }
        const timer = ms === null ? undefined : setTimeout(over, ms, null)
        waiting = over
      })
    },
    close() {
      signal.removeEventListener('abort', stopped)
      stdin.off('data', typed).pause()
      if (raw) stdin.setRawMode(false)
    },
  }
}

const KEYS: Readonly<Record<string, Key>> = {
  ' ': 'pause',
  q: 'leave',
  '\x03': 'leave',
  '\x1b[C': 'forward',
  '\x1bOC': 'forward',
  '\x1b[D': 'back',
  '\x1bOD': 'back',
}

/** What was typed, as keys; others mean nothing. */
export const keysIn = (typed: string): Key[] =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: keys begin with these
  (typed.match(/\x1b[[O][A-Za-z]|[\s\S]/g) ?? []).map((key) => KEYS[key]).filter((key) => key !== undefined)

type Picture = Pick<Stage, 'show' | 'paused'> & { end(): void }

/** Sentences one below the other, as they come. */
function scrolled({ stdout }: Terminal, cues: readonly Cue[], cuts: readonly number[]): Picture {
  const write = (text: string): void => {
    stdout.write(`${cut(text, stdout.columns || 80)}\n`)
  }
  return {
    show(from, to, jumped) {
      const at = cues[Math.max(0, to - 1)]
      if (jumped && at !== undefined) write(`  (at ${clock(new Date(at.at).toISOString())})`)
      for (let n = from; n < to; n += 1) {
        const cue = cues[n] as Cue
        const gap = cuts[n] ?? 0
        if (gap > 0) write(`  (${timeText(gap)} in which nothing happened)`)
        for (const text of texts(cue)) write(`${clock(new Date(cue.at).toISOString())}  ${text}`)
      }
    },
    paused: (paused) => write(paused ? '  (paused; the space bar goes on)' : '  (goes on)'),
    end() {},
  }
}

/** An agent's screen as text, with the last sentences of the feed below it when they are wanted. */
async function framed({ stdout }: Terminal, { cues, size, feed }: Playing): Promise<Picture> {
  const { viewingScreen } = await (await import('../client/embedded.ts')).attach()
  let screen = await viewingScreen(size)
  let shown = 0
  let paused = false
  const draw = async (): Promise<void> => {
    const [columns, rows] = [stdout.columns || 80, stdout.rows || 24]
    const below = feed ? sentences(cues, shown) : []
    const room = Math.max(1, rows - 1 - (feed ? FEED_LINES + 1 : 0))
    const lines = (await screen.lines(room)).slice(-room)
    const at = cues[Math.max(0, shown - 1)]
    const time = at === undefined ? '' : clock(new Date(at.at).toISOString())
    const state = paused ? 'paused' : 'space pauses'
    const picture = [
      `── ${time}  ${state}, arrows jump, q leaves `.padEnd(columns, '─'),
      ...Array.from({ length: room }, (_, n) => lines[n] ?? ''),
      ...(feed ? ['─'.repeat(columns), ...below] : []),
    ]
    stdout.write(
      `\x1b[H${picture
        .slice(0, rows)
        .map((line) => `${cut(line, columns)}\x1b[K`)
        .join('\r\n')}\x1b[J`,
    )
  }
  // The other screen of the terminal: what was there comes back.
  stdout.write('\x1b[?1049h\x1b[?25l')
  return {
    async show(_from, to) {
      if (to < shown) {
        screen = await viewingScreen(size)
        shown = 0
      }
      for (; shown < to; shown += 1) {
        const cue = cues[shown]
        if (cue?.kind === 'screen') screen.take(cue.shown)
      }
      await draw()
    },
    paused(now) {
      paused = now
      void draw()
    },
    end: () => stdout.write('\x1b[?25h\x1b[?1049l'),
  }
}

function sentences(cues: readonly Cue[], shown: number): string[] {
  const found: string[] = []
  for (let n = shown - 1; n >= 0 && found.length < FEED_LINES; n -= 1) {
    const cue = cues[n] as Cue
    if (cue.kind === 'feed') found.unshift(`${clock(new Date(cue.at).toISOString())}  ${texts(cue)[0] ?? ''}`)
  }
  return found
}
