// Which tools a gate uses, as a text that changes when one of them does.
//
// Always:    only tools that are known to answer `--version` and do nothing else are run without being told to.

import { realpath, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { runCommand } from './commands.ts'
import type { Layout } from './layout.ts'

type Asked = {
  readonly env: Readonly<Record<string, string>>
  /** What the rig's owner says is to be asked; null: what the command names. */
  readonly commands: readonly (readonly string[])[] | null
}

/** How a known tool says its version, and what it runs on. */
const VERSION_OF: Readonly<Record<string, readonly (readonly string[])[]>> = (() => {
  const plain = (...names: string[]) => names.map((name) => [name, [[name, '--version']]] as const)
  const on = (below: string, ...names: string[]) =>
    names.map(
      (name) =>
        [
          name,
          [
            [name, '--version'],
            [below, '--version'],
          ],
        ] as const,
    )
  return Object.fromEntries([
    ...plain('node', 'bun', 'deno', 'python', 'python3', 'uv', 'ruby', 'php', 'dotnet', 'make', 'cmake'),
    ...plain('gcc', 'cc', 'clang', 'rustc', 'javac', 'elixir', 'swift', 'zig', 'just'),
    ...on('node', 'npm', 'npx', 'pnpm', 'yarn'),
    ...on('python3', 'pytest', 'tox', 'poetry', 'ruff', 'mypy'),
    ...on('rustc', 'cargo'),
    ...on('ruby', 'bundle', 'rake'),
    ...on('elixir', 'mix'),
    ['go', [['go', 'version']]],
    ['java', [['java', '-version']]],
    ['mvn', [['mvn', '--version']]],
    ['gradle', [['java', '-version']]],
  ])
})()

const VERSION_MS_MAX = 10_000
/** A tool that is asked is not asked again so soon, in ms, unless its file is another. */
const KNOWN_FOR_MS = 60_000
const KNOWN_MAX = 200

const known = new Map<string, { readonly until: number; readonly said: Promise<string | null> }>()

/** null: one of the rig's own commands for it did not work, so nobody knows. */
export async function toolchainOf(
  layout: Layout,
  command: readonly string[],
  { env, commands }: Asked,
): Promise<string | null> {
  const own = commands ?? namedIn(command)
  const program = command[0] ?? ''
  const said = await Promise.all([
    fileIdentity(program, env),
    ...own.map((each) => saidBy(layout, each, { env, mayFail: commands === null })),
  ])
  return said.includes(null) ? null : JSON.stringify(said)
}

/** Of any word of the command, as `sh -c "npm test"` names npm. */
function namedIn(command: readonly string[]): (readonly string[])[] {
  const words = command
    .flatMap((part) => part.split(/[^A-Za-z0-9_./+-]+/))
    .map((word) => word.split('/').at(-1))
  const found = new Map<string, readonly string[]>()
  for (const word of words)
    if (word !== undefined && Object.hasOwn(VERSION_OF, word))
      for (const each of VERSION_OF[word] ?? []) found.set(each.join(' '), each)
  return [...found.values()]
}

async function saidBy(
  layout: Layout,
  command: readonly string[],
  { env, mayFail }: { readonly env: Asked['env']; readonly mayFail: boolean },
): Promise<string | null> {
  const key = JSON.stringify([command, env.PATH, await fileIdentity(command[0] ?? '', env)])
  const before = known.get(key)
  const now = Date.now()
  if (before !== undefined && before.until > now) return await before.said
  const said = runCommand({
    command,
    cwd: layout.root,
    env,
    timeoutMs: VERSION_MS_MAX,
    mark: `${layout.tree}#tools`,
    mayLeave: true,
  }).then(({ outcome, logTail }) =>
    outcome === 'passed' ? logTail : mayFail && outcome !== 'timedOut' ? outcome : null,
  )
  known.set(key, { until: now + KNOWN_FOR_MS, said })
  const oldest = known.keys().next().value
  if (known.size > KNOWN_MAX && oldest !== undefined) known.delete(oldest)
  return await said
}

/** Path, size and time of the file that a program is; a program of the tree is part of the tree. */
async function fileIdentity(program: string, env: Asked['env']): Promise<string> {
  const places = isAbsolute(program)
    ? [program]
    : program === '' || program.includes('/')
      ? []
      : (env.PATH ?? '')
          .split(delimiter)
          .flatMap((folder) => (isAbsolute(folder) ? [join(folder, program)] : []))
  for (const place of places) {
    try {
      const path = await realpath(place)
      const { size, mtimeMs, mode } = await stat(path)
      if ((mode & 0o111) !== 0) return JSON.stringify([path, size, mtimeMs])
    } catch {
      // Not there.
    }
  }
  return program
}
