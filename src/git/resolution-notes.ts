// What settled a conflict, kept beside the commits that it was between.
//
//   GIT-68. It is a commit of both, with the tree that came of it, under refs/gt/resolved/<base>/<head> of the Refinery's
//           own repository: the same build finds it there, whatever has been learned since, and the proof reads it.

import { RepositoryError, type Resolution } from '../ports/repositories.ts'
import { git, gitOutcome } from './git.ts'
import { type Layout, onOwn, ownEnv } from './layout.ts'
import { REFINERY } from './pushes.ts'
import { refId } from './refs.ts'

export type Resolved = { readonly tree: string; readonly resolution: Resolution }

type Both = { readonly base: string; readonly head: string }

const refOf = ({ base, head }: Both): string => `refs/gt/resolved/${base}/${head}`

/** What was settled between the two, with the tree that it gave; null when nothing was. */
export async function notedFor(layout: Layout, both: Both): Promise<Resolved | null> {
  const id = await refId(layout.own, refOf(both))
  if (id === null) return null
  const said = await git(['show', '-s', '--no-show-signature', '--format=%T%n%P%n%B', id], onOwn(layout))
  const [tree = '', parents = '', ...text] = said.split('\n')
  if (parents !== `${both.base} ${both.head}`) return null
  return { tree, resolution: JSON.parse(text.join('\n')) as Resolution }
}

export async function note(
  layout: Layout,
  landing: Both & { readonly date: number },
  { tree, resolution }: Resolved,
): Promise<void> {
  const { base, head, date } = landing
  const when = `@${Math.floor(date / 1000)} +0000`
  const commit = await git(['commit-tree', tree, '-p', base, '-p', head, '-F', '-'], {
    cwd: '/',
    env: { ...ownEnv(layout), ...REFINERY, GIT_AUTHOR_DATE: when, GIT_COMMITTER_DATE: when },
    input: `${JSON.stringify(resolution)}\n`,
  })
  const moved = await gitOutcome(['update-ref', refOf(landing), commit], onOwn(layout))
  if (moved.code !== 0) throw new RepositoryError('GIT_FAILED', 'What settled a conflict could not be noted.')
}
