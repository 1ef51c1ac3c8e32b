// The repositories that the demo works on, all in its own folder.
//
// Always:    a repository of the person's (--repo) is only read: git is told to take no optional locks, and shares no
//            file with it.

import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environment } from './environment.ts'
import { historyStream } from './package-history.ts'
import { OWN_FOLDER } from './work/any-work.ts'

export type Repository = {
  readonly rig: string
  /** What `gt rig add` is given. */
  readonly source: string
  /** Where work lands. */
  readonly remote: string
  readonly target: string
  readonly commits: number
  readonly sentence: string
}

/** The package with its 20 commits, and a bare repository as its origin. */
export function buildPackage(folder: string): Repository {
  const source = join(folder, 'till')
  const remote = join(folder, 'till.git')
  mkdirSync(source)
  git(folder, ['init', '-q', '--bare', '-b', 'main', remote])
  git(source, ['init', '-q', '-b', 'main'])
  git(
    source,
    ['fast-import', '--quiet', '--done'],
    historyStream(fileURLToPath(new URL('package', import.meta.url))),
  )
  git(source, ['reset', '-q', '--hard'])
  git(source, ['remote', 'add', 'origin', remote])
  git(source, ['push', '-q', '-u', 'origin', 'main'])
  const commits = count(remote, 'main')
  return {
    rig: 'till',
    source,
    remote,
    target: 'main',
    commits,
    sentence: `the repository: a small npm package, ${commits} commits, 25 tests`,
  }
}

/** A clone of the person's repository. */
export function clonePersons(folder: string, path: string): Repository {
  const remote = join(folder, 'repo.git')
  git(folder, ['clone', '-q', '--bare', '--no-hardlinks', '--', resolve(path), remote])
  // Nothing that is done here may find its way back.
  git(remote, ['remote', 'remove', 'origin'])
  const target = branchOf(remote)
  if (git(remote, ['ls-tree', '--name-only', target, OWN_FOLDER]) !== '')
    throw new Error(`${path} has ${OWN_FOLDER}/ already, where the demo would put its files.`)
  const commits = count(remote, target)
  return {
    rig: 'repo',
    source: remote,
    remote,
    target,
    commits,
    sentence: `the repository: a clone of yours (${commits} commits), which is only read`,
  }
}

function branchOf(remote: string): string {
  const head = spawnSync('git', ['-C', remote, 'symbolic-ref', '--short', 'HEAD'], { encoding: 'utf8', env })
  const branches = git(remote, ['for-each-ref', '--format=%(refname:short)', 'refs/heads'])
    .split('\n')
    .filter(Boolean)
  const named = head.status === 0 ? head.stdout.trim() : ''
  const target = branches.includes(named) ? named : branches[0]
  if (target === undefined) throw new Error('The repository has no branch with a commit yet.')
  return target
}

const count = (remote: string, target: string): number => Number(git(remote, ['rev-list', '--count', target]))

/** What has landed, newest first. */
export function landedIn({ remote, target }: Repository, n: number): { author: string; title: string }[] {
  return git(remote, ['log', `-${n}`, '--format=%an%x09%s', target])
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([author = '', title = '']) => ({ author, title }))
}

const env: NodeJS.ProcessEnv = { ...environment(), GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' }

function git(cwd: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync('git', ['-c', 'core.hooksPath=/dev/null', ...args], {
    cwd,
    env,
    encoding: 'utf8',
    ...(input !== undefined && { input }),
  })
  if (status !== 0) throw new Error(`git ${args[0]}: ${(error?.message ?? stderr).trim()}`)
  return stdout.trim()
}
