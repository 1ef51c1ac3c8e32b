// What every agent may do without asking, after the rules of its rig have said nothing: its ordinary work in its worktree.
//
// Owns:      which commands and files that is.
// Does not:  deny anything, or see the disk: whoever asks says where a path leads (`real`).
// Always:    what is not written here for certain is asked about: a word that the shell computes, an option that is not
//            listed, a path that leads out, or to where git and agent programs keep what they run.

import { plainWords, type Word } from './shell-words.ts'

export type OrdinaryWork = {
  readonly worktree: string
  /** Gates and setup of the rig, word by word. */
  readonly commands: readonly (readonly string[])[]
  /** The path with all links followed, also of a file that is still to be made; null when it leads nowhere. */
  real(path: string): string | null
}

/** `path`: absolute. */
export function isOrdinaryFile(path: string, { worktree, real }: OrdinaryWork): boolean {
  const root = real(worktree)
  const led = real(path)
  if (root === null || led === null || !led.startsWith(`${root}/`)) return false
  // Also as it is written: a link may be changed meanwhile.
  return ![path, led.slice(root.length)].some((each) =>
    each
      .replace(worktree, '')
      .split('/')
      .some((part) => KEPT_BY_PROGRAMS.test(part)),
  )
}

/** Read by git, or by agent programs: what is in there is run. */
const KEPT_BY_PROGRAMS = /^(?:\.git|\.claude|\.codex|\.gemini|\.opencode|\.mcp\.json|opencode\.jsonc?)$/i

/** `atRoot`: the shell is in the folder of the worktree itself when it comes to the command. */
export function isOrdinaryCommand(command: string, work: OrdinaryWork, atRoot: boolean): boolean {
  const words = plainWords(command)
  if (words === null) return false
  const [program, ...rest] = words
  if (program === undefined || program.computed) return false
  if (program.text === 'gt') return rest[0]?.computed !== true
  if (!atRoot) return false
  if (words.some(({ computed }) => computed)) return program.text === 'git' && isGit(rest, work)
  const texts = words.map(({ text }) => text)
  return (
    work.commands.some((own) => own.length === texts.length && own.every((word, at) => word === texts[at])) ||
    isFilter(texts) ||
    leadsToRoot(command, work) ||
    (program.text === 'git' && isGit(rest, work)) ||
    // What git is to open there when it wants a message is nobody's to write.
    /^(?:GIT_EDITOR=true git|git -c core\.editor=true) (?:rebase|merge) --continue$/.test(command)
  )
}

/** `cd` to the worktree's own folder. */
export function leadsToRoot(command: string, { worktree, real }: OrdinaryWork): boolean {
  const [program, to, ...more] = plainWords(command) ?? []
  if (program?.text !== 'cd' || to === undefined || to.computed || more.length > 0) return false
  return to.text.startsWith('/') && real(to.text) === real(worktree)
}

/** Programs that only show what they are given: no file is named. */
function isFilter([program = '', ...args]: readonly string[]): boolean {
  if (program === 'echo' || program === 'pwd' || program === 'true') return true
  const options = {
    cat: /^$/,
    head: /^-(?:n|c)?\d+$|^-n$|^\d+$/,
    tail: /^-(?:n|c)?\d+$|^-n$|^\d+$/,
    wc: /^-[clw]$/,
  }
  const known = Object.hasOwn(options, program) ? options[program as keyof typeof options] : undefined
  return (
    known !== undefined &&
    args.every((arg, at) => known.test(arg) && (!/^\d+$/.test(arg) || args[at - 1] === '-n'))
  )
}

// --- git ------------------------------------------------------------------------------------------------------

type GitCommand = {
  /** Letters of short options. */
  readonly short: string
  readonly long: string
  /** What else it takes; every word is looked at as a path as well. */
  readonly words?: (words: readonly string[], options: readonly string[]) => boolean
}

const SHOWN =
  'stat numstat shortstat name-only name-status oneline graph all decorate patch no-patch cached staged color no-color ' +
  'format pretty abbrev-commit since until after before author grep max-count follow reverse first-parent merges ' +
  'no-merges diff-filter word-diff unified ignore-all-space exit-code quiet check summary raw date minimal histogram ' +
  'left-right count no-renames find-renames cherry-pick'
const SHOWS: GitCommand = { short: 'pnsrzMwUSGLbqR', long: SHOWN }
const none = (words: readonly string[]): boolean => words.length === 0

const GIT: Readonly<Record<string, GitCommand>> = {
  status: { short: 'sbuz', long: 'short branch porcelain untracked-files ignored long show-stash' },
  diff: SHOWS,
  log: SHOWS,
  show: SHOWS,
  blame: { short: 'LwMs', long: 'porcelain date' },
  'rev-parse': {
    short: 'q',
    long: 'abbrev-ref short verify show-toplevel show-prefix quiet is-inside-work-tree',
  },
  'rev-list': { short: 'n', long: 'count left-right max-count all no-merges first-parent reverse' },
  'merge-base': { short: 'a', long: 'is-ancestor fork-point all' },
  'ls-files': { short: 'cdmouzst', long: 'cached deleted modified others exclude-standard unmerged stage' },
  branch: {
    short: 'arvl',
    long: 'all remotes list show-current verbose contains merged no-merged',
    // With a name and nothing else it would make one.
    words: (words, options) =>
      words.length === 0 ||
      options.some((option) => /^(?:-l|--list|--contains|--(?:no-)?merged)\b/.test(option)),
  },
  stash: { short: 'p', long: 'stat patch', words: ([what]) => what === 'list' || what === 'show' },
  add: { short: 'AufNvn', long: 'all update force intent-to-add verbose dry-run' },
  commit: {
    short: 'amqsv',
    long: 'all message quiet signoff verbose amend no-edit allow-empty fixup squash',
  },
  rm: { short: 'rfqn', long: 'cached ignore-unmatch quiet force dry-run' },
  mv: { short: 'fkvn', long: 'force verbose dry-run' },
  restore: { short: 'SWsq', long: 'staged worktree source ours theirs quiet' },
  // Of files only: `--` says that they are.
  checkout: {
    short: 'q',
    long: 'ours theirs quiet',
    words: (words) => words.slice(0, 2).includes('--') && words.at(-1) !== '--',
  },
  reset: { short: 'q', long: 'quiet soft mixed' },
  rebase: {
    short: 'q',
    long: 'continue abort skip quit quiet no-autosquash',
    words: (words) => words.length === 0 || (words.length === 1 && /^origin\/[\w./-]+$/.test(words[0] ?? '')),
  },
  merge: { short: '', long: 'abort continue quit', words: none },
  fetch: {
    short: 'q',
    long: 'quiet',
    words: ([from = 'origin', ...branches]) =>
      from === 'origin' && branches.every((branch) => /^\w[\w./-]*$/.test(branch)),
  },
}

/** Options whose value is the next word, whatever it is. */
const MESSAGE = /^(?:-[a-z]*m|--message)$/
/** Those of `merge` and `rebase` that take part in nothing else. */
const IN_HAND = /^--(?:abort|continue|skip|quit)$/

function isGit([name, ...given]: readonly Word[], work: OrdinaryWork): boolean {
  const command = name !== undefined && Object.hasOwn(GIT, name.text) ? GIT[name.text] : undefined
  if (command === undefined || name === undefined || name.computed) return false
  const long = command.long.split(' ')
  const options: string[] = []
  const words: string[] = []
  let onlyWords = false
  for (let at = 0; at < given.length; at += 1) {
    const { text, computed } = given[at] as Word
    if (onlyWords || !text.startsWith('-') || text === '-') {
      if (computed || !staysInside(text, work)) return false
      words.push(text)
    } else if (text === '--') {
      onlyWords = true
      words.push(text)
    } else {
      if (computed && !(name.text === 'commit' && text.startsWith('--message='))) return false
      if (!isKnown(text, command.short, long)) return false
      options.push(text)
      if (name.text === 'commit' && MESSAGE.test(text)) at += 1
    }
  }
  if (name.text === 'merge' && !options.some((option) => IN_HAND.test(option))) return false
  // Else a file could be brought to where it is run.
  const inPlace = name.text !== 'mv' || words.every((word) => isOrdinaryFile(absolute(word, work), work))
  return inPlace && (command.words?.(words, options) ?? true)
}

function isKnown(option: string, short: string, long: readonly string[]): boolean {
  if (option.startsWith('--')) return long.includes(option.slice(2).replace(/=.*$/s, ''))
  // `-3`, `-n3`, `-U5`, `-Sword`, `-am`.
  if (/^-\d+$/.test(option)) return true
  const [, letters = '', value] = /^-([A-Za-z]+)(.*)$/s.exec(option) ?? []
  if (letters === '') return false
  if (/^[SGL]/.test(letters) && short.includes(letters.charAt(0))) return true
  return [...letters].every((letter) => short.includes(letter)) && /^\d*$/.test(value ?? '')
}

const absolute = (word: string, { worktree }: Pick<OrdinaryWork, 'worktree'>): string =>
  word.startsWith('/') ? word : `${worktree}/${word}`

/** Not a path that leads out: git reads files outside of a repository when it is given two of them. */
function staysInside(word: string, { worktree, real }: OrdinaryWork): boolean {
  if (word.split('/').includes('..') || word.startsWith('~')) return false
  const root = real(worktree)
  const led = real(absolute(word, { worktree }))
  return root !== null && led !== null && `${led}/`.startsWith(`${root}/`)
}
