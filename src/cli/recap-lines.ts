// A recap as lines: one screen for a terminal, or Markdown to paste.
//
// Owns:      how many lines each part gets, and what is said where one was cut.
// Always:    each line ends with the command that shows more; nothing of a title or a reason acts on whoever reads it.

import { cut, widthOf } from './layout.ts'
import { headline, type Part, partsOf, type Recap } from './recap-parts.ts'
import { safeLine } from './sanitize.ts'

/** Lines of a screen, less the one for the prompt. */
const SCREEN_LINES = 49

/** `columns` by `rows` at most. */
export function screen(recap: Recap, columns: number, rows = SCREEN_LINES): string[] {
  const parts = partsOf(recap)
  const shares = shared(parts, rows - 1)
  return [
    cut(headline(recap), columns),
    ...parts.flatMap((part, n) => {
      const shown = shares[n] ?? 0
      const head = [headed(part)]
      const lines = aligned(part.items.slice(0, shown), part.wide, columns - 2)
      return [
        ...head,
        ...lines.map((line) => `  ${line}`),
        ...(shown < part.items.length ? [`  and ${part.items.length - shown} more: ${part.all}`] : []),
      ].map((line) => cut(line, columns))
    }),
  ]
}

/** Cells two blanks apart; the one at `wide` takes what is left, so that the command at the end is whole. */
function aligned(items: readonly (readonly string[])[], wide: number, columns: number): string[] {
  const widths = (items[0] ?? []).map((_, n) =>
    Math.max(...items.map((row) => widthOf(safeLine(row[n] ?? '')))),
  )
  const last = widths.length - 1
  // Commands of very different length: each takes its own room.
  const alike = (widths[last] ?? 0) <= ALIKE_MAX
  return items.map((row) => {
    const own = widthOf(row[last] ?? '')
    const others = widths.reduce((sum, width, n) => {
      if (n === wide) return sum
      return sum + 2 + (n === last && !alike ? own : width)
    }, 0)
    return row
      .map((cell, n) => {
        if (n === last) return safeLine(cell)
        const width = n === wide ? Math.max(8, columns - others) : (widths[n] ?? 0)
        const text = cut(cell, width)
        return text + ' '.repeat(Math.max(0, width - widthOf(text)))
      })
      .join('  ')
  })
}

const ALIKE_MAX = 24

/** The same, to be pasted into an issue or a message. */
export function markdown(recap: Recap, rows = SCREEN_LINES): string[] {
  const parts = partsOf(recap)
  const shares = shared(parts, rows - 1)
  return [
    `# ${plain(headline(recap))}`,
    ...parts.flatMap((part, n) => {
      const shown = shares[n] ?? 0
      const [count, more] = [part.items.length, part.items.length - shown]
      return [
        '',
        `**${plain(headed(part))}**`,
        ...(count === 0 ? [] : ['']),
        ...part.items.slice(0, shown).map(pasted),
        ...(more > 0 ? [`- and ${more} more: ${code(part.all)}`] : []),
      ]
    }),
  ]
}

/** How many there are, unless the heading has said what counts. */
const headed = ({ heading, items }: Part): string =>
  items.length === 0 || heading.includes(':') ? heading : `${heading}: ${items.length}`

const pasted = (cells: readonly string[]): string => {
  const said = cells.slice(0, -1).filter((cell) => cell !== '')
  return `- ${said.map((cell) => plain(cut(cell, PASTED_MAX))).join(' · ')} ${code(cells.at(-1) ?? '')}`
}

/** Cells of a text that was pasted; an agent may have written pages. */
const PASTED_MAX = 200

/** Nothing in it marks anything up, names a person or an issue, or is HTML. */
const plain = (text: string): string =>
  safeLine(text)
    .replace(/[\\`*_[\]()<>|#~!&]/g, (mark) => (mark === '<' ? '&lt;' : mark === '&' ? '&amp;' : `\\${mark}`))
    .replaceAll('@', '&#64;')
    .replaceAll('://', ':&#47;/')

const code = (text: string): string => `\`${safeLine(text).replaceAll('`', "'")}\``

/** How many items of each part are shown. A part that is cut needs one line to say so. */
function shared(parts: readonly Part[], rows: number): number[] {
  const shares = parts.map(({ items, least }) => Math.min(items.length, least))
  const used = (): number =>
    parts.reduce((sum, { items }, n) => {
      const shown = shares[n] ?? 0
      return sum + 1 + shown + (shown < items.length ? 1 : 0)
    }, 0)
  // The first parts matter most; one more line for each in turn, as long as there is room.
  for (let grown = true; grown; ) {
    grown = false
    for (const [n, { items }] of parts.entries()) {
      const shown = shares[n] ?? 0
      if (shown >= items.length) continue
      shares[n] = shown + 1
      if (used() <= rows) grown = true
      else shares[n] = shown
    }
  }
  return shares
}
