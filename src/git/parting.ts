// Where a branch parted from what it is to land on.

import { lineBelow } from './builds.ts'
import { readCommit } from './commit-files.ts'
import { type GitOptions, git, gitOutcome } from './git.ts'
import { type Layout, onOwn } from './layout.ts'
import { remembered } from './turns.ts'

/** A longer branch is git's to walk. */
const WALKED_MAX = 100

const forks = remembered<string>(1_000)

/** The best commit that both have, or null when they share none or it cannot be told. */
export async function forkOf(layout: Layout, base: string, head: string): Promise<string | null> {
  const found = forks(`${layout.own}\n${base}\n${head}`, async () => {
    const args = ['merge-base', base, head]
    return (await walkedFork(layout, base, head)) ?? (await git(args, onOwn(layout)))
  })
  return await found.catch(() => null)
}

/** Whether `of` has the commit in its history, or is it; false where one of both is not there. */
export const isAncestor = async (
  at: Pick<GitOptions, 'cwd' | 'env'>,
  commit: string,
  of: string,
): Promise<boolean> => (await gitOutcome(['merge-base', '--is-ancestor', commit, of], at)).code === 0

/**
 * The same where the branch is one line of commits that meets the line which we built ourselves: `line` are
 * `base` and what is below it one by one, so whatever else `base` has is below the last of them. A commit of the
 * branch that comes before the one in the line can be none of those, as it stands upon it.
 */
export async function walkedFork(layout: Layout, base: string, head: string): Promise<string | null> {
  const line = new Set(lineBelow(layout, base))
  let commit = head
  for (let n = 0; n < WALKED_MAX; n += 1) {
    if (line.has(commit)) return commit
    const [parent, ...others] = (await readCommit(layout.own, commit))?.parents ?? []
    if (parent === undefined || others.length > 0) return null
    commit = parent
  }
  return null
}
