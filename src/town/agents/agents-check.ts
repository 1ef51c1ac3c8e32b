// Looks at each agent program of this machine as a person would: is it there, which version, is somebody logged in.
//
//   Always:  run by the command line in its own process, as the person: the daemon starts no process while its log is
//            open. Of a program only `--version` is run, for at most ten seconds.

import { execFile } from 'node:child_process'
import type { Preset } from '../../ports/presets.ts'
import { presets } from '../../pty/presets/index.ts'
import { passedHere, readPassed } from './conformance.ts'
import { compareVersions, findRuntime, type RuntimeProblem, tooOld } from './runtimes.ts'

type Environment = Readonly<Record<string, string | undefined>>

export type AgentCheck = {
  readonly name: string
  readonly title: string
  /** The program, or null when there is none. */
  readonly program: string | null
  /** As the program says, else as files tell; null when neither does. */
  readonly version: string | null
  /** Why it cannot be started, or null. */
  readonly problem: RuntimeProblem | null
  /** The conformance suite has passed here with this version. Of one's own programs nothing is asked. */
  readonly proved: boolean
  /** The newest version that this gt is tested with, when the one here is newer. */
  readonly newerThan: string | null
}

/** Those that are known, then those of the person's own. `commands`: `agents.<name>.command` by name. */
export async function checkAgents(
  commands: Readonly<Record<string, readonly string[]>>,
  env: Environment,
): Promise<readonly AgentCheck[]> {
  const known = presets.names.filter((name) => presets.get(name) !== presets.script)
  const own = Object.keys(commands).filter((name) => !known.includes(name))
  return Promise.all([...known, ...own].map((name) => check(name, commands[name] ?? null, env)))
}

/** Which agent programs a town sets, and which one it takes when none is named. */
export function agentsSet(settings: Readonly<Record<string, unknown>>): {
  readonly commands: Record<string, readonly string[]>
  readonly chosen: string | null
} {
  const commands: Record<string, readonly string[]> = {}
  for (const [key, value] of Object.entries(settings)) {
    const name = /^agents\.(.+)\.command$/.exec(key)?.[1]
    if (name !== undefined && Array.isArray(value)) commands[name] = value.map(String)
  }
  const chosen = settings['agents.default']
  return { commands, chosen: typeof chosen === 'string' ? chosen : null }
}

async function check(name: string, command: readonly string[] | null, env: Environment): Promise<AgentCheck> {
  const found = findRuntime(presets, { name, command }, env)
  const preset = presets.get(name) ?? presets.script
  const title = preset === presets.script ? name : preset.title
  const none = { name, title, program: null, version: null, proved: false, newerThan: null }
  // What is only not logged in is there nevertheless.
  const there = 'code' in found ? programOf(preset, name, command, env) : found.command
  const [program] = there ?? []
  if (there === null || program === undefined) return { ...none, problem: 'code' in found ? found : null }
  if (preset === presets.script) return { ...none, program, problem: null, proved: true }
  const said = await askVersion(preset, there, env)
  const version = said ?? ('code' in found ? null : found.version)
  const old = version !== null && compareVersions(version, preset.atLeast) < 0
  const newest = [...preset.proved].sort(compareVersions).at(-1)
  return {
    ...none,
    program,
    version,
    problem: old ? tooOld(preset, version) : 'code' in found ? found : null,
    proved: version !== null && passedHere(readPassed(env), preset.name, version),
    newerThan:
      version !== null && newest !== undefined && compareVersions(version, newest) > 0 ? newest : null,
  }
}

/** As if somebody were logged in, and the version were new enough. */
function programOf(
  preset: Preset,
  name: string,
  command: readonly string[] | null,
  env: Environment,
): readonly string[] | null {
  const easy = { ...preset, atLeast: '0', loginMissing: () => null, settingsBroken: () => null }
  const found = findRuntime({ ...presets, get: () => easy }, { name, command }, env)
  return 'code' in found ? null : found.command
}

const VERSION_MS = 10_000

function askVersion(preset: Preset, command: readonly string[], env: Environment): Promise<string | null> {
  const [file = '', ...args] = command
  return new Promise((resolve) => {
    execFile(
      file,
      [...args, ...preset.versionArgs],
      { env, timeout: VERSION_MS, killSignal: 'SIGKILL', encoding: 'utf8' },
      (_, stdout, stderr) => resolve(preset.version(`${stdout}\n${stderr}`)),
    ).stdin?.end()
  })
}
