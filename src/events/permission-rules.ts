// What an agent may do without asking: the rules of a rig, read over one call of a tool.
//
// Owns:      which rule fits, and the rule that an answer for always makes.
// Does not:  know rigs or sessions, ask anybody, or see the disk: a link in a worktree is taken for what it is named.
//
//   1. The first rule that fits decides, for each part of what is asked.
//   2. A command of several parts is allowed when every part is, and denied when any part is.
//   3. Allowing takes certainty: what was not understood is allowed only by a rule for every call of the tool, or by one
//      that says the same command letter for letter. Denying takes a likeness (shell-forms.ts).
//   4. What no rule fits is allowed when it is ordinary work (ordinary-work.ts), where the caller says what that is.

import { globFits, literal, pathGlobFits, textOf } from './globs.ts'
import { isOrdinaryCommand, isOrdinaryFile, leadsToRoot, type OrdinaryWork } from './ordinary-work.ts'
import type { PermissionRule } from './settings.ts'
import { formsOf } from './shell-forms.ts'
import { readShell } from './shell-parts.ts'

/** A call of a tool, as a preset reads it from its runtime. */
export type AskedTool = {
  readonly tool: string
  readonly command: string | null
  readonly files: readonly string[]
  readonly cwd: string | null
}

export type Decided = { readonly verdict: PermissionRule['verdict']; readonly rule: PermissionRule }

/** Longest pattern of a rule. */
const PATTERN_MAX = 1_000
/** Characters of a command that are read; what is longer is never understood, and makes no rule. */
const COMMAND_MAX = 10_000
/** As many as a question names at most; there may be more then. */
const FILES_MAX = 50

/** `worktree`: absolute path that patterns without a leading slash begin in. Null when no rule fits. */
export function decidedBy(
  rules: readonly PermissionRule[],
  asked: AskedTool,
  worktree: string | null,
  work: OrdinaryWork | null = null,
): Decided | null {
  const place = { cwd: asked.cwd, worktree }
  const family = familyOf(asked.tool)
  if (family === 'shell' && asked.command !== null) return ofCommand(rules, asked, place, work)
  if (asked.files.length > 0)
    return together(
      asked.files.map(
        (file) =>
          first(rules, (rule) => fitsFile(rule, asked.tool, file, place)) ??
          (family === null ? null : ordinaryFile(asked.tool, file, place, work)),
      ),
    )
  return first(rules, (rule) => fitsText(rule, asked))
}

export const ruleFor = (
  rules: readonly PermissionRule[],
  asked: AskedTool,
  worktree: string | null,
): PermissionRule['verdict'] | null => decidedBy(rules, asked, worktree)?.verdict ?? null

/**
 * The rule that an answer for always makes, or null when there is none that says just what was shown: the same command
 * letter for letter, or the same tool for files right in the same folder. `files` relative to the worktree where they
 * lie in it.
 */
export function ruleOf(
  { tool, command, files }: Omit<AskedTool, 'cwd'>,
  verdict: PermissionRule['verdict'],
): PermissionRule | null {
  const [file] = files
  const whole = command === null || command.length < COMMAND_MAX ? command?.trim() : undefined
  const pattern =
    file !== undefined && familyOf(tool) !== 'shell'
      ? folderPattern(files)
      : whole === undefined || whole === ''
        ? null
        : literal(whole)
  return pattern === null || pattern.length > PATTERN_MAX ? null : { tool, pattern, verdict }
}

/** As a person is shown it: relative to the worktree where it lies in it, else absolute. */
export function shownFile(file: string, place: Place): string {
  const path = absolute(file, place)
  return path === null ? file : (below(path, place.worktree) ?? path)
}

/** `Bash "npm test"`, `every Read` */
export const ruleText = ({ tool, pattern }: PermissionRule): string =>
  pattern === undefined ? `every ${tool}` : `${tool} ${JSON.stringify(pattern)}`

function folderPattern(files: readonly string[]): string | null {
  const folders = new Set(files.map((file) => file.slice(0, Math.max(0, file.lastIndexOf('/')))))
  const [folder = ''] = folders
  const hidden = files.some((file) => file.slice(file.lastIndexOf('/') + 1).startsWith('.'))
  // In the folder that everything lies in, and outside, only the file itself; so too what is hidden.
  const narrow = folder === '' || folder.startsWith('/') || folder.split('/').includes('..') || hidden
  if (narrow) return files.length === 1 ? literal(files[0] as string) : null
  return folders.size === 1 && files.length < FILES_MAX ? `${literal(folder)}/*` : null
}

// --- commands -------------------------------------------------------------------------------------------------

export type Place = { readonly cwd: string | null; readonly worktree: string | null }

function ofCommand(
  rules: readonly PermissionRule[],
  asked: AskedTool,
  place: Place,
  work: OrdinaryWork | null,
): Decided | null {
  const cut = (asked.command ?? '').length >= COMMAND_MAX
  const line = (asked.command ?? '').slice(0, COMMAND_MAX).trim()
  const own = rules.filter(({ tool }) => fitsTool(tool, asked.tool))
  const reading = readShell(line)
  const { redirections } = reading
  const commands = [...new Set(reading.commands)]
  const understood = reading.understood && !cut
  // After a change of folder nobody knows what a relative name means.
  const moving = commands.filter((command) =>
    formsOf(command).some((form) => /^(?:cd|pushd|popd|chdir)\b/.test(form)),
  )
  const moves = moving.length > 0
  const atRoot =
    work !== null && moving.every((command) => leadsToRoot(command, work)) && isAtRoot(line, place, work)
  const verdicts = [
    ...commands.map((command) => {
      const forms = formsOf(command)
      const ruled = first(own, ({ verdict, pattern }) =>
        verdict === 'allow'
          ? everything(pattern) || (understood && globFits(pattern ?? '', command))
          : everything(pattern) || forms.some((form) => globFits(pattern ?? '', form, { ignoreCase: true })),
      )
      if (ruled !== null || work === null || !understood) return ruled
      return isOrdinaryCommand(command, work, atRoot) ? ordinary(asked.tool) : null
    }),
    ...redirections.map(({ way, text, path }) => {
      const tool = way === 'read' ? 'Read' : 'Write'
      const known = path === null || (moves && !path.startsWith('/')) ? null : path
      const ruled = first(rules, (rule) =>
        fitsTool(rule.tool, asked.tool)
          ? everything(rule.pattern) ||
            globFits(rule.pattern ?? '', text, { ignoreCase: rule.verdict === 'deny' })
          : (rule.verdict === 'deny' || (understood && known !== null)) &&
            fitsFile(rule, tool, known ?? path ?? '', place),
      )
      if (ruled !== null || !understood || known === null) return ruled
      return ordinaryFile(tool, known, place, work)
    }),
  ]
  // A pattern with an operator in it names the parts together: `curl * | sh`.
  const whole = first(
    own.filter(({ verdict, pattern }) => verdict === 'deny' && /[|&;<>\n]/.test(pattern ?? '')),
    ({ pattern }) => globFits(pattern ?? '', line, { ignoreCase: true }),
  )
  return whole ?? together(verdicts) ?? first(own, ({ pattern }) => textOf(pattern ?? '') === line && !cut)
}

/** The shell is in the worktree's folder, or begins by going there. */
function isAtRoot(line: string, { cwd }: Place, work: OrdinaryWork): boolean {
  if (cwd !== null && work.real(cwd) === work.real(work.worktree)) return true
  const [, first] = /^(cd\s[^;&|<>()]*?)\s*(?:&&|;|\n)/.exec(line) ?? []
  return first !== undefined && leadsToRoot(first, work)
}

const ordinary = (tool: string): Decided => ({ verdict: 'allow', rule: { tool, verdict: 'allow' } })

function ordinaryFile(tool: string, file: string, place: Place, work: OrdinaryWork | null): Decided | null {
  const path = absolute(file, place)
  return work !== null && path !== null && isOrdinaryFile(path, work) ? ordinary(tool) : null
}

/** Denied when one is; allowed when all are, by the last rule it took. */
function together(verdicts: readonly (Decided | null)[]): Decided | null {
  const denied = verdicts.find((one) => one?.verdict === 'deny')
  if (denied !== undefined) return denied
  return verdicts.includes(null) ? null : (verdicts.at(-1) ?? null)
}

const first = (rules: readonly PermissionRule[], fits: (rule: PermissionRule) => boolean): Decided | null => {
  const rule = rules.find(fits)
  return rule === undefined ? null : { verdict: rule.verdict, rule }
}

const everything = (pattern: string | undefined): boolean => pattern === undefined || /^\*+$/.test(pattern)

// --- tools ----------------------------------------------------------------------------------------------------

/** What runtimes call the same thing. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  shell: [
    'bash',
    'shell',
    'exec_command',
    'local_shell',
    'run_shell_command',
    'run_terminal_cmd',
    'powershell',
  ],
  edit: ['edit', 'multiedit', 'notebookedit', 'apply_patch', 'patch', 'replace', 'str_replace'],
  write: ['write', 'write_file', 'create_file'],
  read: ['read', 'read_file', 'read_many_files'],
}

function familyOf(tool: string): string | null {
  const name = tool.toLowerCase()
  return Object.keys(FAMILIES).find((family) => FAMILIES[family]?.includes(name)) ?? null
}

const fitsTool = (named: string, tool: string): boolean =>
  globFits(named, tool, { ignoreCase: true }) ||
  (familyOf(named) !== null && familyOf(named) === familyOf(tool))

/** Who may not edit a file may not write it either. */
const CHANGING: ReadonlySet<string | null> = new Set(['edit', 'write'])

const fitsText = ({ tool, pattern, verdict }: PermissionRule, asked: AskedTool): boolean =>
  fitsTool(tool, asked.tool) &&
  (everything(pattern) ||
    (asked.command !== null &&
      globFits(pattern ?? '', asked.command.trim(), { ignoreCase: verdict === 'deny' })))

// --- files ----------------------------------------------------------------------------------------------------

function fitsFile(
  { tool, pattern, verdict }: PermissionRule,
  asked: string,
  file: string,
  place: Place,
): boolean {
  const changes = verdict === 'deny' && CHANGING.has(familyOf(tool)) && CHANGING.has(familyOf(asked))
  if (!fitsTool(tool, asked) && !changes) return false
  if (pattern === undefined) return true
  const path = absolute(file, place)
  const relative = path === null ? null : below(path, place.worktree)
  if (verdict === 'allow') {
    const shown = pattern.startsWith('/') ? path : (relative ?? (path === null ? plain(file) : null))
    return shown !== null && pathGlobFits(pattern, shown)
  }
  const ways = [file, path, relative, path?.slice(1) ?? null, file.slice(file.lastIndexOf('/') + 1)]
  return ways.some((way) => way !== null && pathGlobFits(pattern, way, { ignoreCase: true }))
}

/** A name that is relative and stays below where it begins, or null. */
function plain(file: string): string | null {
  if (file.startsWith('/') || file.startsWith('~')) return null
  return resolved(`/${file}`)?.slice(1) ?? null
}

function absolute(file: string, { cwd, worktree }: Place): string | null {
  if (file.startsWith('~')) return null
  const from = cwd ?? worktree
  return file.startsWith('/') ? resolved(file) : from === null ? null : resolved(`${from}/${file}`)
}

/** Without `.`, `..` and empty parts; null when it leads above the root. */
function resolved(path: string): string | null {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) return null
  }
  return `/${parts.join('/')}`
}

function below(path: string, folder: string | null): string | null {
  const root = folder === null ? null : resolved(folder)
  if (root === null || !path.startsWith(`${root}/`)) return null
  return path.slice(root.length + 1)
}
