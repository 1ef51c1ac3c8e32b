// Worktrees: those that are needed are there, those that are there are somebody's.
//
// Always:    nothing of a worktree is removed: it may hold work that is nowhere else.

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { KnownWorktree } from '../../api/reads/known.ts'
import { crew, polecat, sandboxOf } from '../../events/address.ts'
import { layoutOf } from '../../git/layout.ts'
import { townFiles, worktreePath } from '../files.ts'
import { type Check, type Examined, type Found, notChecked, ok, type WorktreeFolder } from './types.ts'

export const worktreeChecks: readonly Check[] = [
  { group: 'worktrees', name: 'worktrees.missing', run: async (town) => allAreThere(town) },
  { group: 'worktrees', name: 'worktrees.unknown', run: async (town) => allAreKnown(town) },
  { group: 'worktrees', name: 'worktrees.registered', run: async (town) => allAreRegistered(town) },
]

/** Every folder in which a worktree lies or may lie, with the owner that its path says. */
export function worktreeFolders(dir: string): WorktreeFolder[] {
  const below = (...path: string[]) => names(join(townFiles(dir).rigs, ...path))
  return below()
    .flatMap((rig) => [
      ...below(rig, 'polecats').flatMap((name) =>
        below(rig, 'polecats', name)
          .filter((k) => /^\d+$/.test(k))
          .map((k) => ({ rig, owner: sandboxOf(polecat(rig, name), Number(k)) })),
      ),
      ...below(rig, 'crew').map((name) => ({ rig, owner: crew(rig, name) })),
    ])
    .map(({ rig, owner }) => ({ rig, owner, path: worktreePath(dir, owner) }))
}

function allAreThere({ known, unknownWhy, dir }: Examined): Found {
  if (known === null) return notChecked(unknownWhy)
  const gone = known.worktrees.filter(({ path }) => !existsSync(path))
  if (gone.length === 0)
    return ok(
      known.worktrees.length === 0
        ? 'No worktree is in use.'
        : `All ${known.worktrees.length} worktrees are there.`,
    )
  return {
    state: 'error',
    sentence:
      `${gone.length === 1 ? 'A worktree' : `${gone.length} worktrees`} in use is not there any more.`.replace(
        /(\d+ worktrees) in use is/,
        '$1 in use are',
      ),
    items: gone.map((one) => `${one.owner}: ${one.path}${hint(dir, one)}`),
    cure: commandFor(gone),
  }
}

/** What was committed lies in the repository of the rig; what was not, in its last checkpoint. */
const hint = (dir: string, { rig, bead }: KnownWorktree): string =>
  existsSync(layoutOf(dir, rig).shared) && bead !== null
    ? `; gt trash list shows what is kept of ${bead}`
    : ''

function commandFor(gone: readonly KnownWorktree[]): string {
  const beads = gone.flatMap(({ bead }) => bead ?? [])
  if (beads.length > 0) return `gt unsling ${beads[0]}, then gt sling ${beads[0]}: it begins anew`
  return `gt crew remove ${gone[0]?.owner ?? '<name>'}, then gt crew add`
}

function allAreKnown({ known, unknownWhy, folders }: Examined): Found {
  if (known === null) return notChecked(unknownWhy)
  const strange = folders.flatMap((one) => {
    const state = known.owners[one.owner]
    if (state === null || state === undefined || state === 'absent')
      return [`${one.path}: nobody was given it`]
    return LEFT.has(state) ? [`${one.path}: ${one.owner} is over (${state})`] : []
  })
  if (strange.length === 0) return ok('Every worktree that is there is somebody’s.')
  return {
    state: 'warning',
    sentence: 'There are folders in which nobody works, and gt does not touch them.',
    items: strange,
    cure: 'look whether they hold anything, then move them away',
  }
}

/** States after which nothing should be left. */
const LEFT: ReadonlySet<string> = new Set(['removed', 'shelved'])

/** What git knows of worktrees that are gone: only an entry without a commit of its own is taken away. */
function allAreRegistered({ known, unknownWhy, dir }: Examined): Found {
  if (known === null) return notChecked(unknownWhy)
  const needed = new Set(known.worktrees.map(({ path }) => path))
  const stale = known.rigs.flatMap(({ name }) => {
    const registry = join(layoutOf(dir, name).shared, 'worktrees')
    return names(registry).flatMap((id) => {
      const admin = join(registry, id)
      const path = read(join(admin, 'gitdir')).replace(/\/\.git$/, '')
      if (path === '' || existsSync(path) || needed.has(path)) return []
      return [{ admin, path, onBranch: read(join(admin, 'HEAD')).startsWith('ref: ') }]
    })
  })
  if (stale.length === 0) return ok('git knows of no worktree that is gone.')
  const safe = stale.filter(({ onBranch }) => onBranch)
  return {
    state: 'warning',
    sentence: 'git still knows of worktrees that are gone.',
    items: stale.map(({ path, onBranch }) => `${path}${onBranch ? '' : ' (with a commit on no branch)'}`),
    cure: safe.length > 0 ? 'gt doctor --fix' : 'give the commit a branch, then git worktree prune',
    ...(safe.length > 0 && {
      async fix() {
        // Its commits are on a branch, which stays.
        for (const { admin, path } of safe)
          if (!existsSync(path)) rmSync(admin, { recursive: true, force: true })
        return `Forgotten: ${safe.map(({ path }) => path).join(', ')}.`
      },
    }),
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}
