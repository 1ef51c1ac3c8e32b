// The rig's remote, as the Refinery's repository sees it.
//
// Owns:      reading heads at the remote, fetching them into refinery/git, naming what is wrong with a remote.
// Does not:  write to a remote (landings.ts).
// Crosses:   the only reads that use the operator's credentials.

import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { type Remote, RepositoryError } from '../ports/repositories.ts'
import { firstLine, type GitOutcome, git, gitOutcome } from './git.ts'
import { type Layout, onOwn } from './layout.ts'
import { checkName, checkSource } from './names.ts'
import { commonDirOf, readRef, refId } from './refs.ts'
import { sharedRuns } from './turns.ts'

export const trackingRef = (target: string): string => `refs/remotes/origin/${target}`

/**
 * Head of the target at the remote; afterwards refinery/git has that commit, under `refs/remotes/origin/<target>`.
 * Callers that ask at the same time share one look.
 *
 * @throws RepositoryError REMOTE_UNREACHABLE (try again), TARGET_NOT_FOUND
 */
export function freshTarget(layout: Layout, remote: Remote, target: string): Promise<string> {
  checkName('target', target)
  checkSource(remote.url)
  return looks(`${layout.own}\n${remote.url}\n${target}`, async () => {
    if (isAbsolute(remote.url)) {
      const [known, head] = await Promise.all([
        refId(layout.own, trackingRef(target)),
        pathHead(remote.url, target),
      ])
      if (head === known) return head
    }
    return await fetchTarget(layout, remote, target)
  })
}

const looks = sharedRuns<string>()

/** Head of a branch at the remote, read from the remote itself. @throws as freshTarget */
export async function remoteHead(remote: Remote, target: string): Promise<string> {
  return isAbsolute(remote.url) ? await pathHead(remote.url, target) : await listedHead(remote.url, target)
}

/** Head of a branch of a repository on this machine. */
async function pathHead(path: string, target: string): Promise<string> {
  const common = await commonDirOf(path)
  if (common !== null) {
    const answer = await readRef(common, `refs/heads/${target}`)
    if (answer.kind === 'found') return answer.id
    if (answer.kind === 'absent') throw targetNotFound(target, path)
  }
  return await listedHead(path, target)
}

async function listedHead(url: string, target: string): Promise<string> {
  const ref = `refs/heads/${target}`
  const outcome = await gitOutcome(['ls-remote', '--', url, ref], {
    cwd: '/',
    access: 'remote',
    silentMsMax: NETWORK_SILENT_MS_MAX,
  })
  if (outcome.code !== 0) throw unreachable(url, outcome)
  const line = outcome.stdout
    .toString()
    .split('\n')
    .find((row) => row.endsWith(`\t${ref}`))
  if (line === undefined) throw targetNotFound(target, url)
  return line.slice(0, line.indexOf('\t'))
}

/** Time in which a remote must say something, in ms: ssh and TLS give up by themselves after about two minutes. */
export const NETWORK_SILENT_MS_MAX = 130_000

async function fetchTarget(layout: Layout, remote: Remote, target: string): Promise<string> {
  await fetchRefs(layout, remote.url, [`+refs/heads/${target}:${trackingRef(target)}`], target)
  const head = await refId(layout.own, trackingRef(target))
  return (
    head ?? (await git(['rev-parse', '--verify', '--end-of-options', trackingRef(target)], onOwn(layout)))
  )
}

export async function fetchRefs(
  layout: Layout,
  url: string,
  refspecs: readonly string[],
  target: string,
): Promise<void> {
  const args = [
    'fetch',
    '--progress',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-auto-maintenance',
    '--force',
    '--',
  ]
  const outcome = await gitOutcome([...args, url, ...refspecs], {
    ...onOwn(layout),
    access: 'remote',
    silentMsMax: NETWORK_SILENT_MS_MAX,
  })
  if (outcome.code === 0) return
  if (/couldn't find remote ref/.test(outcome.stderr)) throw targetNotFound(target, url)
  throw unreachable(url, outcome)
}

export function targetNotFound(
  target: string,
  url: string,
  branches: readonly string[] = [],
): RepositoryError {
  const known = branches.length === 0 ? '' : ` It has ${branches.slice(0, 10).join(', ')}.`
  return new RepositoryError(
    'TARGET_NOT_FOUND',
    `There is no branch ${target} in ${shown(url)}.${known} Choose one with --target.`,
    {
      target,
      branches,
    },
  )
}

export function unreachable(url: string, outcome: GitOutcome): RepositoryError {
  const said = firstLine(outcome.stderr)
  return new RepositoryError('REMOTE_UNREACHABLE', `${shown(url)} could not be read: ${said}`, {
    stderr: said,
  })
}

/** A URL without what may be a password. */
export const shown = (url: string): string => url.replace(/^(\w+:\/\/)[^/\s@]*@/, '$1')

/** Whether `path` is a directory of this machine. */
export async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}
