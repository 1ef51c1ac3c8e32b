// Reads refs from the files of a repository, without starting git.
//
// For the agents' repository this is the point: its configuration is theirs. For a remote that is a path on this
// machine it saves 10 ms per look. Only the `files` format is read; anything else gives `unknown`, and the caller asks git.

import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'

export type RefAnswer =
  | { readonly kind: 'found'; readonly id: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown' }

const OBJECT_ID = /^([0-9a-f]{40}|[0-9a-f]{64})$/

/** A ref of the repository whose common directory is `gitDir`; symbolic refs are followed. */
export async function readRef(gitDir: string, ref: string, depth = 0): Promise<RefAnswer> {
  const loose = await textOf(join(gitDir, ref))
  if (loose !== null) {
    const text = loose.trim()
    if (OBJECT_ID.test(text)) return { kind: 'found', id: text }
    const next = /^ref: (refs\/[^\s]+)$/.exec(text)?.[1]
    if (next === undefined || depth > 4 || next.includes('..')) return { kind: 'unknown' }
    return await readRef(gitDir, next, depth + 1)
  }
  const packed = await textOf(join(gitDir, 'packed-refs'))
  if (packed !== null) {
    const at = packed.startsWith(ref) ? -1 : packed.indexOf(` ${ref}\n`)
    if (at > 0) {
      const id = packed.slice(packed.lastIndexOf('\n', at - 1) + 1, at)
      return OBJECT_ID.test(id) ? { kind: 'found', id } : { kind: 'unknown' }
    }
  }
  const plain = await isDirectory(join(gitDir, 'refs', 'heads'))
  return plain && !(await isDirectory(join(gitDir, 'reftable'))) ? { kind: 'absent' } : { kind: 'unknown' }
}

/** Id of a ref that must be in the `files` format, or null when it is absent. */
export async function refId(gitDir: string, ref: string): Promise<string | null> {
  const answer = await readRef(gitDir, ref)
  return answer.kind === 'found' ? answer.id : null
}

/**
 * Sets a ref of a repository of ours, as git does it in files: under its lock, at once, on disk when this returns.
 * False where that is not plainly possible; then nothing was changed, and git is to be asked.
 */
export async function writeRef(gitDir: string, ref: string, id: string): Promise<boolean> {
  if (!OBJECT_ID.test(id) || (await isDirectory(join(gitDir, 'reftable')))) return false
  const lock = `${join(gitDir, ref)}.lock`
  try {
    const file = await open(lock, 'wx', 0o644)
    try {
      await file.writeFile(`${id}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    // A lock that is there is somebody's: git knows how long to wait for it.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      await rm(lock, { force: true }).catch(() => undefined)
    return false
  }
  return await rename(lock, join(gitDir, ref)).then(
    () => true,
    async () => {
      await rm(lock, { force: true })
      return false
    },
  )
}

/** What a worktree has checked out: `{branch}` or, detached, `{id}`; null when its HEAD is missing or no HEAD. */
export async function readHead(
  adminDir: string,
): Promise<{ branch: string | null; id: string | null } | null> {
  const text = (await textOf(join(adminDir, 'HEAD')))?.trim()
  if (text === undefined) return null
  const branch = /^ref: refs\/heads\/(\S+)$/.exec(text)?.[1] ?? null
  if (branch !== null) return { branch, id: null }
  return OBJECT_ID.test(text) ? { branch: null, id: text } : null
}

/** The directory that holds the refs of the repository at `path` (bare, work tree or linked work tree), or null. */
export async function commonDirOf(path: string): Promise<string | null> {
  const dotGit = join(path, '.git')
  if (await isDirectory(dotGit)) return dotGit
  const file = await textOf(dotGit)
  const pointed = file === null ? null : (/^gitdir: (.+)$/m.exec(file)?.[1] ?? null)
  const gitDir = pointed === null ? path : isAbsolute(pointed) ? pointed : join(path, pointed)
  const common = await textOf(join(gitDir, 'commondir'))
  const found =
    common === null ? gitDir : isAbsolute(common.trim()) ? common.trim() : join(gitDir, common.trim())
  return (await isDirectory(join(found, 'objects'))) ? found : null
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return null
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}
