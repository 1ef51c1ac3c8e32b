// Other ways to write the same command, so that a rule against one is a rule against the others.
//
// Does not:  find every way there is: a program can be reached by any name. What is found is found for denying only.
// Always:    bounded, whatever the command is.

import { readShell } from './shell-parts.ts'

/** Programs that run what follows them, after options of their own. */
const WRAPPERS: ReadonlySet<string> = new Set(
  'sudo doas env command builtin exec nohup time nice ionice timeout stdbuf setsid xargs parallel watch caffeinate busybox'.split(
    ' ',
  ),
)
const SHELLS: ReadonlySet<string> = new Set('sh bash zsh dash ksh ash fish'.split(' '))
const KEYWORDS: ReadonlySet<string> = new Set('{ ! if then elif else while until do'.split(' '))
const ASSIGNMENT = /^[A-Za-z_]\w*\+?=/
/** Options of git that stand before what it is to do; those without `=` have a value. */
const GIT_OPTION = /^(?:-[Cc]|--(?:git-dir|work-tree|namespace|exec-path|config-env|super-prefix))$/

/** Characters of all forms of one command: each is read by every rule. */
const FORMS_CHARS_MAX = 40_000
/** Words after a wrapper at which the command that it runs may begin. */
const SUFFIXES_MAX = 20
const DEPTH_MAX = 4

/** `sudo -u root /bin/rm "-rf" x` is also `rm -rf x`; `bash -c 'rm x'` is also `rm x`. */
export function formsOf(command: string): readonly string[] {
  const forms: Forms = { all: new Set([command]), left: FORMS_CHARS_MAX }
  formsOfWords(wordsOf(command), forms, 0)
  return [...forms.all]
}

type Forms = { readonly all: Set<string>; left: number }

function add(forms: Forms, form: string): void {
  forms.all.add(form)
  forms.left -= form.length + 1
}

function formsOfWords(given: readonly string[], forms: Forms, depth: number): void {
  let words = given
  for (let n = 0; n < SUFFIXES_MAX && words.length > 0 && forms.left > 0; n += 1) {
    add(forms, words.join(' '))
    const [first = '', ...rest] = words
    const name = first.slice(first.lastIndexOf('/') + 1)
    if (name !== first && name !== '' && !ASSIGNMENT.test(first)) words = [name, ...rest]
    else if (KEYWORDS.has(first) || ASSIGNMENT.test(first)) words = rest
    else if (first === 'git' && rest[0]?.startsWith('-') === true)
      words = [first, ...rest.slice(GIT_OPTION.test(rest[0]) ? 2 : 1)]
    else return inner(name, rest, forms, depth)
  }
}

/** Commands that a command runs by being told to. */
function inner(name: string, rest: readonly string[], forms: Forms, depth: number): void {
  if (depth >= DEPTH_MAX || forms.left <= 0) return
  if (WRAPPERS.has(name)) {
    for (let n = 0; n < Math.min(rest.length, SUFFIXES_MAX); n += 1)
      formsOfWords(rest.slice(n), forms, depth + 1)
  }
  const run = name === 'find' ? rest.findIndex((word) => /^-(?:exec|ok)(?:dir)?$/.test(word)) : -1
  if (run !== -1) formsOfWords(rest.slice(run + 1), forms, depth + 1)
  const flag = SHELLS.has(name) ? rest.findIndex((word) => /^-[A-Za-z]*c[A-Za-z]*$/.test(word)) : -1
  const script = name === 'eval' ? rest.join(' ') : flag === -1 ? undefined : rest[flag + 1]
  if (script === undefined) return
  for (const command of readShell(script).commands.slice(0, SUFFIXES_MAX)) {
    add(forms, command)
    formsOfWords(wordsOf(command), forms, depth + 1)
  }
}

/** The words of a simple command without their quotes; what the shell would compute stays as it is written. */
function wordsOf(command: string): string[] {
  const words: string[] = []
  let word = ''
  let begun = false
  for (let at = 0; at < command.length; at += 1) {
    const c = command.charAt(at)
    if (/\s/.test(c)) {
      if (begun) words.push(word)
      word = ''
      begun = false
      continue
    }
    begun = true
    if (c === '\\') {
      at += 1
      word += command.charAt(at)
    } else if (c === "'" || c === '"') {
      const end = closing(command, at)
      word +=
        c === '"' ? command.slice(at + 1, end).replaceAll(/\\(["\\$`])/g, '$1') : command.slice(at + 1, end)
      at = end
    } else if (c === '$' && /['"]/.test(command.charAt(at + 1))) {
      // The quotes say it all.
    } else word += c
  }
  if (begun) words.push(word)
  return words
}

function closing(text: string, from: number): number {
  const quote = text.charAt(from)
  let at = from + 1
  while (at < text.length && text.charAt(at) !== quote)
    at += quote === '"' && text.charAt(at) === '\\' ? 2 : 1
  return Math.min(at, text.length)
}
