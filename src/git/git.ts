// The one way this program runs git.
//
// Owns:      the argument vector's configuration, the environment, the outcome as a value.
// Does not:  know rigs or worktrees; decide what a failure means.
// Crosses:   `git(args, options)` out to a git process through simple-git; back its output as bytes.
//
//   GIT-1. Nothing of git's own configuration files is used for local work; no hook, monitor, pager, editor, prompt
//          or remote helper can start. Operations with the user's remote may use the operator's own credentials.

import { simpleGit } from 'simple-git'
import { RepositoryError } from '../ports/repositories.ts'

export type GitOptions = {
  /** Directory git runs in; must exist. */
  readonly cwd: string
  /** Variables of this one call (`GIT_DIR`, `GIT_INDEX_FILE`, …) beside ours. */
  readonly env?: Readonly<Record<string, string>>
  /** Written to its standard input; without it standard input stays closed to git's questions. */
  readonly input?: Buffer | string
  /** `remote`: the operator's own configuration and credentials are used. See `remoteEnvironment`. */
  readonly access?: 'local' | 'remote'
  /** Ends git after so many ms without a byte of output. */
  readonly silentMsMax?: number
}

export type GitOutcome = {
  /** 0 to 255; -1 when it could not be started or was ended by a signal. */
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

/**
 * Time without any output after which an operation is taken to hang, in ms. Fetches run with `--progress`, so a slow
 * network still writes; a local command on a very large repository may think for a minute.
 */
const SILENT_MS_MAX = 300_000

/** Given with `-c` to each call: these win over every file, a repository's own included. */
const CONFIGURATION: readonly string[] = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.attributesFile=/dev/null',
  'core.editor=false',
  'core.pager=cat',
  'core.quotePath=false',
  // Agents' fetches hold ref locks for milliseconds; git's own patience is 100 ms.
  'core.filesRefLockTimeout=3000',
  'core.packedRefsTimeout=3000',
  'protocol.ext.allow=never',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'push.recurseSubmodules=no',
  'push.gpgSign=false',
  'commit.gpgSign=false',
  'tag.gpgSign=false',
  'log.showSignature=false',
  'gc.auto=0',
  'gc.autoDetach=false',
  'maintenance.auto=false',
  'receive.autogc=false',
  'advice.detachedHead=false',
  'rerere.enabled=false',
]

/** What simple-git's guards would refuse although we set it ourselves, to make git safer. */
const GUARDS = {
  allowUnsafeAskPass: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeEditor: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeHooksPath: true,
  allowUnsafePack: true,
  allowUnsafePager: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeSshCommand: true,
  allowUnsafeTemplateDir: true,
}

/** Runs git and gives its outcome whatever the exit code. `args` never hold a name that was not validated. */
export async function gitOutcome(args: readonly string[], options: GitOptions): Promise<GitOutcome> {
  const env = {
    ...(options.access === 'remote' ? remoteEnvironment() : localEnvironment()),
    ...options.env,
  }
  let outcome: GitOutcome | null = null
  const { input } = options
  const client = simpleGit({
    baseDir: options.cwd,
    config: [...CONFIGURATION],
    unsafe: GUARDS,
    allowEnvironment: Object.keys(env),
    maxConcurrentProcesses: 64,
    completion: { onClose: true, onExit: false },
    timeout: { block: options.silentMsMax ?? SILENT_MS_MAX },
    // git reads to the end of its input; an empty one must end as well.
    input: () => (input === undefined || input.length === 0 ? '\n' : input),
    // simple-git turns an exit code into an error made of text. This hook sees the bytes and the code, and returning
    // nothing makes every end of git a normal one: what it means is for the caller.
    errors(_error, { exitCode, stdOut, stdErr }) {
      outcome = {
        code: exitCode ?? -1,
        stdout: Buffer.concat(stdOut),
        stderr: Buffer.concat(stdErr).toString(),
      }
      return undefined
    },
  })
  client.env(env)
  // simple-git 4.0 waits 50 ms more for a command that printed nothing (its completion plugin); an empty chunk is
  // enough to tell it that the streams work. Measured: 55.7 ms without, 4.6 ms with, for `git cat-file -e`.
  client.outputHandler((_command, stdout) => {
    queueMicrotask(() => stdout.emit('data', Buffer.alloc(0)))
  })
  try {
    await client.raw([...args])
  } catch (cause) {
    throw new RepositoryError('GIT_FAILED', `git ${args[0]} could not be run: ${firstLine(String(cause))}`)
  }
  return outcome ?? { code: -1, stdout: Buffer.alloc(0), stderr: 'git gave no outcome' }
}

/** Runs git and gives what it printed, without the last line end. @throws RepositoryError GIT_FAILED */
export async function git(args: readonly string[], options: GitOptions): Promise<string> {
  const outcome = await gitOutcome(args, options)
  if (outcome.code !== 0) throw gitFailed(args, outcome)
  return outcome.stdout.toString().replace(/\n$/, '')
}

/** Like `git`, for output that is cut at NUL. */
export async function gitFields(args: readonly string[], options: GitOptions): Promise<string[]> {
  return fields((await git(args, options)).toString())
}

export const fields = (text: string): string[] => text.split('\0').filter((part) => part !== '')

export function gitFailed(args: readonly string[], outcome: GitOutcome): RepositoryError {
  const command = args.find((arg) => !arg.startsWith('-')) ?? 'git'
  const said = firstLine(outcome.stderr)
  return new RepositoryError('GIT_FAILED', `git ${command} failed (exit ${outcome.code}): ${said}`, {
    exitCode: outcome.code,
    stderr: withoutCredentials(outcome.stderr).slice(-2_000),
  })
}

/** The line of git's complaint that says most, without a password that a URL may hold. */
export function firstLine(text: string): string {
  const lines = withoutCredentials(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const telling = lines.find((line) => /^(fatal|error|remote):/.test(line)) ?? lines[0] ?? 'it said nothing'
  return telling.replace(/^(fatal|error): /, '').slice(0, 300)
}

export const withoutCredentials = (text: string): string => text.replace(/(\w+:\/\/)[^/\s@]*@/g, '$1')

/** Oldest git whose `merge-tree --write-tree` we can use. */
const VERSION_MIN = [2, 38] as const
let checked: Promise<void> | null = null

/** @throws RepositoryError GIT_TOO_OLD, when git is missing as well */
export function checkGitVersion(): Promise<void> {
  checked ??= (async () => {
    const outcome = await gitOutcome(['version'], { cwd: '/' })
    const found = /(\d+)\.(\d+)/.exec(outcome.stdout.toString())
    const [major, minor] = [Number(found?.[1] ?? 0), Number(found?.[2] ?? 0)]
    if (major > VERSION_MIN[0] || (major === VERSION_MIN[0] && minor >= VERSION_MIN[1])) return
    const what = found === null ? 'git was not found' : `git ${found[0]} is too old`
    throw new RepositoryError('GIT_TOO_OLD', `${what}; install git ${VERSION_MIN.join('.')} or later.`)
  })()
  checked.catch(() => {
    checked = null
  })
  return checked
}

function localEnvironment(): Record<string, string> {
  return {
    ...PROMPTS_OFF,
    ...inherited(['PATH', 'HOME', 'TMPDIR', 'XDG_CONFIG_HOME']),
    GIT_CONFIG_NOSYSTEM: '1',
    // HOME stays, so that the operator's own ignore file (~/.config/git/ignore) counts as it does for the agents.
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_OPTIONAL_LOCKS: '0',
  }
}

/**
 * For the user's own remote and own repository: git must find the operator's credentials, so it reads the operator's
 * and the system's configuration (credential helper, ssh command, proxy, url rewriting, safe.directory) and gets the
 * variables that ssh agents, key rings and proxies are found by. This is the only place where anything beyond our own
 * configuration is let in; hooks, monitors, helpers of the `ext` kind and prompts stay off.
 */
function remoteEnvironment(): Record<string, string> {
  return { ...PROMPTS_OFF, ...inherited(OPERATOR), GIT_OPTIONAL_LOCKS: '0' }
}

const PROMPTS_OFF = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '',
  GIT_NO_LAZY_FETCH: '1',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
}

const OPERATOR = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME', 'XDG_RUNTIME_DIR'],
  ...[
    'SSH_AUTH_SOCK',
    'SSH_AGENT_PID',
    'GIT_SSH',
    'GIT_SSH_COMMAND',
    'GIT_SSH_VARIANT',
    'KRB5CCNAME',
    'GNUPGHOME',
  ],
  ...[
    'DBUS_SESSION_BUS_ADDRESS',
    'GIT_CONFIG_GLOBAL',
    'GIT_CONFIG_SYSTEM',
    'GIT_SSL_CAINFO',
    'SSL_CERT_FILE',
  ],
  ...[
    'SSL_CERT_DIR',
    'http_proxy',
    'https_proxy',
    'HTTPS_PROXY',
    'all_proxy',
    'ALL_PROXY',
    'no_proxy',
    'NO_PROXY',
  ],
]

function inherited(names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of names) {
    const value = process.env[name]
    if (value !== undefined) found[name] = value
  }
  return found
}
