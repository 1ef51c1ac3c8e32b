// A town folder with real repositories, made fast and removed afterwards.

import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { onTestFinished } from 'vitest'
import { createRepositories } from '../../src/git/repositories.ts'
import type { Remote, Repositories } from '../../src/ports/repositories.ts'
import { atFileEnd } from '../support/file-end.ts'

export const AUTHOR = { name: 'hermes/polecats/nux', email: 'hermes.polecats.nux@town' }
export const COMMITTER = { name: 'hermes/refinery', email: 'hermes.refinery@town' }
export const ENV = { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: '/nonexistent' }
export const RIG = 'hermes'

const PERSON = {
  PATH: ENV.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'p',
  GIT_AUTHOR_EMAIL: 'p@x',
  GIT_COMMITTER_NAME: 'p',
  GIT_COMMITTER_EMAIL: 'p@x',
}

/** git as a person or agent runs it. */
export function sh(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, {
    cwd,
    env: PERSON,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()
}

export function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

export function commit(
  folder: string,
  message: string,
  files: Readonly<Record<string, string>> = {},
): string {
  write(folder, files)
  sh(folder, 'add', '-A')
  sh(folder, 'commit', '-qm', message)
  return sh(folder, 'rev-parse', 'HEAD')
}

export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gt-git-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

export const FILES = {
  'package.json': '{"scripts":{"test":"node --test"}}',
  'src/a.txt': `${Array.from({ length: 30 }, (_, n) => `line ${n}`).join('\n')}\n`,
  'src/b.txt': 'b\n',
  '.gitignore': 'node_modules/\n.env\n*.log\n',
}

export type Town = {
  readonly dir: string
  readonly repos: Repositories
  /** The person's repository. */
  readonly home: string
  readonly remote: Remote
  readonly at: { readonly rig: string; readonly remote: Remote; readonly target: string }
  worktree(name: string): string
  add(
    name: string,
    more?: Partial<Parameters<Repositories['addWorktree']>[0]>,
  ): Promise<{ base: string; head: string; path: string; branch: string }>
}

const templates = new Map<string, string>()

/** A repository with one commit on main, made once for each set of files. */
function template(files: Readonly<Record<string, string>>): string {
  const key = JSON.stringify(files)
  const known = templates.get(key)
  if (known !== undefined) return known
  const folder = mkdtempSync(join(tmpdir(), 'gt-git-'))
  sh(folder, 'init', '-q', '--template=', '-b', 'main')
  commit(folder, 'first', files)
  templates.set(key, folder)
  atFileEnd(() => {
    templates.delete(key)
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** A town whose rig is cloned already. */
export async function town(
  kind: 'origin' | 'local' = 'origin',
  files: Readonly<Record<string, string>> = FILES,
): Promise<Town> {
  const dir = tempFolder()
  const home = join(dir, 'home')
  const bare = join(dir, 'remote.git')
  cpSync(template(files), home, { recursive: true })
  if (kind === 'origin') {
    cpSync(join(home, '.git'), bare, { recursive: true })
    writeFileSync(join(bare, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = true\n')
    appendFileSync(
      join(home, '.git/config'),
      `[remote "origin"]\n\turl = ${bare}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`,
    )
  }
  const repos = createRepositories(dir)
  const remote: Remote = kind === 'origin' ? { kind, url: bare } : { kind, url: home }
  const at = { rig: RIG, remote, target: 'main' }
  mkdirSync(join(dir, 'rigs', RIG), { recursive: true })
  await repos.cloneRig(at)
  const worktree = (name: string) => join(dir, 'rigs', RIG, 'polecats', name, '1')
  return {
    dir,
    repos,
    home,
    remote,
    at,
    worktree,
    async add(name, more = {}) {
      const path = worktree(name)
      const branch = `polecat/${name}/b1`
      const added = await repos.addWorktree({
        ...at,
        path,
        branch,
        source: home,
        copy: [],
        setup: null,
        env: ENV,
        ...more,
      })
      return { ...added, path, branch }
    },
  }
}

export const merge = (branch: string, head: string) => ({
  branch,
  head,
  message: 'Do it\n\nBead: he-1',
  author: AUTHOR,
  committer: COMMITTER,
  date: 1_700_000_000_000,
})

/** Every file below a folder with its content, mode and kind: what "byte-equal" means. */
export function snapshot(
  folder: string,
  except: (path: string) => boolean = () => false,
): Map<string, string> {
  const found = new Map<string, string>()
  const walk = (at: string): void => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const path = join(at, entry.name)
      const name = relative(folder, path)
      if (except(name)) continue
      if (entry.isDirectory()) walk(path)
      else found.set(name, `${statSync(path).mode} ${readFileSync(path).toString('base64')}`)
    }
  }
  if (existsSync(folder)) walk(folder)
  return found
}
