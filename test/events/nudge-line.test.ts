import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lineHoldsWhole, nudgeLine, nudgeNamedIn } from '../../src/events/nudge-line.ts'

const ids = fc.stringMatching(/^n-[0-9a-z]{6,8}$/)
const senders = fc.constantFrom('overseer', 'mayor', 'shop/polecats/nux')
const texts = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 400 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 400 }),
  fc.constantFrom(
    '!rm -rf .',
    '/quit',
    'ends with \\',
    'two\nlines',
    '\u001b[201~\r!ls',
    '漢'.repeat(300),
    ' x ',
  ),
  fc.string({ minLength: 301, maxLength: 9_000 }),
)

describe('[P6] the line of a nudge', () => {
  test('is one line that no program takes for a command, whatever its text is', () => {
    fc.assert(
      fc.property(ids, senders, texts, (id, from, text) => {
        const line = nudgeLine(id, from, text)
        expect(line.startsWith(`gt ${id}: `)).toBe(true)
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(700)
        expect(line).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
        expect(line).not.toMatch(/\\$|\s$/)
        expect(line.isWellFormed()).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  test('holds a short text whole and names any other', () => {
    expect(nudgeLine('n-ab12cd', 'overseer', 'Look at the cart.')).toBe(
      'gt n-ab12cd: Look at the cart. (from overseer)',
    )
    expect(nudgeLine('n-ab12cd', 'overseer', 'x'.repeat(8_192))).toBe(
      'gt n-ab12cd: a message of 8,192 characters from overseer; its text is with this prompt, or run: gt nudge read n-ab12cd',
    )
    expect(lineHoldsWhole('n-ab12cd', 'overseer', 'Look.')).toBe(true)
    for (const text of ['two\nlines', 'a tab\there', ' blank first', 'two  blanks', '漢'.repeat(300)])
      expect(lineHoldsWhole('n-ab12cd', 'overseer', text), text).toBe(false)
  })

  test('is found in a prompt, bare or as a runtime wraps it', () => {
    const wrapped: ((line: string) => string)[] = [
      (line) => line,
      (line) => `\n\n<pasted_content id="8ddc">\n${line}\n</pasted_content id="8ddc">\n`,
      (line) => `<pasted_content id="1">${line}</pasted_content id="1">`,
      (line) => `❯ ${line}`,
      (line) => `half a line of a person${line === '' ? '' : ' '}${line}`,
      (line) => `first\n${line}\nlast`,
    ]
    fc.assert(
      fc.property(ids, senders, texts, fc.constantFrom(...wrapped), (id, from, text, wrap) => {
        expect(nudgeNamedIn(wrap(nudgeLine(id, from, text)))).toBe(id)
      }),
      { numRuns: 1_000 },
    )
  })

  test('is not found where there is none', () => {
    for (const prompt of [
      '',
      'gt nudge read n-ab12cd',
      'n-ab12cd: x',
      'egt n-ab12cd: x',
      'gt n-ab: x',
      'gt n-ab12cd x',
    ])
      expect(nudgeNamedIn(prompt), prompt).toBeNull()
  })

  test('names the nudge that it is, not one that its text speaks of', () => {
    const line = nudgeLine('n-ab12cd', 'mayor', 'they got gt n-zz99zz: hello')
    expect(nudgeNamedIn(`<task>\n${line}`)).toBe('n-ab12cd')
  })
})
