// Copies an agent's commits into the Refinery's repository, as bytes.
//
// `git fetch` from repo.git would start upload-pack with the agents' configuration there, and costs five processes.
// Here one git, configured by us, packs what the target does not have, and another unpacks it: each object is
// hashed again on arrival and everything it links to must be present (`--strict`).

import { RepositoryError } from '../ports/repositories.ts'
import { lineBelow } from './builds.ts'
import { git, gitFailed, gitOutcome } from './git.ts'
import { type Layout, onOwn, readingEnv } from './layout.ts'
import { packLoose } from './loose-packs.ts'
import { remembered } from './turns.ts'

/** Objects up to this number are stored one by one, more as a pack; git's own limit for fetches. */
const UNPACK_OBJECTS_MAX = 100

/** What git says of objects that are gone; anything else is no fault of the work. */
const NOT_THERE = /bad object|bad revision|missing \w+ object|unable to read [0-9a-f]{40}/
/** An object that breaks a rule of `--strict`: paths that lead out, submodules that would run something. */
const REFUSED = /object [0-9a-f]{40,64}: (\w+: .*)/

/** Commits that are known to be in refinery/git with everything they need. */
const imports = remembered<void>(1_000)

/**
 * `known`: commits of the Refinery's that are left out; without any, all that it has of the remote.
 * @throws RepositoryError BRANCH_MISSING when the agents' repository does not have the commit, WORK_UNUSABLE when it
 *         holds what git refuses
 */
export function importCommit(layout: Layout, commit: string, known: readonly string[] = []): Promise<void> {
  return imports(keyOf(layout, commit), async () => {
    const complete = known.flatMap((one) => lineBelow(layout, one))
    const few = await packLoose(layout, commit, complete).catch(() => null)
    // What is not all of it is refused here, and git finds the rest.
    if (few !== null && (await unpack(layout, few)).code === 0) return
    await copyOver(layout, [commit], known)
  })
}

const unpack = (layout: Layout, pack: Buffer) =>
  gitOutcome(['unpack-objects', '-q', '--strict'], { ...onOwn(layout), input: pack })

/** Several at once, with as many processes as one takes; never fails. What went wrong is said when one is asked for. */
export async function importTogether(
  layout: Layout,
  commits: readonly string[],
  known: readonly string[] = [],
): Promise<void> {
  const copied = await copyOver(layout, commits, known).then(
    () => true,
    () => false,
  )
  if (copied) await Promise.all(commits.map((one) => imports(keyOf(layout, one), async () => undefined)))
}

const keyOf = (layout: Layout, commit: string): string => `${layout.own}\n${commit}`

async function copyOver(layout: Layout, commits: readonly string[], known: readonly string[]): Promise<void> {
  const named = commits.join(', ')
  const excluded = known.length > 0 ? known : await remoteHeads(layout)
  const packArgs = [
    'pack-objects',
    '--revs',
    '--thin',
    '--stdout',
    '--delta-base-offset',
    '-q',
    '--no-reuse-object',
  ]
  const packed = await gitOutcome(packArgs, {
    cwd: '/',
    env: readingEnv(layout),
    input: `${[...commits, ...excluded.map((id) => `^${id}`)].join('\n')}\n`,
  })
  if (packed.code !== 0) {
    if (!NOT_THERE.test(packed.stderr)) throw gitFailed(packArgs, packed)
    throw new RepositoryError('BRANCH_MISSING', `The commit ${named} is not in the rig's repository.`, {
      stderr: packed.stderr.slice(-500),
    })
  }
  const count = packed.stdout.readUInt32BE(8)
  if (count === 0) return
  const args = ['index-pack', '--stdin', '--fix-thin', '--strict']
  const unpacked =
    count > UNPACK_OBJECTS_MAX
      ? await gitOutcome(args, { ...onOwn(layout), input: packed.stdout })
      : await unpack(layout, packed.stdout)
  if (unpacked.code === 0) return
  const refused = REFUSED.exec(unpacked.stderr)?.[1]
  if (refused === undefined) throw gitFailed(['unpack'], unpacked)
  const message = `git refuses what is in the commit ${named}: ${refused.replaceAll(/\p{C}/gu, '·').slice(0, 500)}`
  throw new RepositoryError('WORK_UNUSABLE', message, { commit: named })
}

async function remoteHeads(layout: Layout): Promise<string[]> {
  const args = [
    'for-each-ref',
    '--count=200',
    '--sort=-committerdate',
    '--format=%(objectname)',
    'refs/remotes',
  ]
  return (await git(args, onOwn(layout))).split('\n').filter((id) => id !== '')
}
