// Copies files that git ignores (`.env`) into a new worktree.
//
// Always: a source lies inside its root and a copy inside the worktree after symbolic links are resolved; a file that
// is already there is left alone.

import { constants } from 'node:fs'
import { appendFile, copyFile, lstat, mkdir, readdir, readFile, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'
import type { Layout } from './layout.ts'
import { invalid } from './names.ts'

/**
 * Copies what `paths` name, from `source`, the person's own folder, else from `<rig>/copy`. What is in
 * neither is skipped. Copies count as ignored, for the agents' git and for ours.
 *
 * @throws RepositoryError NAME_INVALID for a path that is absolute, has `..` or leads out through a link
 */
export async function copyIgnored(
  layout: Layout,
  source: string | null,
  paths: readonly string[],
  worktree: string,
): Promise<void> {
  if (paths.length === 0) return
  for (const path of paths) checkRelative(path)
  await Promise.all([
    excludePaths(join(layout.shared, 'info'), paths),
    excludePaths(join(layout.own, 'info'), paths),
  ])
  const roots =
    source !== null && (await exists(join(source, '.git'))) ? [source, layout.copy] : [layout.copy]
  for (const path of paths) {
    for (const root of roots) {
      if (!(await exists(join(root, path)))) continue
      await copyInto({
        from: join(root, path),
        fromRoot: await realpath(root),
        to: join(worktree, path),
        toRoot: worktree,
      })
      break
    }
  }
}

function checkRelative(path: string): void {
  const parts = path.split('/')
  const bad =
    path === '' ||
    isAbsolute(path) ||
    /\p{Cc}/u.test(path) ||
    parts.includes('..') ||
    parts.some((part) => part.toLowerCase() === '.git')
  if (bad)
    throw invalid(
      `worktree.copy names ${JSON.stringify(path.slice(0, 120))}; give paths inside the repository, without "..".`,
    )
}

type Step = { readonly from: string; readonly fromRoot: string; readonly to: string; readonly toRoot: string }

async function copyInto(step: Step): Promise<void> {
  if (!isInside(step.fromRoot, await realpath(step.from))) {
    throw invalid(`worktree.copy names ${JSON.stringify(step.from)}, which leads out of ${step.fromRoot}.`)
  }
  await mkdir(dirname(step.to), { recursive: true })
  // The tree itself may have a symbolic link where the copy would go.
  if (!isInside(step.toRoot, await realpath(dirname(step.to)))) {
    throw invalid(`worktree.copy would write ${JSON.stringify(step.to)} outside of the worktree.`)
  }
  const found = await lstat(await realpath(step.from))
  if (found.isDirectory()) {
    await mkdir(step.to, { recursive: true })
    for (const name of await readdir(step.from)) {
      if (name === '.git') continue
      await copyInto({ ...step, from: join(step.from, name), to: join(step.to, name) })
    }
  } else if (found.isFile()) {
    await copyFile(step.from, step.to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
      },
    )
  }
}

export function isInside(root: string, path: string): boolean {
  const rest = relative(root, path)
  return rest === '' || (rest !== '..' && !rest.startsWith(`..${sep}`) && !isAbsolute(rest))
}

/** The folder with links followed, as far as it is there. */
export async function deepestReal(folder: string): Promise<string> {
  try {
    return await realpath(folder)
  } catch {
    return folder === dirname(folder) ? folder : join(await deepestReal(dirname(folder)), basename(folder))
  }
}

async function excludePaths(infoDir: string, paths: readonly string[]): Promise<void> {
  const file = join(infoDir, 'exclude')
  const present = new Set((await readFile(file, 'utf8').catch(() => '')).split('\n'))
  const lines = paths
    .map((path) => `/${path.replace(/\/$/, '').replace(/[\\*?[\] ]/g, '\\$&')}`)
    .filter((line) => !present.has(line))
  if (lines.length > 0) await appendFile(file, `${lines.join('\n')}\n`)
}

async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  )
}
