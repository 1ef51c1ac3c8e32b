// Says how much a commit changes: which files, and how many lines of each.
//
// Owns:      counting, of commits that landed and of branches that agents have.
// Does not:  show any text of a file; follow renames: what is gone here and new there is two files.

import type { ChangeStat, Repositories } from '../ports/repositories.ts'
import { gitFields, gitOutcome } from './git.ts'
import { type Layout, readingEnv } from './layout.ts'
import { checkObjectId } from './names.ts'

const FILES_MAX = 500

/** @throws RepositoryError GIT_FAILED when a commit is not there, NAME_INVALID */
export async function showChange(
  layout: Layout,
  { base, head }: Parameters<Repositories['showChange']>[0],
): Promise<ChangeStat> {
  const at = { cwd: '/', env: readingEnv(layout) }
  const parted = await gitOutcome(['merge-base', checkObjectId(base), checkObjectId(head)], at)
  const from = parted.code === 0 ? parted.stdout.toString().trim() : base
  const files = filesIn(await gitFields([...NUMSTAT, from, head], at))
  const sum = (of: 'added' | 'removed') => files.reduce((all, file) => all + (file[of] ?? 0), 0)
  return {
    files: files.slice(0, FILES_MAX),
    changed: files.length,
    added: sum('added'),
    removed: sum('removed'),
  }
}

/** Followed by two commits: one field for each file, for `filesIn`. */
export const NUMSTAT = [
  'diff-tree',
  '-r',
  '--numstat',
  '--no-renames',
  '--no-ext-diff',
  '--no-textconv',
  '-z',
]

export function filesIn(rows: readonly string[]): ChangeStat['files'][number][] {
  const count = (text: string | undefined) => (text === undefined || text === '-' ? null : Number(text))
  return rows.map((row) => {
    const [added, removed, ...path] = row.split('\t')
    return { path: path.join('\t'), added: count(added), removed: count(removed) }
  })
}
