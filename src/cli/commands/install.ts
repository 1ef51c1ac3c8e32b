// gt install: makes a town in an empty folder.

import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { ClientFault } from '../../client/fault.ts'
import { findTown } from '../../client/find-town.ts'
import { registerTown } from '../../client/registry.ts'
import { type Command, textOf } from '../command.ts'

export const install: Command = {
  name: 'install',
  summary: 'makes a town (folder of all your work)',
  usage: '<folder>',
  where: 'person',
  words: [1, 1],
  options: { name: { type: 'text', value: '<name>', help: 'what it is called; else like the folder' } },
  async run(call) {
    const { env, out, cwd } = call
    const dir = resolve(cwd, call.words[0] as string)
    if (isTown(dir)) throw new ClientFault('TOWN_EXISTS', `${dir} is a town already.`)
    const name = textOf(call, 'name') ?? basename(dir)
    const claude = onPath('claude', env) !== null
    const { installTown } = await import('../../client/embedded.ts')
    const { townId } = await installTown({
      dir,
      name,
      owner: ownerOf(env),
      settings: claude ? { 'agents.default': 'claude' } : {},
    })
    try {
      registerTown(env, { dir, id: townId })
    } catch {
      out.note(
        'the list of your towns could not be written; name this one with --town, or go into its folder',
      )
    }
    const other = otherGt(env)
    if (other !== null) out.note(other)
    out.note(`the town (folder of all your work) ${name} is at ${dir}`)
    out.note(
      claude
        ? 'agents: claude, because it is on your PATH'
        : 'agents: claude was not found; gt doctor --agents shows which programs are known, and what is here',
    )
    out.note(`next: cd ${dir} && gt up`)
    // The folder alone, for scripts.
    out.answer({
      json: { id: townId, dir, name, seq: 1, ...(other !== null && { warning: other }) },
      ids: [dir],
    })
  },
}

function isTown(dir: string): boolean {
  try {
    return findTown(dir, dir, {}).dir === dir
  } catch {
    return false
  }
}

/** Whose name stands in the orders; git knows it best, but is not worth failing for. */
function ownerOf(env: NodeJS.ProcessEnv): { name: string; email: string } {
  const user = env.USER ?? env.LOGNAME ?? 'overseer'
  const config = gitConfig(env)
  return { name: config('name') ?? user, email: config('email') ?? `${user}@localhost` }
}

function gitConfig(env: NodeJS.ProcessEnv): (key: 'name' | 'email') => string | null {
  let text = ''
  try {
    text = readFileSync(env.GIT_CONFIG_GLOBAL ?? join(env.HOME ?? '/', '.gitconfig'), 'utf8')
  } catch {
    // Nobody configured git here.
  }
  const user = /^\[user\][^[]*/m.exec(text)?.[0] ?? ''
  return (key) => new RegExp(`^\\s*${key}\\s*=\\s*"?([^"\\n]+?)"?\\s*$`, 'm').exec(user)?.[1] ?? null
}

/** A sentence about the `gt` that a shell would run instead of this one, or null. */
function otherGt(env: NodeJS.ProcessEnv): string | null {
  const first = onPath('gt', env)
  if (first === null) return null
  const own = realpathSync(process.argv[1] ?? '')
  const found = realpathSync(first)
  // Ours is a launcher in bin/ of the package that this file is in.
  if (own.startsWith(`${dirname(dirname(found))}/`)) return null
  return `another gt comes first on PATH: ${first} (${ownerOfProgram(found)}); run this one by its path, or put its folder first`
}

/** Whose a program is, as far as the file next to it says. */
function ownerOfProgram(path: string): string {
  for (let dir = dirname(path); dirname(dir) !== dir; dir = dirname(dir)) {
    try {
      const { name } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { name?: string }
      if (name !== undefined) return `of the npm package ${name}`
    } catch {
      // Not a package; look further up.
    }
  }
  try {
    const head = readFileSync(path).subarray(0, 4_096).toString('latin1')
    if (/graphite/i.test(head)) return 'of Graphite'
  } catch {
    return 'which cannot be read'
  }
  return path === '' ? 'unknown' : `the program ${path}`
}

function onPath(program: string, env: NodeJS.ProcessEnv): string | null {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    if (!folder.startsWith('/')) continue
    const path = join(folder, program)
    try {
      accessSync(path, constants.X_OK)
      if (statSync(path).isFile()) return path
    } catch {
      // Not in this folder.
    }
  }
  return null
}
