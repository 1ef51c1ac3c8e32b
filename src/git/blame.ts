// Says which commit a line of the target is of.
//
// Owns:      one line at a time, as of one commit of the target.
// Does not:  know what gt has landed, or look into a worktree: what an agent has there is not on the target.
//
//   GIT-32. It is looked up in the Refinery's own repository, and changes nothing there. A path is a path, whatever its
//           name looks like.

import { type Repositories, RepositoryError } from '../ports/repositories.ts'
import { git, gitFailed, gitOutcome } from './git.ts'
import { type Layout, onOwn } from './layout.ts'
import { checkInside, checkObjectId, invalid } from './names.ts'

type Input = Parameters<Repositories['blameLine']>[0]

const TEXT_MAX = 500

/** @throws RepositoryError LINE_NOT_FOUND, NAME_INVALID, GIT_FAILED */
export async function blameLine(layout: Layout, input: Input): ReturnType<Repositories['blameLine']> {
  const { path, line } = input
  const at = onOwn(layout)
  checkObjectId(input.commit)
  if (path.startsWith('/')) throw invalid(`${JSON.stringify(path.slice(0, 120))} is no path of a repository.`)
  checkInside('/repository', path)
  if (!Number.isSafeInteger(line) || line < 1) throw invalid(`${line} is no line.`)
  const args = ['blame', '--porcelain', '--no-textconv', '-L', `${line},${line}`, input.commit, '--', path]
  const outcome = await gitOutcome(args, at)
  if (outcome.code !== 0) {
    if (/no such path|has only \d+ lines?/.test(outcome.stderr))
      throw new RepositoryError('LINE_NOT_FOUND', `There is no line ${line} of ${path} on the target.`, {
        path,
        line,
      })
    throw gitFailed(args, outcome)
  }
  const blamed = outcome.stdout.toString().split('\n')
  const commit = blamed[0]?.split(' ')[0] ?? ''
  const text = blamed.find((one) => one.startsWith('\t'))?.slice(1) ?? ''
  const said = await git(['show', '-s', `--format=${FORMAT}`, checkObjectId(commit), '--'], at)
  const [author = '', email = '', date = '', subject = '', bead = '', receipt = ''] = said.split('\0')
  return {
    commit,
    text: text.slice(0, TEXT_MAX),
    author: { name: author, email },
    at: new Date(date).toISOString(),
    subject: subject.slice(0, TEXT_MAX),
    bead: lastOf(bead),
    receipt: lastOf(receipt),
  }
}

const trailer = (key: string): string => `%(trailers:key=${key},valueonly,unfold,separator=%x0A)`
const FORMAT = ['%an', '%ae', '%aI', '%s', trailer('Bead'), trailer('Receipt')].join('%x00')

/** The last one counts, as ours are put at the end. */
const lastOf = (trailers: string): string | null => trailers.trim().split('\n').at(-1)?.trim() || null
