// Keeps files that git ignores (`.env`, a local database) of a worktree that goes, beside git.
//
// Owns:      refinery/ignored: each content once, by its digest (`blobs`), and what there was of each worktree (`kept`).
// Does not:  keep dependency and build folders, which setup and builds make again, or decide when a worktree goes.
//
//   GIT-58. They are kept before the worktree goes, at most 50 MB of one worktree, the smallest first; what was left out is
//           said. Where they cannot be kept nothing is removed.
//   GIT-59. They are in no commit, no ref and no object of any repository: nothing that is pushed or fetched can have them.

import { createHash } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import {
  access,
  chmod,
  copyFile,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  symlink,
  utimes,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type IgnoredKept, RepositoryError } from '../ports/repositories.ts'
import { deepestReal, isInside } from './copies.ts'
import { gitFields } from './git.ts'
import { withIndex } from './index-files.ts'
import { type Layout, treeEnv, type Worktree } from './layout.ts'
import { writeWhole } from './rigs.ts'

/** Of one worktree. A local database or a few fixtures fit; what is larger is data that has another home. */
const BYTES_MAX = 50 * 1024 * 1024
/** Entries that are looked at in one worktree: more would take longer than anybody waits for a removal. */
const LOOKED_AT_MAX = 50_000
const TOLD_MAX = 100
const LEFT_OUT_TOLD_MAX = 20

/** Made again by a package manager, a compiler or a test run. At any depth. */
const MADE_AGAIN: ReadonlySet<string> = new Set([
  ...[
    'node_modules',
    'bower_components',
    '.pnpm-store',
    '.yarn',
    '.venv',
    'venv',
    '.tox',
    '.bundle',
    'vendor',
  ],
  ...['target', 'build', 'dist', 'out', 'deps', '_build', 'Pods', '.gradle', '.m2', '.cargo', '.stack-work'],
  ...[
    '.next',
    '.nuxt',
    '.svelte-kit',
    '.turbo',
    '.parcel-cache',
    '.cache',
    '.vite',
    '.terraform',
    'DerivedData',
  ],
  ...['__pycache__', '.mypy_cache', '.pytest_cache', '.ruff_cache', '.nyc_output', 'coverage', '.git'],
])

type Entry = { readonly path: string; readonly mode: number } & (
  | { readonly kind: 'file'; readonly bytes: number; readonly digest: string }
  | { readonly kind: 'link'; readonly target: string }
)
type LeftOut = IgnoredKept['leftOut']
type Manifest = {
  readonly at: string
  /** What the worktree is kept as. */
  readonly commit: string
  readonly files: readonly Entry[]
  readonly leftOut: LeftOut
}

const blobOf = (layout: Layout, digest: string): string => join(layout.ignored, 'blobs', digest)
const keptOf = (layout: Layout, name: string): string => join(layout.ignored, 'kept', name)

/**
 * `commit`: what the worktree is kept as. Asked again, what is kept already is not kept twice.
 * @throws RepositoryError GIT_FAILED: they are not kept
 */
export async function keepIgnored(
  layout: Layout,
  worktree: Worktree,
  { name, commit }: { readonly name: string; readonly commit: string },
  bytesMax = BYTES_MAX,
): Promise<void> {
  try {
    const before = await manifests(layout, name)
    const { kept, leftOut } = await choose(worktree, await listIgnored(layout, worktree), bytesMax)
    if (kept.length === 0 && leftOut.count === 0 && before.length === 0) return
    const files: Entry[] = []
    for (const one of kept) {
      const entry = await keepOne(layout, worktree, one)
      if (entry !== null) files.push(entry)
    }
    const last = before.at(-1)?.manifest
    if (last !== undefined && isSame(last, { commit, files, leftOut })) return
    const manifest: Manifest = { at: new Date().toISOString(), commit, files, leftOut }
    const n = (before.at(-1)?.n ?? 0) + 1
    await makePrivate(keptOf(layout, name))
    await writeWhole(join(keptOf(layout, name), `${n}.json`), JSON.stringify(manifest))
  } catch (error) {
    if (error instanceof RepositoryError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new RepositoryError(
      'GIT_FAILED',
      `What git ignores of ${worktree.path} could not be kept, so nothing was removed: ${why}`,
    )
  }
}

/** What would not be kept if the worktree went now. */
export const unkeptIn = async (layout: Layout, worktree: Worktree, bytesMax = BYTES_MAX): Promise<LeftOut> =>
  (await choose(worktree, await listIgnored(layout, worktree), bytesMax)).leftOut

/** What is kept beside a commit; null when nothing is, nor was anything left out. */
export async function showIgnored(
  layout: Layout,
  at: { readonly name: string; readonly commit: string | null },
): Promise<IgnoredKept | null> {
  const manifest = await manifestOf(layout, at)
  if (manifest === null || (manifest.files.length === 0 && manifest.leftOut.count === 0)) return null
  const files = manifest.files.map((one) => ({ path: one.path, bytes: one.kind === 'file' ? one.bytes : 0 }))
  return {
    files: files.slice(0, TOLD_MAX),
    count: files.length,
    bytes: files.reduce((all, { bytes }) => all + bytes, 0),
    leftOut: manifest.leftOut,
  }
}

/** Writes them into `folder`, over nothing that is there. Gives how many. */
export async function restoreIgnored(
  layout: Layout,
  at: { readonly name: string; readonly commit: string | null },
  folder: string,
): Promise<number> {
  const manifest = await manifestOf(layout, at)
  const root = await realpath(folder)
  let restored = 0
  for (const entry of manifest?.files ?? []) {
    const to = join(root, entry.path)
    // The tree itself may have a symbolic link where a folder was.
    if (!isInside(root, await deepestReal(dirname(to)))) continue
    await mkdir(dirname(to), { recursive: true })
    restored += 1
    const made =
      entry.kind === 'link'
        ? symlink(entry.target, to)
        : copyFile(
            blobOf(layout, entry.digest),
            to,
            constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE,
          ).then(() => chmod(to, entry.mode))
    await made.catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
      restored -= 1
    })
  }
  return restored
}

// --- keeping --------------------------------------------------------------------------------------------------------

/** Relative paths; a folder of which all is ignored ends with a slash. */
async function listIgnored(layout: Layout, worktree: Worktree): Promise<string[]> {
  return await withIndex(worktree.index, false, async (index) =>
    gitFields(['ls-files', '-z', '-o', '-i', '--exclude-standard', '--directory'], {
      cwd: worktree.path,
      env: treeEnv(layout, worktree.path, index),
    }),
  )
}

type Found = { readonly path: string; readonly stats: Stats }

/** The smallest first, so that one large file keeps no `.env` out. */
async function choose(
  worktree: Worktree,
  listed: readonly string[],
  bytesMax: number,
): Promise<{ kept: Found[]; leftOut: LeftOut }> {
  const found: Found[] = []
  const leftOut = { count: 0, bytes: 0, paths: [] as string[] }
  const leave = (path: string, bytes: number) => {
    leftOut.count += 1
    leftOut.bytes += bytes
    if (leftOut.paths.length < LEFT_OUT_TOLD_MAX) leftOut.paths.push(path)
  }
  let looked = 0
  // git names a folder beside what it has named in it already.
  const seen = new Set<string>()
  const look = async (path: string): Promise<void> => {
    const plain = path.replace(/\/$/, '')
    if (seen.has(plain) || plain.split('/').some((part) => MADE_AGAIN.has(part))) return
    seen.add(plain)
    looked += 1
    if (looked > LOOKED_AT_MAX) return leave(path, 0)
    const stats = await lstat(join(worktree.path, plain)).catch(() => null)
    if (stats === null) return
    if (stats.isDirectory()) {
      const names = await readdir(join(worktree.path, plain)).catch(() => null)
      if (names === null) return leave(path, 0)
      for (const name of names.sort()) await look(`${plain}/${name}`)
    } else if (stats.isSymbolicLink() || (stats.isFile() && (await mayRead(join(worktree.path, plain)))))
      found.push({ path: plain, stats })
    else leave(plain, stats.size)
  }
  for (const path of listed) await look(path)
  found.sort((left, right) => left.stats.size - right.stats.size || (left.path < right.path ? -1 : 1))
  const kept: Found[] = []
  let bytes = 0
  for (const one of found) {
    if (bytes + one.stats.size > bytesMax) leave(one.path, one.stats.size)
    else {
      kept.push(one)
      bytes += one.stats.size
    }
  }
  return { kept, leftOut }
}

const mayRead = (path: string): Promise<boolean> =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  )

/** Null: it has gone. */
async function keepOne(layout: Layout, worktree: Worktree, { path, stats }: Found): Promise<Entry | null> {
  const from = join(worktree.path, path)
  const mode = stats.mode & 0o777
  if (stats.isSymbolicLink()) return { path, mode, kind: 'link', target: await readlink(from) }
  let content: Buffer
  try {
    content = await readFile(from)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  const digest = createHash('sha256').update(content).digest('hex')
  const blob = blobOf(layout, digest)
  // Touched, so that nobody takes it for one that is not needed any more.
  const now = new Date()
  const isThere = await utimes(blob, now, now).then(
    () => true,
    () => false,
  )
  if (!isThere) {
    await makePrivate(dirname(blob))
    const temporary = `${blob}.${process.pid}.${Math.random().toString(36).slice(2)}`
    try {
      const file = await open(temporary, 'wx', 0o600)
      try {
        await file.writeFile(content)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, blob)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }
  return { path, mode, kind: 'file', bytes: content.length, digest }
}

const isSame = (before: Manifest, now: Omit<Manifest, 'at'>): boolean =>
  JSON.stringify([before.commit, before.files, before.leftOut]) ===
  JSON.stringify([now.commit, now.files, now.leftOut])

async function makePrivate(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
}

// --- finding --------------------------------------------------------------------------------------------------------

async function manifestOf(
  layout: Layout,
  { name, commit }: { readonly name: string; readonly commit: string | null },
): Promise<Manifest | null> {
  const all = await manifests(layout, name)
  const found = commit === null ? all.at(-1) : all.findLast(({ manifest }) => manifest.commit === commit)
  return found?.manifest ?? null
}

/** Oldest first. */
async function manifests(layout: Layout, name: string): Promise<{ n: number; manifest: Manifest }[]> {
  const folder = keptOf(layout, name)
  const names = await readdir(folder).catch((): string[] => [])
  const numbers = names.flatMap((each) => /^(\d+)\.json$/.exec(each)?.[1] ?? []).map(Number)
  return await Promise.all(
    numbers
      .sort((left, right) => left - right)
      .map(async (n) => ({
        n,
        manifest: JSON.parse(await readFile(join(folder, `${n}.json`), 'utf8')) as Manifest,
      })),
  )
}
