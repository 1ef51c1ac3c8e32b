// Lock files that a killed git left: they keep the next one from working.
//
// Always:    only locks of the Refinery's own repository are taken away, and only while no git works there. An agent's are
//            named: whoever works there knows.

import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { layoutOf } from '../../git/layout.ts'
import { removeStaleLocks } from '../../git/stale-locks.ts'
import { processes } from '../../pty/processes.ts'
import { type Check, type Examined, type Found, notChecked, ok, reasonOf } from './types.ts'

export const lockChecks: readonly Check[] = [{ group: 'locks', name: 'locks.git', run: locksAreHeld }]

/** A younger one may be in use by a git that we do not see. */
const OLD_MS = 60_000

async function locksAreHeld({ known, unknownWhy, dir }: Examined): Promise<Found> {
  if (known === null) return notChecked(unknownWhy)
  let gits: string[] | null
  try {
    gits = gitFolders()
  } catch (error) {
    return notChecked(reasonOf(error))
  }
  const ours: string[] = []
  const agents: string[] = []
  for (const { name } of known.rigs) {
    const { own, shared, root } = layoutOf(dir, name)
    const busy = gits === null || gits.some((folder) => folder === root || folder.startsWith(`${root}/`))
    ours.push(...locksIn(own).filter(isOld))
    if (!busy) agents.push(...[shared, ...worktreesOf(shared)].flatMap(locksIn).filter(isOld))
  }
  if (ours.length + agents.length === 0) return ok('No lock was left behind.')
  return {
    state: ours.length > 0 ? 'error' : 'warning',
    sentence: 'A git that was killed left a lock, and no other can work there.',
    items: [...ours, ...agents],
    cure: agents.length > 0 ? `rm ${agents.join(' ')}, when no git runs there` : 'gt doctor --fix',
    ...(ours.length > 0 && {
      async fix() {
        const removed: string[] = []
        for (const { name } of known.rigs) removed.push(...(await removeStaleLocks(layoutOf(dir, name).own)))
        return removed.length === 0
          ? 'A git works there: nothing was taken away.'
          : `Taken away: ${removed.join(', ')}.`
      },
    }),
  }
}

/** Where each git of this machine works; null where the system does not tell. */
function gitFolders(): string[] | null {
  if (process.platform !== 'linux') return null
  return processes.commandLines().flatMap(({ pid, line }) => {
    if (!/(^|\/)git(-[a-z-]+)? /.test(line)) return []
    try {
      const directory = /(?:^|\0)GIT_DIR=([^\0]+)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1]
      return [readlinkSync(`/proc/${pid}/cwd`), ...(directory === undefined ? [] : [directory])]
    } catch {
      return []
    }
  })
}

function locksIn(folder: string): string[] {
  const refs = names(join(folder, 'refs'), true).map((name) => join('refs', name))
  return [...names(folder), ...refs]
    .filter((name) => name.endsWith('.lock'))
    .map((name) => join(folder, name))
}

const worktreesOf = (shared: string): string[] =>
  names(join(shared, 'worktrees')).map((id) => join(shared, 'worktrees', id))

function isOld(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat !== undefined && Date.now() - stat.mtimeMs > OLD_MS
}

function names(folder: string, recursive = false): string[] {
  try {
    return readdirSync(folder, { recursive, encoding: 'utf8' })
  } catch {
    return []
  }
}
