// What a recording holds: its last lines as a person would see them, and the whole of it played in a terminal.
//
// Always: what is shown has passed the viewer filter or `printable`; a recording acts on nobody's terminal.

import { createReadStream, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { printable } from './printable.ts'
import { STOPPED } from './recording.ts'
import { Screen } from './screen.ts'
import { viewerFilter } from './viewer-filter.ts'

/** Bytes from the end of a recording that are looked at for its last lines. */
const TAIL_BYTES = 8 * 1024 * 1024

/** A marker is at the end, and short. */
const MARKER_BYTES = 1024

/** The last lines, as of `until` (ms since the epoch) when it is given; null when there is no such recording, or was not yet. */
export async function recordedLines(
  file: string,
  count: number,
  until: number | null = null,
): Promise<string | null> {
  const size = statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined) return null
  const header = await headerOf(file)
  const seconds = until === null ? Number.POSITIVE_INFINITY : until / 1_000 - header.timestamp
  if (seconds < 0) return null
  const none = (): void => {}
  const screen = await Screen.open(header, { reply: none, titled: none, taken: none }, count)
  // Where a moment lies in the file is not known before.
  const start = until === null ? Math.max(0, size - TAIL_BYTES) : 0
  for await (const [at, kind, data] of events(file, start)) {
    if (at > seconds) break
    if (kind === 'o') screen.write(data)
    else if (kind === 'r') screen.resize(sizeFrom(data))
  }
  return screen.lines(count)
}

/** Why a recording could not be written to its end; null when nothing hindered it. */
export async function stoppedBecause(file: string): Promise<string | null> {
  const size = statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined) return null
  let why: string | null = null
  for await (const [, kind, data] of events(file, Math.max(0, size - MARKER_BYTES)))
    why = kind === 'm' && data.startsWith(`${STOPPED}: `) ? data.slice(STOPPED.length + 2) : null
  return why
}

export type PlayOptions = {
  /** 2 plays twice as fast. */
  readonly speed: number
  /** Longest pause, s. */
  readonly idleLimit: number
  readonly output: { write(data: string): unknown }
  readonly signal: AbortSignal
}

/** Plays a recording. Answers false when there is none. */
export async function playRecording(file: string, options: PlayOptions): Promise<boolean> {
  const { speed, idleLimit, output, signal } = options
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return false
  const filter = viewerFilter()
  let before = 0
  for await (const [seconds, kind, data] of events(file, 0)) {
    const pause = Math.min(seconds - before, idleLimit) / speed
    before = seconds
    if (pause > 0.001) await sleep(pause * 1000, undefined, { signal }).catch(() => {})
    if (signal.aborted) break
    if (kind === 'o') output.write(filter(data))
    else if (kind === 'm') output.write(`\r\n[${printable(data)}]\r\n`)
  }
  return true
}

export type Recorded = {
  /** ms since the epoch. */
  readonly at: number
  /** `o`: output. `r`: a new size, `80x24`. `m`: a remark. */
  readonly kind: 'o' | 'r' | 'm'
  readonly data: string
}

/** Output that comes closer together than this is one, ms. */
const TOGETHER_MS = 50

/** All that a recording holds, with the size it begins with, by the clock on the wall. Null when there is none. */
export async function recordedEvents(
  file: string,
): Promise<{ readonly columns: number; readonly rows: number; readonly events: Recorded[] } | null> {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return null
  const { timestamp, ...size } = await headerOf(file)
  const found: Recorded[] = []
  for await (const [seconds, kind, data] of events(file, 0)) {
    if (kind !== 'o' && kind !== 'r' && kind !== 'm') continue
    const at = timestamp * 1_000 + seconds * 1_000
    const last = found.at(-1)
    if (last?.kind === 'o' && kind === 'o' && at - last.at < TOGETHER_MS)
      found[found.length - 1] = { ...last, data: last.data + data }
    else found.push({ at, kind, data })
  }
  return { ...size, events: found }
}

type Event = readonly [seconds: number, kind: string, data: string]

/** The events from a position on; a line that is cut, at either end, is left out. */
async function* events(file: string, start: number): AsyncGenerator<Event> {
  for await (const line of createInterface({ input: createReadStream(file, { start }) })) {
    const value = parsed(line)
    if (Array.isArray(value) && value.length === 3) yield value as unknown as Event
  }
}

type Header = { readonly width?: number; readonly height?: number; readonly timestamp?: number }

async function headerOf(file: string): Promise<{ columns: number; rows: number; timestamp: number }> {
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const { width = 80, height = 24, timestamp = 0 } = (parsed(line) ?? {}) as Header
    return { columns: width, rows: height, timestamp }
  }
  return { columns: 80, rows: 24, timestamp: 0 }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

/** A screen on which a recording is shown: lines of text, harmless to print. */
export async function viewingScreen({
  columns,
  rows,
}: {
  readonly columns: number
  readonly rows: number
}): Promise<{
  take(event: Recorded): void
  lines(count: number): Promise<string[]>
}> {
  const none = (): void => {}
  const screen = await Screen.open({ columns, rows }, { reply: none, titled: none, taken: none }, rows)
  return {
    take({ kind, data }) {
      if (kind === 'o') screen.write(data)
      else if (kind === 'r') screen.resize(sizeFrom(data))
      else screen.write(`\r\n[${printable(data)}]\r\n`)
    },
    lines: async (count) => (await screen.lines(count)).split('\n'),
  }
}

function sizeFrom(data: string): { columns: number; rows: number } {
  const [columns = 80, rows = 24] = data.split('x').map(Number)
  return { columns, rows }
}
