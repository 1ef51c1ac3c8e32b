// Packs what landings leave behind, so that a rig does not grow by what it no longer needs twice.
//
// Owns:      packs and packed refs of refinery/git; which loose objects repo.git may let go.
// Does not:  decide when; remove any object or ref.
// Always:    an object leaves one place only when it is in another one of ours. Killed at any instant nothing is lost.
//
//   GIT-72. refinery/git keeps each of its objects and refs: from many files they come into one. repo.git lets go only
//           of objects that refinery/git has, from which it borrows them.

import { lstat, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { processes } from '../pty/processes.ts'
import { git } from './git.ts'
import { type Layout, onOwn } from './layout.ts'

/** Fewer are not worth four processes; about ten landings leave as many, and each takes a block of the disk. */
const LOOSE_MAX = 64

type Tidied = { readonly packed: number; readonly released: number }

/** Does nothing, and says so, where there is little to do. @throws RepositoryError GIT_FAILED, and nothing is lost */
export async function tidy(layout: Layout, looseMax: number = LOOSE_MAX): Promise<Tidied> {
  const packed = (await looseObjects(layout.own)).length
  if (packed < looseMax) return { packed: 0, released: 0 }
  const at = onOwn(layout)
  // Small packs come into one as well; a large one stays as it is, so that this never takes longer than what is new.
  await git(['repack', '-d', '-l', '-q', '--geometric=2'], at)
  await git(['pack-refs', '--all'], at)
  return { packed, released: await release(layout) }
}

/** Removes the agents' copies of objects that are ours too. */
async function release(layout: Layout): Promise<number> {
  const theirs = await looseObjects(layout.shared)
  if (theirs.length === 0) return 0
  const said = await git(['cat-file', '--batch-check=%(objectname)'], {
    ...onOwn(layout),
    input: `${theirs.join('\n')}\n`,
  })
  // What is missing is told with a word behind its id.
  const ours = new Set(said.split('\n'))
  const both = theirs.filter((id) => ours.has(id))
  for (const id of both)
    await rm(join(layout.shared, 'objects', id.slice(0, 2), id.slice(2)), { force: true })
  // As git does; one that is not empty stays.
  for (const folder of new Set(both.map((id) => id.slice(0, 2))))
    await rmdir(join(layout.shared, 'objects', folder)).catch(() => undefined)
  return both.length
}

/** Ids of objects that are files of their own. Folders that are links are somebody else's. */
async function looseObjects(repository: string): Promise<string[]> {
  const objects = join(repository, 'objects')
  const folders = (await readdir(objects).catch((): string[] => [])).filter((name) =>
    /^[0-9a-f]{2}$/.test(name),
  )
  const found: string[] = []
  for (const folder of folders) {
    const path = join(objects, folder)
    if (!(await lstat(path).catch(() => null))?.isDirectory()) continue
    for (const name of await readdir(path).catch((): string[] => []))
      if (/^([0-9a-f]{38}|[0-9a-f]{62})$/.test(name)) found.push(folder + name)
  }
  return found
}

/** Half a pack that a killed git left; when no git of ours lives it belongs to nobody. */
export async function removeHalfPacks(layout: Layout): Promise<void> {
  const folder = join(layout.own, 'objects', 'pack')
  const half = (await readdir(folder).catch((): string[] => [])).filter((name) => /^\.?tmp[-_]/.test(name))
  if (half.length === 0 || processes.withMarker([`GIT_DIR=${layout.own}`]).length > 0) return
  await Promise.all(half.map((name) => rm(join(folder, name), { force: true })))
}
