// When the rig's setup command has to run, and running it in a worktree.

import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { RepositoryError, type SetupSpec } from '../ports/repositories.ts'
import { runCommand } from './commands.ts'
import { git } from './git.ts'
import { type Layout, onOwn, type Worktree } from './layout.ts'
import { invalid } from './names.ts'
import { writeWhole } from './rigs.ts'

/** Files that say exactly which dependencies a tree has. */
const LOCKFILES = [
  ...[
    'package-lock.json',
    'npm-shrinkwrap.json',
    'yarn.lock',
    'pnpm-lock.yaml',
    'bun.lock',
    'bun.lockb',
    'deno.lock',
  ],
  ...['Cargo.lock', 'go.sum', 'poetry.lock', 'uv.lock', 'pdm.lock', 'Pipfile.lock', 'requirements.txt'],
  ...['Gemfile.lock', 'composer.lock', 'mix.lock', 'gradle.lockfile', 'flake.lock'],
]

/** What says it roughly, for trees without a lockfile. */
const MANIFESTS = [
  'package.json',
  'Cargo.toml',
  'go.mod',
  'pyproject.toml',
  'setup.py',
  'Pipfile',
  'Gemfile',
  'composer.json',
]

/** Digest of the command and of the content of its inputs in a commit; the same digest needs no second run. */
export async function setupDigest(layout: Layout, commit: string, setup: SetupSpec): Promise<string> {
  for (const path of setup.inputs) {
    if (path === '' || path.startsWith('/') || path.split('/').includes('..') || path.includes('\0')) {
      throw invalid(
        `setup.inputs names ${JSON.stringify(path.slice(0, 120))}; give paths inside the repository.`,
      )
    }
  }
  const paths =
    setup.inputs.length > 0
      ? setup.inputs.map((path) => path.replace(/\/+$/, ''))
      : [...LOCKFILES, ...MANIFESTS]
  const args = ['--literal-pathspecs', 'ls-tree', '-z', '--full-tree', commit, '--', ...paths]
  const rows = (await git(args, onOwn(layout))).split('\0')
  const locked = rows.filter((row) => LOCKFILES.includes(row.slice(row.indexOf('\t') + 1)))
  const telling = setup.inputs.length > 0 || locked.length === 0 ? rows : locked
  return createHash('sha256')
    .update(JSON.stringify([setup.command, telling]))
    .digest('hex')
}

/**
 * Runs setup in a worktree that has not had it. Once it succeeded the same command is not run there again: from then
 * on the worktree is the agent's.
 *
 * @throws RepositoryError SETUP_FAILED with `{outcome, exitCode, logTail}`
 */
export async function runSetup(
  worktree: Worktree,
  setup: SetupSpec | null,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  if (setup === null) return
  const digest = createHash('sha256').update(JSON.stringify(setup.command)).digest('hex')
  if ((await readFile(worktree.setup, 'utf8').catch(() => '')) === digest) return
  await rm(worktree.setup, { force: true })
  const result = await runCommand({
    command: setup.command,
    cwd: worktree.path,
    env,
    timeoutMs: setup.timeoutMs,
  })
  if (result.outcome !== 'passed') throw setupFailed(setup, result)
  await writeWhole(worktree.setup, digest)
}

function setupFailed(setup: SetupSpec, result: Awaited<ReturnType<typeof runCommand>>): RepositoryError {
  const how = {
    failed: `exit ${result.exitCode}`,
    timedOut: `more than ${setup.timeoutMs} ms`,
    notStarted: 'not started',
    passed: '',
  }
  const said = result.logTail.split('\n').findLast((line) => line.trim() !== '') ?? ''
  const message = `The setup command ${setup.command.join(' ')} failed (${how[result.outcome]})${said === '' ? '.' : `: ${said.slice(0, 200)}`}`
  return new RepositoryError('SETUP_FAILED', message, {
    outcome: result.outcome,
    exitCode: result.exitCode,
    logTail: result.logTail,
  })
}
