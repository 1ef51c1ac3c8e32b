// Text of a program, made harmless: what it prints can be seen, and does nothing.

/** Control characters, invisible formatting (bidi marks, zero-width, tags), line and paragraph separators. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Keeps tab and newline; shows every other such character as an escape: `\x1b`, `\u202e`, `\u{e0041}`. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\t' || character === '\n') return character
    const code = (character.codePointAt(0) ?? 0).toString(16)
    if (code.length <= 2) return `\\x${code.padStart(2, '0')}`
    return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\u{${code}}`
  })
}
