// Runs setup and gates on a commit, in the Refinery's checkout.
//
// Owns:      refinery/tree and what of it survives from one run to the next.
// Does not:  decide whether a result lets something land.
//
//   GIT-8. Before the gates the tracked files are those of the commit. Of what is untracked or ignored only dependency
//          folders and what setup made stay; leftovers of earlier gates are removed.
//   GIT-9. A gate that could not start, timed out or did not exit with 0 is not passed; later gates are not run.
//
// Gates run agents' code. The repository they see (refinery/tree/.git) is a small one that borrows our objects and is
// written anew for each run: what they configure there reaches no git of ours.

import { copyFile, cp, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { GateResult, GateSpec, Repositories, SetupSpec } from '../ports/repositories.ts'
import { knownBuild } from './builds.ts'
import { runCommand } from './commands.ts'
import { git, gitFields } from './git.ts'
import { withIndex } from './index-files.ts'
import { type Layout, ownEnv, treeEnv } from './layout.ts'
import { checkObjectId } from './names.ts'
import { writeWhole } from './rigs.ts'
import { setupDigest } from './setups.ts'

type Input = Parameters<Repositories['runGates']>[0]

/** Folders that hold what a package manager fetched or a compiler may reuse; kept at any depth. */
const DEPENDENCY_FOLDERS = [
  ...['node_modules', '.pnpm-store', '.yarn', '.venv', 'venv', '.tox', '.bundle', 'vendor', 'target'],
  ...['.gradle', '.m2', '.cargo', '.stack-work', 'deps', '_build', 'Pods'],
]

export async function runGates(
  layout: Layout,
  input: Input,
): Promise<{ tree: string; results: GateResult[] }> {
  const commit = checkObjectId(input.commit)
  const known = await readNote(layout)
  const [tree, digest] = await Promise.all([
    knownBuild(layout, commit)?.tree ??
      git(['rev-parse', '--verify', '--end-of-options', `${commit}^{tree}`], {
        cwd: '/',
        env: ownEnv(layout),
      }),
    input.setup === null ? null : setupDigest(layout, commit, input.setup),
    checkout(layout, commit, known.kept),
  ])
  if (input.setup !== null && digest !== null && known.digest !== digest) {
    const result = await setUp(layout, input.setup, input.env, digest)
    if (result.outcome !== 'passed') return { tree, results: [result] }
  }
  const results: GateResult[] = []
  for (const gate of input.gates) {
    const result = await run(layout, gate, input.env)
    results.push(result)
    if (result.outcome !== 'passed') break
  }
  return { tree, results }
}

async function checkout(layout: Layout, commit: string, kept: readonly string[]): Promise<void> {
  await mkdir(layout.tree, { recursive: true })
  await withIndex(indexOf(layout), true, async (index) => {
    const at = { cwd: layout.tree, env: { ...treeEnv(layout, layout.tree, index), ...ownEnv(layout) } }
    await git(['read-tree', '--reset', '-u', '--no-recurse-submodules', commit], at)
    const keep = [...DEPENDENCY_FOLDERS.map((name) => `${name}/`), ...kept.map(literal)]
    await Promise.all([
      git(['clean', '-ffdxq', ...keep.flatMap((pattern) => ['-e', pattern])], at),
      writeGatesRepository(layout, commit, index),
    ])
  })
}

const indexOf = (layout: Layout): string => join(layout.own, 'tree-index')
const noteOf = (layout: Layout): string => join(layout.own, 'tree-setup.json')

const literal = (path: string): string => `/${path.replace(/[\\*?[\]!# ]/g, '\\$&')}`

async function writeGatesRepository(layout: Layout, commit: string, index: string): Promise<void> {
  const at = join(layout.tree, '.git')
  await Promise.all(
    ['objects/info', 'refs/heads', 'refs/remotes'].map((part) => mkdir(join(at, part), { recursive: true })),
  )
  await Promise.all([
    ...['index.lock', 'hooks', 'info', 'packed-refs', 'config.worktree'].map((part) =>
      rm(join(at, part), { recursive: true, force: true }),
    ),
    writeWhole(join(at, 'config'), GATES_CONFIG),
    writeWhole(join(at, 'objects/info/alternates'), `${join(layout.own, 'objects')}\n`),
    writeWhole(join(at, 'HEAD'), `${commit}\n`),
    copyFile(index, join(at, 'index')),
  ])
  // Tags and remote branches: some builds ask git for a version.
  await Promise.all([
    copyFile(join(layout.own, 'packed-refs'), join(at, 'packed-refs')).catch(() => undefined),
    cp(join(layout.own, 'refs/remotes'), join(at, 'refs/remotes'), { recursive: true }).catch(
      () => undefined,
    ),
  ])
}

const GATES_CONFIG =
  '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n[gc]\n\tauto = 0\n'

type Note = { readonly digest: string | null; readonly kept: readonly string[] }

/** Which setup the tree has had, and the ignored paths that it left. */
async function readNote(layout: Layout): Promise<Note> {
  const none: Note = { digest: null, kept: [] }
  try {
    const note: unknown = JSON.parse(await readFile(noteOf(layout), 'utf8'))
    return note !== null && typeof note === 'object' && 'digest' in note && 'kept' in note
      ? (note as Note)
      : none
  } catch {
    return none
  }
}

async function setUp(
  layout: Layout,
  setup: SetupSpec,
  env: Input['env'],
  digest: string,
): Promise<GateResult> {
  // Gone until it has succeeded: one that was cut short runs again.
  await rm(noteOf(layout), { force: true })
  const result = await run(layout, { name: 'setup', command: setup.command, timeoutMs: setup.timeoutMs }, env)
  if (result.outcome === 'passed') {
    const kept = await withIndex(indexOf(layout), false, (index) =>
      gitFields(['ls-files', '-z', '-o', '--directory', '--no-empty-directory'], {
        cwd: layout.tree,
        env: { ...treeEnv(layout, layout.tree, index), ...ownEnv(layout) },
      }),
    )
    await writeWhole(noteOf(layout), JSON.stringify({ digest, kept } satisfies Note))
  }
  return result
}

async function run(layout: Layout, gate: GateSpec, env: Input['env']): Promise<GateResult> {
  const result = await runCommand({ command: gate.command, cwd: layout.tree, env, timeoutMs: gate.timeoutMs })
  return { name: gate.name, command: [...gate.command], ...result }
}
