// Names that become a path, a ref or an argument: what is wrong with one, in words.
//
// Owns:      the rules for names of rigs, beads, agents, branches and targets. Pure; used at the API's edge and again
//            before git sees a name.
// Always:    a name that passes is safe as one path component (rig, bead, agent) or as `refs/heads/<name>` (branch,
//            target): it begins with no `-`, holds no `..`, no control or invisible character, and git reads it as
//            itself (`@{-1}` is valid to git, and means another branch).

export type NameKind = 'rig' | 'bead' | 'agent' | 'branch' | 'target'

/** 255 bytes is what file systems take for one component; a ref's lock file adds `.lock`. */
const NAME_BYTES_MAX = 200

const WORDS: Readonly<Record<NameKind, string>> = {
  rig: 'rig name',
  bead: 'bead id',
  agent: 'agent name',
  branch: 'branch name',
  target: 'target branch',
}

/** One sentence that says what is wrong with `text` as such a name, or null when nothing is. */
export function nameProblem(kind: NameKind, text: string): string | null {
  const problem = kind === 'branch' || kind === 'target' ? refProblem(text) : componentProblem(kind, text)
  return problem === null ? null : `The ${WORDS[kind]} ${quoted(text)} ${problem}.`
}

function componentProblem(kind: 'rig' | 'bead' | 'agent', text: string): string | null {
  if (text === '') return 'is empty'
  if (text === 'HEAD') return 'means something else to git'
  if (text.length > 64) return 'is longer than 64 characters'
  // Bead ids of imported towns have dots and upper case (`bd-a3f8.1`).
  const allowed = kind === 'bead' ? /^[A-Za-z0-9][A-Za-z0-9._-]*$/ : /^[a-z0-9][a-z0-9_-]*$/
  if (!allowed.test(text)) {
    const letters = kind === 'bead' ? 'letters, digits, dots, "-" and "_"' : 'a-z, 0-9, "-" and "_"'
    return `must consist of ${letters} and begin with a letter or digit`
  }
  if (text.includes('..') || text.endsWith('.') || text.endsWith('.lock'))
    return 'has dots where a path gives them a meaning'
  return null
}

function refProblem(text: string): string | null {
  if (text === '') return 'is empty'
  if (Buffer.byteLength(text) > NAME_BYTES_MAX) return `is longer than ${NAME_BYTES_MAX} bytes`
  // \p{C}: control, format (right-to-left marks), surrogates, unassigned. A name must look like what it is.
  if (/[\p{C}\p{Z}]/u.test(text)) return 'has a space or an invisible character'
  if (/[~^:?*[\]\\{}"'`$;&|<>()!]/.test(text)) return 'has a character that git or a shell gives a meaning'
  if (text.startsWith('-')) return 'begins with "-"'
  if (text.startsWith('refs/')) return 'begins with "refs/"; give the short name'
  if (text === 'HEAD' || text === '@' || text.includes('@{')) return 'means something else to git'
  if (text.includes('..') || text.includes('//')) return 'has ".." or "//"'
  const bad = text
    .split('/')
    .some(
      (part) =>
        part === '' ||
        part.startsWith('.') ||
        part.startsWith('-') ||
        part.endsWith('.') ||
        part.endsWith('.lock'),
    )
  return bad ? 'has a part that is empty, begins with "." or "-", or ends with "." or ".lock"' : null
}

function quoted(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return JSON.stringify(short).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
}
