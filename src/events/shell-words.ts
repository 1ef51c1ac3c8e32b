// The words of a simple command, as far as they can be known without running a shell.
//
// Always:    null when any word might become something else than is written here: several words, another text.

export type Word = {
  readonly text: string
  /** Holds a text that `cat` prints, within double quotes: it stays one word. `text` is as written. */
  readonly computed: boolean
}

/** Characters that a shell takes as they are. */
const PLAIN = /[\p{L}\p{N}_@%+=:,./^-]/u

/** `command`: a simple command that was understood (shell-parts.ts), without its redirections. */
export function plainWords(command: string): Word[] | null {
  const words: Word[] = []
  let at = 0
  for (;;) {
    while (/\s/.test(command.charAt(at))) at += 1
    if (at >= command.length) return words
    const word = next()
    if (word === null) return null
    words.push(word)
  }

  function next(): Word | null {
    let text = ''
    let computed = false
    const from = at
    while (at < command.length && !/\s/.test(command.charAt(at))) {
      const c = command.charAt(at)
      if (c === "'") {
        const end = command.indexOf("'", at + 1)
        if (end === -1) return null
        text += command.slice(at + 1, end)
        at = end + 1
      } else if (c === '"') {
        const inner = doubleQuoted()
        if (inner === null) return null
        text += inner.text
        computed ||= inner.computed
      } else if (c === '\\' && /[^\n]/.test(command.charAt(at + 1))) {
        text += command.charAt(at + 1)
        at += 2
      } else if (PLAIN.test(c) || (at > from && (c === '~' || c === '#')) || isReflog()) {
        text += c
        at += 1
      } else return null
    }
    return { text, computed }
  }

  /** `HEAD@{1}` */
  function isReflog(): boolean {
    const before = command.slice(0, at)
    return command.charAt(at) === '{'
      ? before.endsWith('@')
      : command.charAt(at) === '}' && /@\{\w*$/.test(before)
  }

  function doubleQuoted(): Word | null {
    let text = ''
    let computed = false
    at += 1
    while (at < command.length) {
      const c = command.charAt(at)
      if (c === '"') {
        at += 1
        return { text, computed }
      }
      if (c === '\\') {
        const escaped = command.charAt(at + 1)
        text += /["\\$`]/.test(escaped) ? escaped : `\\${escaped}`
        at += 2
      } else if (c === '`') return null
      else if (c === '$') {
        if (command.charAt(at + 1) !== '(') return null
        const end = endOfSubstitution()
        if (end === -1) return null
        text += command.slice(at, end)
        computed = true
        at = end
      } else {
        text += c
        at += 1
      }
    }
    return null
  }

  /** Where the substitution that begins here is over: only of a text, which is how messages of several lines are written. */
  function endOfSubstitution(): number {
    TEXT.lastIndex = at
    return TEXT.test(command) ? TEXT.lastIndex : -1
  }
}

/** `$(cat <<'EOF' … EOF )`, its end the first line that can be it. */
const TEXT = /\$\(cat <<-?[ \t]*(['"]?)(\w+)\1[ \t]*\n(?:(?![ \t]*\2).*\n)*\t*\2\n[ \t]*\)/y
