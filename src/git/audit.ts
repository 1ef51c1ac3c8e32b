// Holds the target against the receipts of what has landed on it.
//
// Owns:      walking the target's own history (first parents), as the Refinery's repository has it after a look at the
//            remote, and looking for the commits that receipts name.
// Does not:  know who landed what, or what it means: receipts come in as pairs of commits with the name of their request.
//
//   GIT-55. Nothing is said of the target that was not looked at: a remote that does not answer is named, with what is
//           known instead.
//   GIT-56. A receipt stands for its commit, and for those from its base on that name its request, and for nothing else.

import { type Repositories, RepositoryError } from '../ports/repositories.ts'
import { fields, git, gitOutcome } from './git.ts'
import { type Layout, onOwn } from './layout.ts'
import { checkName, checkObjectId } from './names.ts'
import { refId } from './refs.ts'
import { freshTarget, trackingRef } from './remotes.ts'

type Input = Parameters<Repositories['auditTarget']>[0]
type Audit = Awaited<ReturnType<Repositories['auditTarget']>>
type Commit = Audit['unreceipted'][number]

/** Of each kind so many are told; how many there are is told besides. */
const TOLD_MAX = 500
const TITLE_MAX = 300

/** @throws RepositoryError TARGET_NOT_FOUND; REMOTE_UNREACHABLE when it was never reached; NAME_INVALID */
export async function auditTarget(layout: Layout, input: Input): Promise<Audit> {
  checkName('target', input.target)
  for (const { commit, base } of input.receipts) for (const id of [commit, base]) checkObjectId(id)
  const { head, stale } = await headOf(layout, input)
  const from = input.since === null ? null : await sharedWith(layout, checkObjectId(input.since), head)
  const walked = await walk(layout, from, head)
  const covered = await coveredBy(layout, input.receipts, walked, from)
  const unreceipted = walked.filter((id) => !covered.has(id))
  const gone = await goneFrom(layout, head, input.receipts, new Set(walked))
  return {
    head,
    stale,
    from,
    rewritten: from !== input.since,
    walked: walked.length,
    unreceipted: await described(layout, unreceipted.slice(0, TOLD_MAX)),
    unreceiptedCount: unreceipted.length,
    gone: await described(layout, gone.slice(0, TOLD_MAX)),
    goneCount: gone.length,
  }
}

async function headOf(layout: Layout, input: Input): Promise<{ head: string; stale: string | null }> {
  if (input.head !== null) return { head: checkObjectId(input.head), stale: null }
  try {
    return { head: await freshTarget(layout, input.remote, input.target), stale: null }
  } catch (error) {
    const known = await refId(layout.own, trackingRef(input.target))
    if (!(error instanceof RepositoryError) || error.code !== 'REMOTE_UNREACHABLE' || known === null)
      throw error
    return { head: known, stale: error.message }
  }
}

/** `since` itself where it is in the target; else where the target parted from it, or null when it never met it. */
async function sharedWith(layout: Layout, since: string, head: string): Promise<string | null> {
  const at = onOwn(layout)
  const outcome = await gitOutcome(['merge-base', since, head], at)
  return outcome.code === 0 ? outcome.stdout.toString().trim() : null
}

/** Newest first. */
async function walk(layout: Layout, from: string | null, head: string): Promise<string[]> {
  const range = from === null ? [head] : [head, `^${from}`]
  const text = await git(['rev-list', '--first-parent', ...range, '--'], onOwn(layout))
  return lines(text)
}

/**
 * A request may land as a row of commits, each with its name; the receipt has the last. A forge may have put somebody
 * else's between its base and it: those do not have that name.
 */
async function coveredBy(
  layout: Layout,
  receipts: Input['receipts'],
  walked: readonly string[],
  from: string | null,
): Promise<Set<string>> {
  const place = new Map(walked.map((id, n) => [id, n]))
  if (from !== null) place.set(from, walked.length)
  const covered = new Set<string>()
  const below = new Map<string, string[]>()
  for (const { commit, base, request } of receipts) {
    const first = place.get(commit)
    if (first === undefined) continue
    covered.add(commit)
    for (const id of walked.slice(first + 1, place.get(base) ?? 0))
      below.set(id, [...(below.get(id) ?? []), request])
  }
  const asked = [...below.keys()].filter((id) => !covered.has(id))
  for (const [id, request] of await requestsOf(layout, asked))
    if (below.get(id)?.includes(request) === true) covered.add(id)
  return covered
}

/** Which request a commit says that it is of. */
async function requestsOf(layout: Layout, commits: readonly string[]): Promise<[string, string][]> {
  if (commits.length === 0) return []
  const receipt = '%(trailers:key=Receipt,valueonly,unfold,separator=%x1e)'
  const args = [
    'log',
    '-z',
    '--no-walk=unsorted',
    '--no-show-signature',
    `--format=%H%x1f${receipt}`,
    '--stdin',
  ]
  const text = await git(args, { ...onOwn(layout), input: `${commits.join('\n')}\n` })
  return fields(text).map((row) => {
    const [id = '', said = ''] = row.split('\u001f')
    return [id, said.split('\u001e').at(-1)?.trim() ?? '']
  })
}

/** Commits of receipts that are not in the target: somebody has taken them off it. */
async function goneFrom(
  layout: Layout,
  head: string,
  receipts: Input['receipts'],
  walked: ReadonlySet<string>,
): Promise<string[]> {
  const asked = [...new Set(receipts.map(({ commit }) => commit))].filter((id) => !walked.has(id))
  if (asked.length === 0) return []
  const at = onOwn(layout)
  const found = await git(['cat-file', '--batch-check=%(objectname) %(objecttype)'], {
    ...at,
    input: `${asked.join('\n')}\n`,
  })
  const readable = new Set(
    lines(found).flatMap((line) => (line.endsWith(' commit') ? [line.split(' ')[0]] : [])),
  )
  const there = asked.filter((id) => readable.has(id))
  const outside = new Set(
    there.length === 0
      ? []
      : lines(await git(['rev-list', '--stdin'], { ...at, input: `${there.join('\n')}\n^${head}\n` })),
  )
  return asked.filter((id) => !readable.has(id) || outside.has(id))
}

/** What git knows of them; of one whose object is gone, its name alone. */
async function described(layout: Layout, commits: readonly string[]): Promise<Commit[]> {
  if (commits.length === 0) return []
  const args = [
    'log',
    '-z',
    '--no-walk=unsorted',
    '--no-show-signature',
    '--ignore-missing',
    `--format=${FORMAT}`,
  ]
  const text = await git([...args, '--stdin'], { ...onOwn(layout), input: `${commits.join('\n')}\n` })
  const known = new Map(
    fields(text).map((row) => {
      const [id = '', name = '', email = '', at = '', title = ''] = row.split('\u001f')
      return [
        id,
        { author: { name, email }, at: new Date(at).toISOString(), title: title.slice(0, TITLE_MAX) },
      ]
    }),
  )
  return commits.map((commit) => ({
    commit,
    ...(known.get(commit) ?? { author: null, at: null, title: null }),
  }))
}

const FORMAT = ['%H', '%an', '%ae', '%aI', '%s'].join('%x1f')

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')
