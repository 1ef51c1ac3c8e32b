// Index files of our own, one for each use, so that no crash leaves a lock that the next one meets.

import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

let uses = 0

/**
 * Gives `run` a fresh copy of the index at `path` (or a name where none is yet). If `keep` says so of its result, the
 * copy takes the place of `path`: the next use starts with its knowledge of unchanged files.
 */
export async function withIndex<T>(
  path: string,
  keep: boolean,
  run: (index: string) => Promise<T>,
): Promise<T> {
  const copy = `${path}.${process.pid}.${++uses}`
  try {
    await copyFile(path, copy)
  } catch {
    await mkdir(dirname(path), { recursive: true })
  }
  try {
    const result = await run(copy)
    if (keep) await rename(copy, path)
    return result
  } finally {
    await Promise.all([rm(copy, { force: true }), rm(`${copy}.lock`, { force: true })])
  }
}

/** Removes copies that a process which is no more left in `folder`. */
export async function sweepIndexes(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  await Promise.all(
    names.map(async (name) => {
      const pid = Number(/^.+\.(\d+)\.\d+(?:\.lock)?$/.exec(name)?.[1] ?? 0)
      if (pid !== 0 && !isAlive(pid)) await rm(join(folder, name), { force: true })
    }),
  )
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
