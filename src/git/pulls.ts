// Lands through a pull request: the branch at the remote, the request at the forge, and the target read back.
//
// Owns:      what is done to the remote and to the forge, and in which order.
// Does not:  decide when to merge, or retry.
//
//   GIT-50. The branch is moved only from where we put it; asked again, the same pull request is found.
//   GIT-51. Nothing is merged but the commit that was tested, on the target that it was tested on; what landed is read
//           from the target, and proved, before it is told.

import type { Forge } from '../ports/forge.ts'
import { RepositoryError } from '../ports/repositories.ts'
import { type GitOutcome, git, gitOutcome } from './git.ts'
import { createPull, describePull, findPull, getPull, isMerged, mergeOnForge, pullState } from './github.ts'
import { type Layout, layoutOf, onOwn } from './layout.ts'
import { checkName, checkObjectId, checkSource } from './names.ts'
import { isAncestor } from './parting.ts'
import { baseOf, provePatch } from './proofs.ts'
import { pushLeased } from './pushes.ts'
import { fetchRefs, NETWORK_SILENT_MS_MAX, remoteHead, trackingRef, unreachable } from './remotes.ts'
import { learn } from './rerere.ts'
import { keyedTurns } from './turns.ts'

type Opening = Parameters<Forge['openPull']>[0]
type Merging = Parameters<Forge['mergePull']>[0]
type Merged = Awaited<ReturnType<Forge['mergePull']>>

/** The port, with the places of one town. One thing at a time is done to a rig's pull requests. */
export function createForge(townDir: string): Forge {
  const inTurn = keyedTurns()
  return {
    openPull: (input) => inTurn(input.rig, () => openPull(layoutOf(townDir, input.rig), input)),
    lookAtPull,
    mergePull: (input) => inTurn(input.rig, () => mergePull(layoutOf(townDir, input.rig), input)),
  }
}

/** @throws RepositoryError FORGE_*, PULL_BRANCH_TAKEN, REMOTE_UNREACHABLE */
export async function openPull(layout: Layout, input: Opening): Promise<{ number: number; url: string }> {
  const { forge, branch, target, title, body } = input
  await pushBranch(layout, input)
  const said = { title, body }
  const found = await findPull(forge, branch, target)
  const made = found ?? (await createPull(forge, branch, target, said))
  const open = made ?? (await findPull(forge, branch, target))
  if (open === null)
    throw new RepositoryError('FORGE_SAYS_NO', `The pull request for ${branch} went while it was opened.`)
  if (found !== null || made === null) await describePull(forge, open.number, said)
  return { number: open.number, url: open.html_url }
}

export const lookAtPull = ({ forge, number }: Parameters<Forge['lookAtPull']>[0]) => pullState(forge, number)

async function pushBranch(layout: Layout, { remote, branch, commit, replaces }: Opening): Promise<void> {
  checkName('branch', branch)
  checkSource(remote.url)
  for (const id of [commit, ...replaces]) checkObjectId(id)
  const ref = `refs/heads/${branch}`
  const before = await branchHead(remote.url, ref)
  if (before === commit) return
  if (before !== '' && !replaces.includes(before)) throw taken(branch, before)
  const pushed = await pushLeased(layout, remote, branch, { from: before, to: commit })
  if (pushed.code === 0) return
  const now = await branchHead(remote.url, ref)
  if (now === commit) return
  if (now !== before) throw taken(branch, now)
  throw unreachable(remote.url, pushed)
}

const taken = (branch: string, head: string): RepositoryError =>
  new RepositoryError(
    'PULL_BRANCH_TAKEN',
    `The branch ${branch} of the remote stands at ${head.slice(0, 12)}, which is not ours; move it away, then try again.`,
    { branch, head },
  )

/** Where a ref of the remote stands; empty when there is none. */
async function branchHead(url: string, ref: string): Promise<string> {
  const outcome: GitOutcome = await gitOutcome(['ls-remote', '--', url, ref], {
    cwd: '/',
    access: 'remote',
    silentMsMax: NETWORK_SILENT_MS_MAX,
  })
  if (outcome.code !== 0) throw unreachable(url, outcome)
  const rows = outcome.stdout.toString().split('\n')
  return rows.find((row) => row.endsWith(`\t${ref}`))?.split('\t')[0] ?? ''
}

/** @throws RepositoryError NOT_PROVED, FORGE_* and REMOTE_UNREACHABLE (it may have been merged: ask again) */
export async function mergePull(layout: Layout, input: Merging): Promise<Merged> {
  const { remote, target, base, commit, head, forge, number } = input
  checkName('target', target)
  checkSource(remote.url)
  for (const id of [base, commit, head]) checkObjectId(id)
  await provePatch(layout, { base, commit, head })
  const before = await getPull(forge, number)
  if (isMerged(before)) return await landed(layout, input, before.merge_commit_sha ?? '')
  if (before.state === 'closed')
    return refused('PULL_CLOSED', `The pull request ${number} was closed without merging.`)
  const now = await remoteHead(remote, target)
  if (now !== base) return { kind: 'moved', head: now }
  if (before.head.sha !== commit)
    return refused(
      'PULL_CHANGED',
      `The pull request ${number} stands at ${before.head.sha?.slice(0, 12)}, which was not tested.`,
    )
  const outcome = await mergeOnForge(forge, number, input)
  if ('sha' in outcome) return await landed(layout, input, outcome.sha)
  const after = await remoteHead(remote, target)
  if (after !== base) return { kind: 'moved', head: after }
  return refused('PULL_NOT_MERGEABLE', `The forge does not merge the pull request ${number}: ${outcome.no}`)
}

const refused = (code: string, message: string): Merged => ({ kind: 'refused', code, message })

/** What the target has of it. A forge that says merged is not believed before. */
async function landed(layout: Layout, input: Merging, sha: string): Promise<Merged> {
  const { remote, target, head } = input
  const at = onOwn(layout)
  checkObjectId(sha)
  await fetchRefs(layout, remote.url, [`+refs/heads/${target}:${trackingRef(target)}`], target)
  if (!(await isAncestor(at, sha, trackingRef(target))))
    return refused(
      'PULL_NOT_IN_TARGET',
      `The forge says ${sha.slice(0, 12)} was merged, and ${target} does not have it.`,
    )
  void learn(layout, [head]).catch(() => undefined)
  const [now = '', tree = ''] = (await git(['rev-parse', trackingRef(target), `${sha}^{tree}`], at)).split(
    '\n',
  )
  const base = await baseOf(layout, sha)
  return {
    kind: 'landed',
    head: now,
    commit: sha,
    tree,
    ...(await provePatch(layout, { base, commit: sha, head })),
  }
}
