// Proof that a commit carries what a branch brought.
//
// The patch-id of `base..commit` (the one commit that lands) equals that of the branch since it left the target. Where
// the target already had a part of the branch, or its lines moved, the two can differ although nothing is missing:
// then the merge is done again, and must give the very tree of the commit.

import { RepositoryError } from '../ports/repositories.ts'
import { knownBuild, stackBelow } from './builds.ts'
import { git, gitOutcome } from './git.ts'
import { type Layout, onOwn } from './layout.ts'
import { checkObjectId } from './names.ts'
import { forkOf, isAncestor } from './parting.ts'
import { type Between, type LinesChanged, patchesBetween } from './patches.ts'
import { notedFor } from './resolution-notes.ts'
import { remembered } from './turns.ts'

export type Landing = { readonly base: string; readonly commit: string; readonly head: string }
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
    const at = onOwn(layout)
    const [[landed = null, brought = null], fork] = await Promise.all([
      comparedBy(layout, landing).then((pairs) => patchesBetween(layout, pairs)),
      forkOf(layout, base, head),
      requireParent(layout, base, commit),
    ])
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
    const settled = landed === null ? null : await notedFor(layout, { base, head })
    if (landed !== null && settled?.tree === tree) {
      const { by, files } = settled.resolution
      return {
        patchId: landed.id,
        lines: landed.lines,
        proof: `merging ${short(head)} into ${short(base)}, with ${files.length} of its files settled by ${by}, gave tree ${tree} of ${short(commit)}`,
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

/** Proves ahead of its landing what was built up to `tip`; never fails. */
export async function proveStack(layout: Layout, tip: string): Promise<void> {
  const landings = stackBelow(layout, tip)
  await preparePatches(layout, landings)
  await Promise.allSettled(landings.map((landing) => provePatch(layout, landing)))
}

/** Reads with two processes what proving each of them will ask for. What cannot be read is said when it is proved. */
export async function preparePatches(layout: Layout, landings: readonly Landing[]): Promise<void> {
  const pairs = await Promise.all(landings.map((landing) => comparedBy(layout, landing)))
  await patchesBetween(layout, pairs.flat()).catch(() => undefined)
}

/** What lands, and what the branch brought since it left the target. */
async function comparedBy(layout: Layout, { base, commit, head }: Landing): Promise<Between[]> {
  const fork = await forkOf(layout, base, head)
  const landed = { from: base, to: commit }
  if (fork === null) return [landed]
  const build = knownBuild(layout, commit)
  // The target has not moved: both changes lead from the same commit to the same tree, and are one.
  const same = fork === base && build?.head === head && build.tree === build.headTree
  return [landed, same ? landed : { from: fork, to: head }]
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
  const outcome = await gitOutcome(args, onOwn(layout))
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
  if (base !== commit && (await isAncestor(onOwn(layout), base, commit))) return
  throw new RepositoryError('NOT_PROVED', `The commit ${short(commit)} does not stand on ${short(base)}.`, {
    base,
    commit,
  })
}

const short = (id: string): string => id.slice(0, 12)
