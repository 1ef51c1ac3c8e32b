// Agent programs on this machine: where one is, which version, and whether somebody is logged in; from files alone.
//
//   Always:  nothing is started here: the daemon starts no process while its log is open. A version that no file tells
//            is unknown (null); `gt doctor --agents` asks the program itself.

import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import type { RuntimeFound } from '../../api/town.ts'
import type { Preset, Presets } from '../../ports/presets.ts'
import { textOf } from '../text-of.ts'
import { passedHere, readPassed } from './conformance.ts'

type Environment = Readonly<Record<string, string | undefined>>

export type Runtime = {
  readonly preset: Preset
  /** What a person set, else the absolute path of the program found. */
  readonly command: readonly string[]
  /** As far as files tell. */
  readonly version: string | null
  /** The operator's variables that it logs in with, those that are set. */
  readonly login: Readonly<Record<string, string>>
}

export type RuntimeProblem = {
  readonly code:
    | 'AGENT_UNKNOWN'
    | 'AGENT_NOT_INSTALLED'
    | 'AGENT_TOO_OLD'
    | 'AGENT_NOT_LOGGED_IN'
    | 'AGENT_SETTINGS_BROKEN'
  /** What is wrong, and what to do. */
  readonly message: string
}

/** `command` is `agents.<name>.command`, null when nobody set it. `env` is the operator's. */
export function findRuntime(
  presets: Presets,
  { name, command }: { readonly name: string; readonly command: readonly string[] | null },
  env: Environment,
): Runtime | RuntimeProblem {
  const known = presets.get(name)
  if ((known === null || known === presets.script) && command === null) return unknown(presets, name)
  const preset = known ?? presets.script
  const program = command?.[0] ?? preset.programs.find((one) => onPath(one, env) !== null)
  if (program === undefined) return notInstalled(preset)
  const path = isAbsolute(program) ? (isProgram(program) ? program : null) : onPath(program, env)
  if (path === null) return notThere(name, program)
  const version = versionOf(preset, path)
  if (version !== null && compareVersions(version, preset.atLeast) < 0) return tooOld(preset, version)
  const home = env.HOME ?? homedir()
  const login = preset.loginMissing(home, env, textOf)
  if (login !== null) return { code: 'AGENT_NOT_LOGGED_IN', message: login }
  const broken = preset.settingsBroken?.(home, env, textOf) ?? null
  if (broken !== null) return { code: 'AGENT_SETTINGS_BROKEN', message: broken }
  return { preset, command: command ?? [path], version, login: given(preset.login, env) }
}

/** The same, as the routes see it. */
export function lookUpRuntime(
  presets: Presets,
  wanted: { readonly name: string; readonly command: readonly string[] | null },
  env: Environment,
): RuntimeFound {
  const found = findRuntime(presets, wanted, env)
  if ('code' in found) return found
  const { preset, version } = found
  return {
    title: preset.title,
    version,
    proved: preset === presets.script || passedHere(readPassed(env), preset.name, version),
  }
}

const unknown = (presets: Presets, name: string): RuntimeProblem => ({
  code: 'AGENT_UNKNOWN',
  message: `Nobody said how the agent ${name} is started; known without that are ${presets.names.filter((each) => presets.get(each) !== presets.script).join(', ')}.`,
})

const notThere = (name: string, program: string): RuntimeProblem => ({
  code: 'AGENT_NOT_INSTALLED',
  message: `The program ${program}, which agents.${name}.command names, ${whyNot(program)}.`,
})

function whyNot(program: string): string {
  if (!isAbsolute(program))
    return program.includes('/')
      ? 'is another file in each folder: write its path from / on'
      : 'is not there: nothing of that name is on the PATH'
  try {
    return statSync(program).isFile() ? 'may not be executed: chmod +x makes it a program' : 'is no file'
  } catch {
    return 'is not there'
  }
}

const notInstalled = ({ title, programs, install }: Preset): RuntimeProblem => ({
  code: 'AGENT_NOT_INSTALLED',
  message: `${title} is not installed: no program ${programs.join(' or ')} is on the PATH. ${install}.`,
})

export const tooOld = ({ title, atLeast, install }: Preset, version: string): RuntimeProblem => ({
  code: 'AGENT_TOO_OLD',
  message: `${title} ${version} is too old: ${atLeast} or later is needed. ${install}.`,
})

/** The absolute path of a program as a shell of the operator would find it, or null. */
export function onPath(program: string, env: Environment): string | null {
  if (program.includes('/')) return null
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = join(folder, program)
    if (isAbsolute(path) && isProgram(path)) return path
  }
  return null
}

/** Below 0 when `a` is older than `b`. What stands behind the numbers (`-beta.1`) is not compared. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

const numbersOf = (version: string): number[] =>
  (/^\d+(\.\d+)*/.exec(version)?.[0] ?? '0').split('.').map(Number)

const PLAIN = /^\d+\.\d+\.\d+$/

/**
 * Installers keep a version in the package.json above the program, or in a folder of its name
 * (`claude/versions/2.1.330`, `Cellar/codex/0.169.0`).
 */
function versionOf(preset: Preset, path: string): string | null {
  let real: string
  try {
    real = realpathSync(path)
  } catch {
    return null
  }
  for (let dir = dirname(real); dirname(dir) !== dir; dir = dirname(dir)) {
    const found = packageVersion(preset, textOf(join(dir, 'package.json')))
    if (found !== undefined) return found
  }
  // Behind its own name only: version managers have a folder of that shape for Node as well.
  const parts = real.split('/')
  const own = parts.findIndex((part) => preset.programs.includes(part))
  return own === -1 ? null : (parts.findLast((part, at) => at > own && PLAIN.test(part)) ?? null)
}

/** undefined when there is no package here. Somebody else's package (a launcher kept in a project) says nothing. */
function packageVersion({ programs }: Preset, text: string | null): string | null | undefined {
  if (text === null) return undefined
  try {
    const { name, version, bin } = JSON.parse(text) as { name?: string; version?: string; bin?: unknown }
    const own =
      programs.some((program) => name?.includes(program)) ||
      (typeof bin === 'object' && bin !== null && programs.some((program) => Object.hasOwn(bin, program)))
    return own && version !== undefined ? (/^\d+\.\d+\.\d+/.exec(version)?.[0] ?? null) : null
  } catch {
    return undefined
  }
}

function given(names: readonly string[], env: Environment): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of names) {
    const value = env[name]
    if (value !== undefined && value !== '') found[name] = value
  }
  return found
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
