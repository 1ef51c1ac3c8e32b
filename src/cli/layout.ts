// Text on a terminal of 80 columns: tables, cuts, times.

import { safeLine } from './sanitize.ts'

export const COLUMNS = 80

/** Cells wide; wide East Asian letters and emoji count two, combining marks none. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) {
    if (/\p{Mn}|\p{Me}|\u200d|\ufe0f/u.test(character)) continue
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 2
        : 1
  }
  return width
}

/** At most `max` cells, with an ellipsis where something was cut. */
export function cut(text: string, max: number): string {
  const line = safeLine(text)
  if (widthOf(line) <= max) return line
  let kept = ''
  let width = 0
  for (const character of line) {
    width += widthOf(character)
    if (width > max - 1) break
    kept += character
  }
  return `${kept.trimEnd()}…`
}

const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)))

/**
 * Rows in columns, two blanks apart. The column `wide` takes what is left of the width and is cut to it; the others
 * are as wide as they need. A heading of empty texts is left out.
 */
export function table(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  { wide = heading.length - 1, columns = COLUMNS }: { wide?: number; columns?: number } = {},
): string[] {
  const all = heading.some((text) => text !== '') ? [heading, ...rows] : rows
  const widths = heading.map((_, n) => Math.max(0, ...all.map((row) => widthOf(safeLine(row[n] ?? '')))))
  const others = widths.reduce((sum, width, n) => (n === wide ? sum : sum + width + 2), 0)
  const room = Math.max(8, columns - others)
  widths[wide] = Math.min(widths[wide] ?? 0, room)
  // Many wide columns: the widest of the others give way.
  for (let over = sum(widths) - columns; over > 0; over = sum(widths) - columns) {
    const widest = widths.indexOf(Math.max(...widths))
    if ((widths[widest] ?? 0) <= 6) break
    widths[widest] = Math.max(6, (widths[widest] ?? 0) - over)
  }
  return all.map((row) =>
    heading
      .map((_, n) => padded(cut(row[n] ?? '', widths[n] ?? 0), widths[n] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

const sum = (widths: readonly number[]): number => widths.reduce((all, width) => all + width + 2, -2)

/** `3m`, `2h`, `5d`: the time between two moments, in ms, as one number. */
function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

export const since = (iso: string | null | undefined, now: string): string =>
  iso == null ? '' : span(Date.parse(now) - Date.parse(iso))

/** `14:03:22`, with the day before it when that is another one. */
export function clock(iso: string, now: Date = new Date()): string {
  const time = new Date(iso)
  const two = (n: number): string => String(n).padStart(2, '0')
  const hms = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
  if (time.toDateString() === now.toDateString()) return hms
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${hms}`
}

/** Lines of at most 80 columns, broken between words. */
export function wrapped(text: string, columns = COLUMNS, indent = ''): string[] {
  const lines: string[] = []
  let line = indent
  for (const word of safeLine(text).split(' ')) {
    const next = line === indent ? `${line}${word}` : `${line} ${word}`
    if (widthOf(next) > columns && line !== indent) {
      lines.push(line)
      line = `${indent}${word}`
    } else line = next
  }
  return [...lines, line]
}
