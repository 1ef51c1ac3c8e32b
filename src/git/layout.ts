// Where a rig's repositories lie, and which git sees which.
//
// Owns:      the paths below `<town>/rigs/<rig>`, and the environment that points git at one of them.
//
//   repo.git                  bare; the agents' worktrees are linked to it, so agents can write all of it
//   refinery/git              bare; the Refinery's own objects, refs and configuration; no agent or gate ever has it
//                             as its repository
//   refinery/tree             checkout in which setup and gates run; it has a small repository of its own
//   refinery/tree-ahead       a second one, for what is tested ahead
//   refinery/worktrees/<id>/  what we know of a worktree: our index of it, the setup that ran
//   refinery/resolved/        how conflicts were settled before, as git rerere keeps it; no repository
//   refinery/ignored/         files that git ignores of worktrees that are gone; no repository
//   trash/                    worktrees on their way out
//   origin.git                of a fork alone: bare; the rig lands there while it is apart
//
//   GIT-2. git never runs with `repo.git` as its repository, except to move refs there. Everything else about an
//          agent's work (status, checkpoint, merge) runs with refinery/git as the repository and reads the agents'
//          objects as bytes. So nothing that an agent configures, or names in .gitattributes, can run.
//   GIT-3. `repo.git` borrows objects of refinery/git (alternates); refinery/git copies what it needs from repo.git.

import { join, relative, sep } from 'node:path'
import { checkInside, checkName } from './names.ts'

export type Layout = {
  readonly root: string
  /** The agents' bare repository. */
  readonly shared: string
  /** The Refinery's bare repository. */
  readonly own: string
  /** The Refinery's checkout, its index, and which setup it has had. */
  readonly tree: string
  readonly treeIndex: string
  readonly treeSetup: string
  /** Our notes on worktrees. */
  readonly notes: string
  readonly trash: string
  /** Ignored files of worktrees that are gone. */
  readonly ignored: string
  /** How conflicts were settled, as `git rerere` keeps it. */
  readonly resolved: string
  /** Files to copy into worktrees when the remote is no path. */
  readonly copy: string
  /** Written when `cloneRig` is complete. */
  readonly ready: string
  /** Of a rig of a fork: the bare clone that it lands in while it is apart. */
  readonly apart: string
}

export function layoutOf(townDir: string, rig: string): Layout {
  const root = join(townDir, 'rigs', checkName('rig', rig))
  const refinery = join(root, 'refinery')
  return {
    root,
    shared: join(root, 'repo.git'),
    own: join(refinery, 'git'),
    tree: join(refinery, 'tree'),
    treeIndex: join(refinery, 'git', 'tree-index'),
    treeSetup: join(refinery, 'git', 'tree-setup.json'),
    notes: join(refinery, 'worktrees'),
    trash: join(root, 'trash'),
    ignored: join(refinery, 'ignored'),
    resolved: join(refinery, 'resolved'),
    copy: join(root, 'copy'),
    ready: join(refinery, 'ready'),
    apart: join(root, 'origin.git'),
  }
}

/** The same repository with another checkout, beside the one that it has. */
export const besideTree = (layout: Layout, name: string): Layout => ({
  ...layout,
  tree: `${layout.tree}-${name}`,
  treeIndex: `${layout.treeIndex}-${name}`,
  treeSetup: `${layout.treeSetup}-${name}`,
})

/** A worktree's places. Its id is made of its path, so it is found again without asking git. */
export type Worktree = {
  readonly path: string
  readonly id: string
  /** What git keeps of it in the shared repository (HEAD, index); agents can write it. */
  readonly admin: string
  /** Our index of it, begun when it was made and kept where agents do not look. */
  readonly index: string
  /** Digest of the setup that succeeded in it. */
  readonly setup: string
  /** Is there as long as the worktree of a fork has its files alone: nothing was copied in and no setup has run. */
  readonly unfinished: string
}

export function worktreeOf(layout: Layout, path: string): Worktree {
  const full = checkInside(layout.root, path)
  for (const own of [layout.shared, join(layout.root, 'refinery'), layout.trash, layout.copy]) {
    if (full === own || full.startsWith(own + sep)) checkInside(own, layout.root)
  }
  // `polecats/nux/1` -> `polecats+nux+1`; `+` is in no name, so two paths never share an id.
  const id = relative(layout.root, full).split(sep).join('+')
  return {
    path: full,
    id,
    admin: join(layout.shared, 'worktrees', id),
    index: join(layout.notes, id, 'index'),
    setup: join(layout.notes, id, 'setup'),
    unfinished: join(layout.notes, id, 'unfinished'),
  }
}

/** The Refinery's repository alone. */
export const ownEnv = (layout: Layout): Record<string, string> => ({ GIT_DIR: layout.own })

/** git asked of the Refinery's repository alone; it needs no folder. */
export const onOwn = (layout: Layout): { readonly cwd: string; readonly env: Record<string, string> } => ({
  cwd: '/',
  env: ownEnv(layout),
})

/** The Refinery's repository, which also reads the agents' objects. */
export const readingEnv = (layout: Layout): Record<string, string> => ({
  GIT_DIR: layout.own,
  GIT_ALTERNATE_OBJECT_DIRECTORIES: join(layout.shared, 'objects'),
})

/** The Refinery's repository with somebody's files as its work tree and an index file of our own. */
export const treeEnv = (layout: Layout, tree: string, index: string): Record<string, string> => ({
  ...readingEnv(layout),
  GIT_WORK_TREE: tree,
  GIT_INDEX_FILE: index,
})
