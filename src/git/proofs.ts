// Proof that a commit carries what a branch brought.
//
// The patch-id of `base..commit` (the one commit that lands) equals that of the branch since it left the target. Where
// the target already had a part of the branch, or its lines moved, the two can differ although nothing is missing:
// then the merge is done again, and must give the very tree of the commit.

import { RepositoryError } from '../ports/repositories.ts'
import { knownBuild } from './builds.ts'
import { git, gitOutcome } from './git.ts'
import { type Layout, ownEnv } from './layout.ts'
import { checkObjectId } from './names.ts'
import { remembered } from './turns.ts'

export type Landing = { readonly base: string; readonly commit: string; readonly head: string }
/** Lines that the patch adds and takes away; a file that is not text counts nothing. */
export type LinesChanged = { readonly added: number; readonly removed: number }
export type PatchProof = {
  /** As `git diff-tree -p -U0 --full-index --no-renames base commit | git patch-id --stable` prints it. */
  readonly patchId: string
  /** One sentence: what was compared. */
  readonly proof: string
  readonly lines: LinesChanged
}

/** Object ids say everything, so a proof that was found stays true. */
const proofs = remembered<PatchProof>(1_000)

/** @throws RepositoryError NOT_PROVED */
export function provePatch(layout: Layout, landing: Landing): Promise<PatchProof> {
  const { base, commit, head } = landing
  for (const id of [base, commit, head]) checkObjectId(id)
  return proofs(`${layout.own}\n${base}\n${commit}\n${head}`, async () => {
    const at = { cwd: '/', env: ownEnv(layout) }
    const [landed, fork] = await Promise.all([
      patchOf(layout, base, commit),
      git(['merge-base', base, head], at).catch(() => null),
      requireParent(layout, base, commit),
    ])
    const build = knownBuild(layout, commit)
    // The target has not moved: both changes lead from the same commit to the same tree, and are one.
    const same = fork === base && build?.head === head && build.tree === build.headTree
    const brought = same ? landed : fork === null ? null : await patchOf(layout, fork, head)
    if (landed !== null && landed.id === brought?.id) {
      return {
        patchId: landed.id,
        lines: landed.lines,
        proof: `patch-id ${landed.id} of ${short(base)}..${short(commit)} and of ${short(fork ?? '')}..${short(head)}`,
      }
    }
    const [merged, tree] = await Promise.all([
      gitOutcome(['merge-tree', '--write-tree', '--no-messages', base, head], at),
      git(['rev-parse', `${commit}^{tree}`], at),
    ])
    if (landed !== null && merged.code === 0 && merged.stdout.toString().trim() === tree) {
      return {
        patchId: landed.id,
        lines: landed.lines,
        proof: `merging ${short(head)} into ${short(base)} gives tree ${tree} of ${short(commit)}`,
      }
    }
    const message = `The commit ${short(commit)} does not carry the patch of ${short(head)}; nothing was changed.`
    throw new RepositoryError('NOT_PROVED', message, {
      ...landing,
      landed: landed?.id ?? null,
      brought: brought?.id ?? null,
    })
  })
}

/** A landing is one commit or a row of them, each with the receipt of its request. */
const ROW_MAX = 500

/**
 * The commit that a landing stands on: the first one below it that is not of the same request.
 * @throws RepositoryError NOT_PROVED when the commit cannot be read
 */
export async function baseOf(layout: Layout, landed: string): Promise<string> {
  const receipt = '%(trailers:key=Receipt,valueonly,unfold,separator=%x01)'
  const args = [
    'log',
    '--first-parent',
    `--max-count=${ROW_MAX}`,
    `--format=%H%x00%P%x00${receipt}`,
    landed,
    '--',
  ]
  const outcome = await gitOutcome(args, { cwd: '/', env: ownEnv(layout) })
  const rows = outcome.stdout
    .toString()
    .split('\n')
    .map((row) => row.split('\0'))
  const of = ([, , said = '']: readonly string[]): string => said.split('\x01').at(-1)?.trim() ?? ''
  const mine = of(rows[0] ?? [])
  const below = mine === '' ? 1 : rows.findIndex((row) => of(row) !== mine)
  const base = rows[below]?.[0] || rows[0]?.[1]?.split(' ')[0]
  if (outcome.code === 0 && base !== undefined && base !== '') return base
  throw new RepositoryError('NOT_PROVED', `The commit ${short(landed)} cannot be read; nothing was removed.`)
}

async function requireParent(layout: Layout, base: string, commit: string): Promise<void> {
  if (knownBuild(layout, commit)?.base === base) return
  const at = { cwd: '/', env: ownEnv(layout) }
  const below = await gitOutcome(['merge-base', '--is-ancestor', base, commit], at)
  if (below.code === 0 && base !== commit) return
  throw new RepositoryError('NOT_PROVED', `The commit ${short(commit)} does not stand on ${short(base)}.`, {
    base,
    commit,
  })
}

/** Null when the two trees are the same: then there is no patch. */
async function patchOf(
  layout: Layout,
  from: string,
  to: string,
): Promise<{ readonly id: string; readonly lines: LinesChanged } | null> {
  const at = { cwd: '/', env: ownEnv(layout) }
  const args = [
    'diff-tree',
    '-p',
    '-U0',
    '--full-index',
    '--no-renames',
    '--no-ext-diff',
    '--no-textconv',
    '--no-color',
    from,
    to,
  ]
  const diff = await gitOutcome(args, at)
  if (diff.code !== 0)
    throw new RepositoryError('NOT_PROVED', `The change ${short(from)}..${short(to)} cannot be read.`)
  if (diff.stdout.length === 0) return null
  const [id] = (await git(['patch-id', '--stable'], { ...at, input: diff.stdout })).split(' ')
  return id === undefined ? null : { id, lines: linesIn(diff.stdout.toString('latin1')) }
}

/** With no line of context a hunk's heading counts its lines, and nothing but a heading begins with `@@`. */
function linesIn(diff: string): LinesChanged {
  let [added, removed] = [0, 0]
  for (const [, before = '1', after = '1'] of diff.matchAll(/^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/gm)) {
    removed += Number(before)
    added += Number(after)
  }
  return { added, removed }
}

const short = (id: string): string => id.slice(0, 12)
