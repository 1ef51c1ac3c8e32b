// What a shell would run, read from a command line as it is written.
//
// Owns:      cutting a line into its simple commands and redirections, those inside substitutions and subshells too.
// Does not:  run, expand or judge anything (permission-rules.ts judges).
// Always:    what cannot be read with certainty says so (`understood` false); the time it takes grows with the length
//            of the line, whatever is in it.

export type ShellReading = {
  /** Simple commands as written, without their redirections. */
  readonly commands: readonly string[]
  readonly redirections: readonly Redirection[]
  /** False: there may be more in it than was found. */
  readonly understood: boolean
}

export type Redirection = {
  readonly way: 'read' | 'write'
  /** `> out.txt` */
  readonly text: string
  /** The file, or null when the shell computes its name. */
  readonly path: string | null
}

/** Substitutions within substitutions that are followed; deeper ones are not understood. */
const DEPTH_MAX = 12

const OPERATOR = /&>>?\|?|<<<|<<-?|<>|>>\|?|>\||>&|<&|>!?|</y
const PLAIN_EXPANSION = /\$\{[A-Za-z0-9_#:\-+=%^,./ ]*\}/y
const DELIMITER = /[ \t]*(?:'([^'\n]+)'|"([^"\n$`\\]+)"|(\\?)([A-Za-z0-9_.-]+))(?=[\s;&|<>()]|$)/y
const KEYWORD =
  /^(?:[{}!]|\[\[|if|then|elif|else|fi|for|while|until|do|done|case|esac|in|select|function|coproc|time)(?:\s|$)/
/** Opened by many a command, and nothing is kept in it. */
const HARMLESS = /^\/dev\/(?:null|tty|stdin|stdout|stderr|fd\/\d+)$/

export function readShell(line: string, depth = 0): ShellReading {
  const commands: string[] = []
  const redirections: Redirection[] = []
  // Characters that are not seen, or seen as something else, are not read with certainty.
  let understood = depth <= DEPTH_MAX && !/[^\P{C}\n\t]/u.test(line)
  let at = 0
  let nested = depth
  let hereDocs: { word: string; quoted: boolean; tabs: boolean }[] = []

  list(null)
  const known = understood && !commands.some((command) => KEYWORD.test(command))
  return { commands, redirections, understood: known }

  /** Commands up to `close`, which is consumed. */
  function list(close: ')' | null): void {
    let current = ''
    const end = () => {
      if (current.trim() !== '') commands.push(current.trim())
      current = ''
    }
    while (at < line.length) {
      const c = line.charAt(at)
      if (c === ')') {
        at += 1
        if (close === null || hereDocs.length > 0) understood = false
        end()
        if (close !== null) return
      } else if (c === '(') {
        // `name()`, `list=(…)` and the like are more than a subshell.
        if (current.trim() !== '') understood = false
        end()
        nest()
      } else if (c === '#' && /(?:^|\s)$/.test(current.slice(-1))) {
        comment()
      } else if (c === '\n') {
        at += 1
        end()
        bodies()
      } else if (c === '<' || c === '>' || (c === '&' && line.charAt(at + 1) === '>')) {
        current = redirection(current)
      } else if (c === ';' || c === '|' || c === '&') {
        at += 1
        end()
      } else current += piece()
    }
    if (close !== null || hereDocs.length > 0) understood = false
    end()
  }

  /** A list in brackets, from the opening one. */
  function nest(): void {
    at += 1
    nested += 1
    if (nested > DEPTH_MAX) {
      understood = false
      at = line.length
    } else list(')')
    nested -= 1
  }

  /** One character, or what is quoted or substituted from here on, as written. */
  function piece(): string {
    const from = at
    const c = line.charAt(at)
    if (c === '\\') {
      at += 2
      // A line that goes on in the next one.
      return line.charAt(from + 1) === '\n' ? '' : line.slice(from, at)
    }
    if (c === "'") quoted()
    else if (c === '"') doubleQuoted()
    else if (c === '`') backticks()
    else if (c === '$') dollar()
    else at += 1
    return line.slice(from, at)
  }

  function quoted(): void {
    const end = line.indexOf("'", at + 1)
    if (end === -1) understood = false
    at = end === -1 ? line.length : end + 1
  }

  function doubleQuoted(): void {
    at += 1
    while (at < line.length) {
      const c = line.charAt(at)
      if (c === '"') {
        at += 1
        return
      }
      if (c === '\\') at += 2
      else if (c === '`') backticks()
      // Within double quotes `'` is a character like any other, after `$` too.
      else if (c === '$' && line.charAt(at + 1) !== "'" && line.charAt(at + 1) !== '"') dollar()
      else at += 1
    }
    understood = false
  }

  function dollar(): void {
    const next = line.charAt(at + 1)
    if (next === '(') {
      at += 1
      nest()
    } else if (next === "'") {
      const from = at + 2
      at = from
      while (at < line.length && line.charAt(at) !== "'") at += line.charAt(at) === '\\' ? 2 : 1
      // A plain sh knows no such quotes, and would end them at the first one.
      if (at >= line.length || line.slice(from, at).includes("'")) understood = false
      at += 1
    } else if (next === '{') {
      PLAIN_EXPANSION.lastIndex = at
      if (PLAIN_EXPANSION.test(line)) at = PLAIN_EXPANSION.lastIndex
      else {
        // Its quotes have rules of their own; substitutions in it are still found.
        understood = false
        at += 2
      }
    } else at += 1
  }

  function backticks(): void {
    let end = at + 1
    while (end < line.length && line.charAt(end) !== '`') end += line.charAt(end) === '\\' ? 2 : 1
    if (end >= line.length) understood = false
    include(line.slice(at + 1, end).replaceAll(/\\([\\`$])/g, '$1'))
    at = end + 1
  }

  function include(text: string): void {
    if (nested >= DEPTH_MAX) {
      understood = false
      return
    }
    const inner = readShell(text, nested + 1)
    commands.push(...inner.commands)
    redirections.push(...inner.redirections)
    if (!inner.understood) understood = false
  }

  function comment(): void {
    const end = line.indexOf('\n', at)
    const text = line.slice(at + 1, end === -1 ? line.length : end)
    // A shell that takes it for a word must come to the same.
    if (!/^[\w\s.,:+/=@-]*$/.test(text)) understood = false
    at = end === -1 ? line.length : end
  }

  /** Answers what stands before it, without the number of a descriptor. */
  function redirection(before: string): string {
    const next = line.charAt(at + 1)
    if (next === '(' && line.charAt(at) !== '&') {
      const from = at
      at += 1
      nest()
      return before + line.slice(from, at)
    }
    OPERATOR.lastIndex = at
    const [operator = ''] = OPERATOR.exec(line) ?? []
    at += operator.length
    const rest = before.replace(/(^|\s)(?:\d+|\{\w+\})$/, '$1')
    // Its word is read like any other.
    if (operator === '<<<') return rest
    if (operator === '<<' || operator === '<<-') {
      hereDoc(operator)
      return rest
    }
    if (operator.endsWith('!')) understood = false
    while (/[ \t]/.test(line.charAt(at))) at += 1
    const from = at
    while (at < line.length && !/[\s;&|<>()]/.test(line.charAt(at))) piece()
    const word = line.slice(from, at)
    if (word === '') understood = false
    if (operator.endsWith('&') && /^(?:\d+-?|-)$/.test(word)) return rest
    const path = /[$`*?[\]{}~\\]/.test(word) ? null : word.replaceAll(/['"]/g, '')
    if (path !== null && HARMLESS.test(path)) return rest
    const way = operator === '<' || operator === '<&' ? 'read' : 'write'
    redirections.push({ way, text: `${operator.replaceAll(/[&|!]/g, '')} ${word}`, path })
    // What stood apart stays apart.
    return `${rest} `
  }

  function hereDoc(operator: string): void {
    DELIMITER.lastIndex = at
    const found = DELIMITER.exec(line)
    if (found === null) {
      understood = false
      return
    }
    at = DELIMITER.lastIndex
    const [, single, double, backslash, bare] = found
    hereDocs.push({
      word: single ?? double ?? bare ?? '',
      quoted: bare === undefined || backslash !== '',
      tabs: operator === '<<-',
    })
  }

  /** The texts that follow the line in which they were announced. */
  function bodies(): void {
    const wanted = hereDocs
    hereDocs = []
    for (const { word, quoted: inert, tabs } of wanted) {
      const from = at
      let closed = false
      while (at < line.length && !closed) {
        const end = line.indexOf('\n', at)
        const whole = line.slice(at, end === -1 ? line.length : end)
        const text = tabs ? whole.replace(/^\t+/, '') : whole
        // Shells differ in whether `EOF)` ends it.
        if (text !== word && text.trimStart().startsWith(word)) understood = false
        if (text === word) {
          closed = true
          if (!inert) expanded(line.slice(from, at))
        }
        at = end === -1 ? line.length : end + (closed ? 0 : 1)
      }
      if (!closed) understood = false
    }
  }

  /** A text in which the shell still substitutes: its quotes are others than those of a command. */
  function expanded(text: string): void {
    if (!/`|\$[({]/.test(text)) return
    understood = false
    include(`"${text}"`)
  }
}
