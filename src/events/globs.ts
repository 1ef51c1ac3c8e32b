// Patterns of rules: `*` is any run of characters, `?` one (of UTF-16), a backslash takes the next one as it is.
//
// Always:    matching takes time in proportion to pattern times text, whatever the two are.

type Token = { readonly kind: 'one' | 'many' } | { readonly kind: 'char'; readonly char: string }

/** The whole text fits. `ignoreCase`: for denying, where a file system may not tell them apart. */
export function globFits(pattern: string, text: string, { ignoreCase = false } = {}): boolean {
  const fold = (s: string) => (ignoreCase ? s.toLowerCase() : s)
  return fits(tokens(fold(pattern)), fold(text))
}

/** The same over parts of a path: `*` and `?` stay within one part, `**` is any number of parts. */
export function pathGlobFits(pattern: string, path: string, { ignoreCase = false } = {}): boolean {
  const patterns = pattern.split('/')
  const parts = path.split('/')
  let at = 0
  let next = 0
  let star = -1
  let resume = 0
  while (at < parts.length) {
    const one = patterns[next]
    if (one === '**') {
      star = next
      resume = at
      next += 1
    } else if (one !== undefined && partFits(one, parts[at] ?? '', ignoreCase)) {
      at += 1
      next += 1
    } else if (star !== -1) {
      resume += 1
      at = resume
      next = star + 1
    } else return false
  }
  return patterns.slice(next).every((one) => one === '**')
}

/** As shells have it, `*` does not begin with a dot: `*` is no way to say `.env`. */
const partFits = (pattern: string, part: string, ignoreCase: boolean): boolean =>
  (ignoreCase || !part.startsWith('.') || pattern.startsWith('.') || pattern.startsWith('\\.')) &&
  globFits(pattern, part, { ignoreCase })

/** A pattern that only this text fits. */
export const literal = (text: string): string => text.replaceAll(/[\\*?]/g, '\\$&')

/** The text of a pattern without wildcards, or null. */
export function textOf(pattern: string): string | null {
  const all = tokens(pattern)
  return all.every((token) => token.kind === 'char')
    ? all.map((token) => (token.kind === 'char' ? token.char : '')).join('')
    : null
}

/** Rules are asked again and again, and there are few of them. */
const read = new Map<string, readonly Token[]>()
const READ_MAX = 2_000

function tokens(pattern: string): readonly Token[] {
  const known = read.get(pattern)
  if (known !== undefined) return known
  if (read.size >= READ_MAX) read.clear()
  const found: Token[] = []
  for (let n = 0; n < pattern.length; n += 1) {
    const c = pattern.charAt(n)
    if (c === '*') found.push({ kind: 'many' })
    else if (c === '?') found.push({ kind: 'one' })
    else if (c === '\\' && n + 1 < pattern.length) {
      n += 1
      found.push({ kind: 'char', char: pattern.charAt(n) })
    } else found.push({ kind: 'char', char: c })
  }
  read.set(pattern, found)
  return found
}

function fits(pattern: readonly Token[], text: string): boolean {
  let at = 0
  let next = 0
  let star = -1
  let resume = 0
  while (at < text.length) {
    const token = pattern[next]
    if (token?.kind === 'many') {
      star = next
      resume = at
      next += 1
    } else if (
      token !== undefined &&
      (token.kind === 'one' || (token.kind === 'char' && token.char === text.charAt(at)))
    ) {
      at += 1
      next += 1
    } else if (star !== -1) {
      resume += 1
      at = resume
      next = star + 1
    } else return false
  }
  return pattern.slice(next).every(({ kind }) => kind === 'many')
}
