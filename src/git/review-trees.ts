// Checkouts for reviewers: exactly one commit, without a branch, and gone afterwards.
//
// Does not:  keep anything of them: what a reviewer writes there is nobody's work, and lands nowhere.
//
//   GIT-73. A reviewer's checkout has the files of the commit that was built, and no branch; one that was left over is
//           thrown away first. Nothing of it is kept.
//   GIT-74. What agent programs read by themselves, as instructions or settings, is there as the target has it: what
//           is under review does not instruct whoever reviews it.

import type { Repositories } from '../ports/repositories.ts'
import { git, gitFields } from './git.ts'
import { withIndex } from './index-files.ts'
import { type Layout, onOwn, worktreeOf } from './layout.ts'
import { checkObjectId } from './names.ts'
import { discard } from './removal.ts'
import { checkout } from './worktrees.ts'

type Input = Parameters<Repositories['addReviewTree']>[0]

/** @throws RepositoryError GIT_FAILED when the commit is not there */
export async function addReviewTree(layout: Layout, input: Input): Promise<{ readonly path: string }> {
  const { path, commit, base } = input
  const worktree = worktreeOf(layout, path)
  for (const id of [commit, base]) checkObjectId(id)
  await discard(layout, worktree)
  const files = await withInstructionsOf(layout, { commit, base })
  await checkout(layout, worktree, commit, { commit, files })
  return { path: worktree.path }
}

export async function removeReviewTree(
  layout: Layout,
  { path }: Parameters<Repositories['removeReviewTree']>[0],
): Promise<{ readonly removed: true }> {
  await discard(layout, worktreeOf(layout, path))
  return { removed: true }
}

/** Read by agent programs wherever they lie: whole folders, and single files. */
const FOLDER = /^\.(?:claude|codex|gemini|opencode|cursor|agents)$/i
const FILE =
  /^(?:(?:claude|claude\.local|agents|agents\.override|gemini)\.md|\.mcp\.json|opencode\.jsonc?|\.cursorrules)$/i

const isInstruction = (path: string): boolean => {
  const parts = path.split('/')
  return parts.some((part) => FOLDER.test(part)) || FILE.test(parts.at(-1) ?? '')
}

/** The commit, or a tree of it in which such files are those of `base`. */
async function withInstructionsOf(
  layout: Layout,
  { commit, base }: Pick<Input, 'commit' | 'base'>,
): Promise<string> {
  const at = onOwn(layout)
  const changed = await gitFields(['diff-tree', '-r', '-z', '--no-renames', '--raw', base, commit], at)
  const entries: string[] = []
  for (let n = 0; n + 1 < changed.length; n += 2) {
    const [mode = '', , id = ''] = (changed[n] ?? '').replace(/^:/, '').split(' ')
    const path = changed[n + 1] ?? ''
    // An old mode of zeros takes it out.
    if (isInstruction(path)) entries.push(`${mode} ${id}\t${path}\0`)
  }
  if (entries.length === 0) return commit
  return await withIndex(`${layout.own}/review-index`, false, async (index) => {
    const env = { ...at.env, GIT_INDEX_FILE: index }
    await git(['read-tree', commit], { ...at, env })
    await git(['update-index', '-z', '--index-info'], { ...at, env, input: entries.join('') })
    return (await git(['write-tree'], { ...at, env })).trim()
  })
}
