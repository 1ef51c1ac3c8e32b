// Removes lock files that a killed git left in the Refinery's repository.
//
// Every git that works there is ours and has `GIT_DIR=<that repository>` in its environment. When no such process
// lives, a lock there belongs to nobody. In the agents' and the person's repositories no lock is ever touched.

import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { processes } from '../pty/processes.ts'

/** Gives the locks that were removed. */
export async function removeStaleLocks(ownRepository: string): Promise<string[]> {
  const locks = await findLocks(ownRepository)
  if (locks.length === 0 || processes.withMarker([`GIT_DIR=${ownRepository}`]).length > 0) return []
  await Promise.all(locks.map((lock) => rm(lock, { force: true })))
  return locks
}

async function findLocks(folder: string): Promise<string[]> {
  const top = await readdir(folder).catch((): string[] => [])
  const refs = await readdir(join(folder, 'refs'), { recursive: true }).catch((): string[] => [])
  return [...top, ...refs.map((name) => join('refs', name))]
    .filter((name) => name.endsWith('.lock'))
    .map((name) => join(folder, name))
}
