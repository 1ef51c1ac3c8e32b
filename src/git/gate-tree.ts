// The Refinery's checkout, in which setup and gates run.
//
// Owns:      the checkout of a layout (refinery/tree) and what of it survives from one run to the next.
// Does not:  run anything of the rig.
//
//   GIT-8. Before the gates the tracked files are those of the commit. Of what is untracked or ignored only dependency
//          folders and what setup made stay; leftovers of earlier gates are removed.
//
// Gates run agents' code. The repository they see (refinery/tree/.git) is a small one that borrows our objects and is
// written anew for each run: what they configure there reaches no git of ours.

import { copyFile, cp, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { git, gitFields } from './git.ts'
import { withIndex } from './index-files.ts'
import { type Layout, ownEnv, treeEnv } from './layout.ts'
import { writeWhole } from './rigs.ts'

/** Folders that hold what a package manager fetched or a compiler may reuse; kept at any depth. */
const DEPENDENCY_FOLDERS = [
  ...['node_modules', '.pnpm-store', '.yarn', '.venv', 'venv', '.tox', '.bundle', 'vendor', 'target'],
  ...['.gradle', '.m2', '.cargo', '.stack-work', 'deps', '_build', 'Pods'],
]

/** Puts the files of a commit there. Of what is untracked dependency folders and `kept` stay. */
export async function checkout(layout: Layout, commit: string, kept: readonly string[]): Promise<void> {
  await mkdir(layout.tree, { recursive: true })
  await withIndex(layout.treeIndex, true, async (index) => {
    const at = { cwd: layout.tree, env: { ...treeEnv(layout, layout.tree, index), ...ownEnv(layout) } }
    await git(['read-tree', '--reset', '-u', '--no-recurse-submodules', commit], at)
    const keep = [...DEPENDENCY_FOLDERS.map((name) => `${name}/`), ...kept.map(literal)]
    await Promise.all([
      git(['clean', '-ffdxq', ...keep.flatMap((pattern) => ['-e', pattern])], at),
      writeGatesRepository(layout, commit, index),
    ])
  })
}

const literal = (path: string): string => `/${path.replace(/[\\*?[\]!# ]/g, '\\$&')}`

async function writeGatesRepository(layout: Layout, commit: string, index: string): Promise<void> {
  const at = join(layout.tree, '.git')
  await Promise.all(
    ['objects/info', 'refs/heads', 'refs/remotes'].map((part) => mkdir(join(at, part), { recursive: true })),
  )
  await Promise.all([
    ...['index.lock', 'hooks', 'info', 'packed-refs', 'config.worktree'].map((part) =>
      rm(join(at, part), { recursive: true, force: true }),
    ),
    writeWhole(join(at, 'config'), GATES_CONFIG),
    writeWhole(join(at, 'objects/info/alternates'), `${join(layout.own, 'objects')}\n`),
    writeWhole(join(at, 'HEAD'), `${commit}\n`),
    copyFile(index, join(at, 'index')),
  ])
  // Tags and remote branches: some builds ask git for a version.
  await Promise.all([
    copyFile(join(layout.own, 'packed-refs'), join(at, 'packed-refs')).catch(() => undefined),
    cp(join(layout.own, 'refs/remotes'), join(at, 'refs/remotes'), { recursive: true }).catch(
      () => undefined,
    ),
  ])
}

const GATES_CONFIG =
  '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n[gc]\n\tauto = 0\n'

type Note = { readonly digest: string | null; readonly kept: readonly string[] }

/** Which setup the tree has had, and the ignored paths that it left. */
export async function readNote(layout: Layout): Promise<Note> {
  const none: Note = { digest: null, kept: [] }
  try {
    const note: unknown = JSON.parse(await readFile(layout.treeSetup, 'utf8'))
    return note !== null && typeof note === 'object' && 'digest' in note && 'kept' in note
      ? (note as Note)
      : none
  } catch {
    return none
  }
}

/** From now on that setup has been; what it left that git ignores stays. */
export async function noteSetup(layout: Layout, digest: string): Promise<void> {
  const kept = await withIndex(layout.treeIndex, false, (index) =>
    gitFields(['ls-files', '-z', '-o', '--directory', '--no-empty-directory'], {
      cwd: layout.tree,
      env: { ...treeEnv(layout, layout.tree, index), ...ownEnv(layout) },
    }),
  )
  await writeWhole(layout.treeSetup, JSON.stringify({ digest, kept } satisfies Note))
}

/** Gone until it has succeeded: one that was cut short runs again. */
export const forgetSetup = (layout: Layout): Promise<void> => rm(layout.treeSetup, { force: true })
