// Which part of a flood of lines a screen need not be shown, because all of it scrolls out again.
//
// Always: a screen that is shown the rest, and has `lines` lines of history and rows, looks the same in the end.

const COLOUR = '\\u001b\\[[\\d;:]*m'
const COLOURS = new RegExp(COLOUR, 'g')
/** Whatever does more than draw a character, begin a line or colour it. */
const MORE_THAN_LINES = new RegExp(
  `\\u001b(?!${COLOUR.slice(6)})|[^\\u0007\\t\\n\\r\\u001b\\u0020-\\u007e\\u00a0-\\uffff]`,
  'g',
)

/** Whether it does no more than draw characters, begin lines and colour. */
export const isLines = (text: string): boolean => text.search(MORE_THAN_LINES) === -1

/** The text without what need not be shown; the same text when nothing of worth can be left out. */
export function withoutScrolledOut(text: string, lines: number): string {
  let end = text.length
  for (let line = 0; line <= lines; line++) {
    end = text.lastIndexOf('\n', end - 1)
    if (end <= 0) return text
  }
  // What stands before may end a sequence that has begun; what comes from a line's end on cannot.
  MORE_THAN_LINES.lastIndex = 0
  let start = text.indexOf('\n') + 1
  const head = text.slice(0, end)
  for (let found = MORE_THAN_LINES.exec(head); found !== null; found = MORE_THAN_LINES.exec(head)) {
    start = text.indexOf('\n', found.index) + 1
    if (start === 0 || start > end) return text
    MORE_THAN_LINES.lastIndex = Math.max(start, MORE_THAN_LINES.lastIndex)
  }
  if (end - start < text.length / 4) return text
  const skipped = text.slice(start, end)
  const reset = Math.max(skipped.lastIndexOf('\x1b[0m'), skipped.lastIndexOf('\x1b[m'), 0)
  const colours = skipped.slice(reset).match(COLOURS) ?? []
  return text.slice(0, start) + colours.join('') + text.slice(end)
}
