// Looking at a repository before it becomes a rig, and making the rig's two repositories.
//
// Owns:      which remote a path or URL means; the first clone and the configuration agents see.
// Does not:  decide whether the rig is wanted; make worktrees.

import { mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { type Remote, type Repositories, RepositoryError, type RigInspection } from '../ports/repositories.ts'
import { checkGitVersion, fields, type GitOptions, git, gitOutcome } from './git.ts'
import { type Layout, onOwn } from './layout.ts'
import { checkName, checkSource } from './names.ts'
import { refId } from './refs.ts'
import { checkRejoining } from './rejoining.ts'
import {
  fetchRefs,
  freshTarget,
  isDirectory,
  NETWORK_SILENT_MS_MAX,
  shown,
  targetNotFound,
  trackingRef,
  unreachable,
} from './remotes.ts'
import { proposeTest, TELLING_FILES } from './tests-proposed.ts'

const BRANCHES_MAX = 50
/** A file that names a test command is short; more than this is not read. */
const TELLING_BYTES_MAX = 256 * 1024

/**
 * Says what a rig made of `source` would be. Changes nothing.
 *
 * @throws RepositoryError NOT_A_REPOSITORY, REPOSITORY_EMPTY, TARGET_NOT_FOUND, REMOTE_HAS_NO_ORIGIN,
 *   REMOTE_UNREACHABLE, NAME_INVALID, GIT_TOO_OLD
 */
export async function inspectRig(input: Parameters<Repositories['inspectRig']>[0]): Promise<RigInspection> {
  checkSource(input.source)
  if (input.target !== null) checkName('target', input.target)
  await checkGitVersion()
  const found = await remoteOf(input.source, input.local)
  const { branches, headBranch } = await listBranches(found.remote.url)
  if (branches.size === 0) throw emptyRepository(found.remote.url)
  const names = [...branches.keys()]
  const target =
    input.target ?? (headBranch !== null && branches.has(headBranch) ? headBranch : commonTarget(names))
  const head = target === null ? undefined : branches.get(target)
  if (target === null || head === undefined)
    throw targetNotFound(input.target ?? headBranch ?? 'HEAD', found.remote.url, names)
  checkName('target', target)
  const proposedTest = proposeTest(await tellingFiles(found, head, target))
  return {
    remote: found.remote,
    source: found.path,
    target,
    head,
    proposedTest,
    branches: names.slice(0, BRANCHES_MAX),
  }
}

type Found = {
  readonly remote: Remote /** The repository on this machine that was named. */
  readonly path: string | null
}

async function remoteOf(source: string, local: boolean): Promise<Found> {
  const path = source.startsWith('file://')
    ? decodeURIComponent(source.slice('file://'.length))
    : resolve(source)
  if (!(await isDirectory(path))) {
    if (!/^[A-Za-z][A-Za-z0-9+.-]*:\/\/|^[^/\s]+:[^\s]/.test(source) || source.startsWith('file://')) {
      throw notARepository(source, 'there is no such folder')
    }
    if (local) throw notARepository(source, '--local needs a folder of this machine')
    return { remote: { kind: 'origin', url: source }, path: null }
  }
  const real = await realpath(path)
  const at: GitOptions = { cwd: real, access: 'remote' }
  const outcome = await gitOutcome(
    ['rev-parse', '--is-bare-repository', '--absolute-git-dir', '--show-cdup'],
    at,
  )
  const [bare, gitDir, up] = outcome.stdout.toString().split('\n')
  if (outcome.code !== 0 && bare !== 'true') throw notARepository(source, outcome.stderr)
  if (bare === 'true') {
    if (gitDir !== real) throw notARepository(source, `it lies inside the repository ${gitDir}`)
    return { remote: { kind: 'origin', url: real }, path: real }
  }
  if (up !== '' || gitDir === real)
    throw notARepository(source, 'it lies inside a repository; give that one’s top folder')
  if (local) return { remote: { kind: 'local', url: real }, path: real }
  const origin = (await gitOutcome(['config', '--get', 'remote.origin.url'], at)).stdout.toString().trim()
  if (origin === '') {
    // Nothing to work on is the first thing to say; listBranches would find it in an origin.
    const any = await gitOutcome(['for-each-ref', '--count=1', 'refs/heads'], at)
    if (any.stdout.toString() === '') throw emptyRepository(source)
    throw new RepositoryError(
      'REMOTE_HAS_NO_ORIGIN',
      `${real} has no remote named origin to land in; add it with --local to land in that repository itself.`,
    )
  }
  const expanded = await git(['ls-remote', '--get-url', 'origin'], at)
  const isPath = !/^[A-Za-z][A-Za-z0-9+.-]*:\/\/|^[^/\s]+:/.test(expanded)
  const url = isPath ? resolve(real, expanded) : expanded.replace(/^file:\/\//, '')
  checkSource(url)
  return { remote: { kind: 'origin', url }, path: real }
}

const emptyRepository = (source: string): RepositoryError =>
  new RepositoryError(
    'REPOSITORY_EMPTY',
    `${shown(source)} has no commit yet; make the first one, then add it.`,
  )

function notARepository(source: string, why: string): RepositoryError {
  const said = why.split('\n').find((line) => line !== '') ?? why
  return new RepositoryError(
    'NOT_A_REPOSITORY',
    `${shown(source)} is not a git repository: ${said.replace(/^fatal: /, '')}.`,
  )
}

async function listBranches(
  url: string,
): Promise<{ branches: Map<string, string>; headBranch: string | null }> {
  const args = ['ls-remote', '--symref', '--', url, 'HEAD', 'refs/heads/*']
  const outcome = await gitOutcome(args, { cwd: '/', access: 'remote', silentMsMax: NETWORK_SILENT_MS_MAX })
  if (outcome.code !== 0) throw unreachable(url, outcome)
  const branches = new Map<string, string>()
  let headBranch: string | null = null
  for (const line of outcome.stdout.toString().split('\n')) {
    const [left = '', right = ''] = line.split('\t')
    if (left.startsWith('ref: refs/heads/')) headBranch = left.slice('ref: refs/heads/'.length)
    else if (right.startsWith('refs/heads/')) branches.set(right.slice('refs/heads/'.length), left)
  }
  return { branches, headBranch }
}

const commonTarget = (names: readonly string[]): string | null =>
  ['main', 'master', 'trunk'].find((name) => names.includes(name)) ??
  (names.length === 1 ? (names[0] ?? null) : null)

/** Texts of the files that may name a test command, read from the commit, never from a work tree. */
async function tellingFiles(found: Found, head: string, target: string): Promise<Map<string, string>> {
  if (found.path !== null) {
    const at: GitOptions = { cwd: found.path, access: 'remote' }
    if ((await gitOutcome(['cat-file', '-e', head], at)).code === 0) return await readTelling(head, at)
  }
  const folder = await mkdtemp(join(tmpdir(), 'gt-inspect-'))
  try {
    await git(['init', '-q', '--bare', '--template=', folder], { cwd: '/' })
    const args = [
      'fetch',
      '--progress',
      '--depth=1',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-auto-maintenance',
      '--',
    ]
    const at: GitOptions = {
      cwd: '/',
      env: { GIT_DIR: folder },
      access: 'remote',
      silentMsMax: NETWORK_SILENT_MS_MAX,
    }
    const outcome = await gitOutcome(
      [...args, found.remote.url, `refs/heads/${target}:refs/heads/inspected`],
      at,
    )
    // A proposal is a help; a server that gives no shallow fetch does not stop the rig.
    return outcome.code === 0 ? await readTelling('refs/heads/inspected', at) : new Map()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function readTelling(commit: string, at: GitOptions): Promise<Map<string, string>> {
  const listed = await gitOutcome(['ls-tree', '-l', '-z', '--end-of-options', commit, ...TELLING_FILES], at)
  const texts = new Map<string, string>()
  if (listed.code !== 0) return texts
  await Promise.all(
    fields(listed.stdout.toString()).map(async (row) => {
      const [, id, size, name] = /^100\d+ blob (\w+) +(\d+)\t(.+)$/s.exec(row) ?? []
      if (id === undefined || name === undefined || Number(size) > TELLING_BYTES_MAX) return
      const outcome = await gitOutcome(['cat-file', 'blob', id], at)
      if (outcome.code === 0) texts.set(name, outcome.stdout.toString())
    }),
  )
  return texts
}

/** Makes `refinery/git` and `repo.git`; a clone that was cut short is completed. */
export async function cloneRig(layout: Layout, remote: Remote, target: string): Promise<{ head: string }> {
  checkName('target', target)
  checkSource(remote.url)
  await checkGitVersion()
  if (await isReady(layout)) {
    const head = await freshTarget(layout, remote, target)
    await checkRejoining(layout, remote, target, head)
    // It may have landed elsewhere until now; agents fetch from where it lands.
    await writeWhole(join(layout.shared, 'config'), sharedConfig(remote))
    return { head }
  }
  await mkdir(layout.notes, { recursive: true })
  await git(['init', '-q', '--bare', '--template=', '--', layout.own], { cwd: layout.root })
  await Promise.all([
    writeFile(join(layout.own, 'config'), OWN_CONFIG),
    mkdir(join(layout.own, 'info'), { recursive: true }),
  ])
  await fetchRefs(
    layout,
    remote.url,
    ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'],
    target,
  )
  const head = await refId(layout.own, trackingRef(target))
  if (head === null) throw targetNotFound(target, remote.url)
  await git(['pack-refs', '--all'], onOwn(layout))
  await makeShared(layout, remote)
  await writeWhole(layout.ready, '1\n')
  return { head }
}

export async function isReady(layout: Layout): Promise<boolean> {
  return (await readFile(layout.ready, 'utf8').catch(() => '')) !== ''
}

const OWN_CONFIG =
  '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n\tlogallrefupdates = false\n'

/** The repository that agents' worktrees are linked to. Written by hand: its objects are borrowed, not copied. */
async function makeShared(layout: Layout, remote: Remote): Promise<void> {
  const { shared, own } = layout
  await Promise.all(
    ['objects/info', 'objects/pack', 'refs/heads', 'refs/remotes', 'worktrees', 'info'].map((part) =>
      mkdir(join(shared, part), { recursive: true }),
    ),
  )
  const packed = await readFile(join(own, 'packed-refs'))
  await Promise.all([
    writeFile(join(shared, 'objects/info/alternates'), `${join(own, 'objects')}\n`),
    writeFile(join(shared, 'packed-refs'), packed),
    writeFile(join(shared, 'config'), sharedConfig(remote)),
  ])
  // Last: with HEAD it is a repository.
  await writeFile(join(shared, 'HEAD'), 'ref: refs/heads/no-branch\n')
}

/** Fetching only: a push by an agent fails, and the name it fails with says who lands instead. */
function sharedConfig(remote: Remote): string {
  const value = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`
  return [
    '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n\tlogallrefupdates = true',
    '[gc]\n\tauto = 0',
    '[maintenance]\n\tauto = false',
    `[remote "origin"]\n\turl = ${value(agentUrl(remote.url))}`,
    '\tfetch = +refs/heads/*:refs/remotes/origin/*',
    '\tpushurl = no-push-the-refinery-lands\n',
  ].join('\n')
}

/** Agents see no password of the operator's. */
const agentUrl = (url: string): string =>
  isAbsolute(url) ? url : url.replace(/^(\w+:\/\/[^/\s:@]*):[^/\s@]*@/, '$1@')

/** Replaces a file at once, so that a crash leaves the old or the new. */
export async function writeWhole(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  await writeFile(temporary, content)
  await rename(temporary, path)
}
