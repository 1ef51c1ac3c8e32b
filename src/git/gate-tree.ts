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

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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
    const written = writeGatesRepository(layout, commit)
    written.catch(() => undefined)
    await git(['read-tree', '--reset', '-u', '--no-recurse-submodules', commit], at)
    const keep = [...DEPENDENCY_FOLDERS.map((name) => `${name}/`), ...kept.map(literal)]
    await Promise.all([
      git(['clean', '-ffdxq', ...keep.flatMap((pattern) => ['-e', pattern])], at),
      written.then(() => copyFile(index, join(layout.tree, '.git', 'index'))),
    ])
  })
}

const literal = (path: string): string => `/${path.replace(/[\\*?[\]!# ]/g, '\\$&')}`

/**
 * All of it but its index. A few small files, written at once: each by itself waits for a thread, and all of them
 * together took longer than git takes for the checkout.
 */
async function writeGatesRepository(layout: Layout, commit: string): Promise<void> {
  const at = join(layout.tree, '.git')
  for (const part of ['objects/info', 'refs/heads', 'refs/remotes'])
    mkdirSync(join(at, part), { recursive: true })
  for (const part of ['index.lock', 'hooks', 'info', 'packed-refs', 'config.worktree'])
    rmSync(join(at, part), { recursive: true, force: true })
  replace(join(at, 'config'), GATES_CONFIG)
  replace(join(at, 'objects/info/alternates'), `${join(layout.own, 'objects')}\n`)
  replace(join(at, 'HEAD'), `${commit}\n`)
  // Tags and remote branches: some builds ask git for a version.
  await Promise.all([
    copyFile(join(layout.own, 'packed-refs'), join(at, 'packed-refs')).catch(() => undefined),
    cp(join(layout.own, 'refs/remotes'), join(at, 'refs/remotes'), { recursive: true }).catch(
      () => undefined,
    ),
  ])
}

/** Whatever a gate put in its place, also a link that leads elsewhere. */
function replace(path: string, content: string): void {
  const temporary = `${path}.${process.pid}`
  rmSync(temporary, { recursive: true, force: true })
  writeFileSync(temporary, content, { flag: 'wx' })
  renameSync(temporary, path)
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
