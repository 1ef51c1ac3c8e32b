// What the forge of tests does in the repository behind it: the commits that it makes when it merges are real ones.

import { execFileSync } from 'node:child_process'

const GITHUB = { GIT_COMMITTER_NAME: 'GitHub', GIT_COMMITTER_EMAIL: 'noreply@github.test' }

/** Of a bare repository. Null: it does not fit, or is not there. */
export function bareGit(repository: string) {
  const git = (args: readonly string[], env: Readonly<Record<string, string>> = {}): string =>
    execFileSync('git', args, {
      cwd: repository,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        PATH: process.env.PATH ?? '/usr/bin:/bin',
        GIT_CONFIG_NOSYSTEM: '1',
        HOME: '/nonexistent',
        ...env,
      },
    }).trim()
  const head = (branch: string): string | null => {
    try {
      return git(['rev-parse', '--verify', '-q', `refs/heads/${branch}`])
    } catch {
      return null
    }
  }

  const mergeTree = (base: string, theirs: string): string | null => {
    try {
      return git(['merge-tree', '--write-tree', '--no-messages', base, theirs])
    } catch {
      return null
    }
  }
  const commitOf = (tree: string, parents: readonly string[], message: string, as: string): string => {
    const [name = '', email = ''] = git(['show', '-s', '--format=%an%n%ae', as]).split('\n')
    return git(['commit-tree', tree, ...parents.flatMap((one) => ['-p', one]), '-m', message], {
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: email,
      ...GITHUB,
    })
  }
  const replayed = (base: string, theirs: string): string | null => {
    let on = base
    for (const one of git(['rev-list', '--reverse', '--no-merges', `${base}..${theirs}`]).split('\n')) {
      const beside = commitOf(`${on}^{tree}`, [`${one}^1`], 'beside', one)
      const tree = mergeTree(beside, one)
      if (tree === null) return null
      on = commitOf(tree, [on], git(['show', '-s', '--format=%B', one]), one)
    }
    return on
  }
  return { git, head, mergeTree, commitOf, replayed }
}
