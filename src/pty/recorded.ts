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

/** The last lines; null when there is no such recording. */
export async function recordedLines(file: string, count: number): Promise<string | null> {
  const size = statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined) return null
  const header = await headerOf(file)
  const none = (): void => {}
  const screen = await Screen.open(header, { reply: none, titled: none, taken: none }, count)
  for await (const [, kind, data] of events(file, Math.max(0, size - TAIL_BYTES))) {
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

type Event = readonly [seconds: number, kind: string, data: string]

/** The events from a position on; a line that is cut, at either end, is left out. */
async function* events(file: string, start: number): AsyncGenerator<Event> {
  for await (const line of createInterface({ input: createReadStream(file, { start }) })) {
    const value = parsed(line)
    if (Array.isArray(value) && value.length === 3) yield value as unknown as Event
  }
}

async function headerOf(file: string): Promise<{ columns: number; rows: number }> {
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const { width = 80, height = 24 } = (parsed(line) ?? {}) as { width?: number; height?: number }
    return { columns: width, rows: height }
  }
  return { columns: 80, rows: 24 }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

function sizeFrom(data: string): { columns: number; rows: number } {
  const [columns = 80, rows = 24] = data.split('x').map(Number)
  return { columns, rows }
}
