// A real repository of a rig, small enough that the tree of each commit can be computed beside git.
//
// Owns:      the folders of one town's rig, what agents and outsiders commit there, and what stands on the target.
// Does not:  ask git what a tree holds: names of trees are computed from files that we know.

import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { createRepositories } from '../../src/git/repositories.ts'
import { type Files, objectOf, objectsOf, treeOf } from './trees.ts'

export const RIG = 'shop'
export const FILES = 4
/** What everybody changes. */
export const HOT = 'f0'

const ENV = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
}

/**
 * A gate without a process of its own: reads each file, writes down what it saw and said, and is red where a file says
 * so, where two files that do not go together are both there, or where it is told to be flaky.
 */
const GATE = `#!/bin/sh
here=$1
seen=; red=0; left=; right=
for file in *; do
  [ -f "$file" ] || continue
  read -r text < "$file"
  seen="$seen$file=$text;"
  case $text in red*) red=1;; left*) left=1;; right*) right=1;; esac
done
[ "$left$right" = 11 ] && red=1
if [ -s "$here/flaky" ]; then
  read -r n < "$here/flaky"
  if [ "$n" -gt 0 ]; then echo $((n - 1)) > "$here/flaky"; echo "flaky $seen" >> "$here/witness"; echo flaky; exit 1; fi
fi
if [ $red = 1 ]; then echo "red $seen" >> "$here/witness"; echo broken; exit 1; fi
echo "green $seen" >> "$here/witness"
`

/** Runs git with these arguments and this input, in a bare repository. */
function git(gitDir: string, args: readonly string[], input = ''): string {
  const options = { env: ENV, input, encoding: 'utf8' as const }
  return execFileSync('git', [`--git-dir=${gitDir}`, ...args], options).trim()
}

let template: Promise<string> | null = null

/** A town folder whose rig is cloned, made once. */
async function makeTemplate(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'gt-q-'))
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  const origin = join(dir, 'origin.git')
  execFileSync('git', ['init', '-q', '--bare', '--template=', '-b', 'main', origin], { env: ENV })
  writeCommit(origin, { branch: 'main', from: null, files: initialFiles(), message: 'First' })
  mkdirSync(join(dir, 'rigs', RIG), { recursive: true })
  await createRepositories(dir).cloneRig({
    rig: RIG,
    remote: { kind: 'origin', url: origin },
    target: 'main',
  })
  // Agents work on any commit of the target; what they fetch is of no concern here.
  appendFileSync(join(dir, 'rigs', RIG, 'repo.git/objects/info/alternates'), `${join(origin, 'objects')}\n`)
  writeFileSync(join(dir, 'gate'), GATE)
  chmodSync(join(dir, 'gate'), 0o755)
  return dir
}

const initialFiles = (): Files =>
  new Map(Array.from({ length: FILES }, (_, n) => [`f${n}`, `first ${n}`] as const))

type Commit = {
  readonly branch: string
  readonly from: string | null
  readonly files: Files
  readonly message: string
}

/** Written without a process of git's. The branch stands there afterwards, wherever it was before. */
function writeCommit(gitDir: string, { branch, from, files, message }: Commit): string {
  const { tree, blobs } = objectsOf(files)
  const who = 'a <a@x> 1700000000 +0000'
  const parent = from === null ? '' : `parent ${from}\n`
  const body = `tree ${tree.id}\n${parent}author ${who}\ncommitter ${who}\n\n${message}\n`
  const commit = objectOf('commit', Buffer.from(body))
  for (const { id, bytes } of [...blobs, tree, commit]) {
    const path = join(gitDir, 'objects', id.slice(0, 2), id.slice(2))
    if (existsSync(path)) continue
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, deflateSync(bytes))
  }
  const ref = join(gitDir, 'refs/heads', branch)
  mkdirSync(dirname(ref), { recursive: true })
  writeFileSync(ref, `${commit.id}\n`)
  return commit.id
}

export class Repository {
  readonly dir: string
  readonly origin: string
  readonly #shared: string
  #commits = 0

  private constructor(dir: string) {
    this.dir = dir
    this.origin = join(dir, 'origin.git')
    this.#shared = join(dir, 'rigs', RIG, 'repo.git')
  }

  static async make(): Promise<Repository> {
    template ??= makeTemplate()
    const from = await template
    const dir = mkdtempSync(join(tmpdir(), 'gt-q-'))
    cpSync(from, dir, { recursive: true })
    const renamed = (folder: string): void => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name)
        if (entry.isDirectory() && !/^[0-9a-f]{2}$|^pack$/.test(entry.name)) renamed(path)
        else if (entry.isFile() && statSync(path).size < 10_000) {
          const text = readFileSync(path, 'latin1')
          if (text.includes(from)) writeFileSync(path, text.replaceAll(from, dir), 'latin1')
        }
      }
    }
    renamed(dir)
    return new Repository(dir)
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 })
  }

  get head(): string {
    return readFileSync(join(this.origin, 'refs/heads/main'), 'utf8').trim()
  }

  get gate(): readonly string[] {
    return [join(this.dir, 'gate'), this.dir]
  }

  /** So many runs of the gate are red from now on, whatever they see. */
  flaky(runs: number): void {
    writeFileSync(join(this.dir, 'flaky'), `${runs}\n`)
  }

  /** Trees that the gate itself saw, by what it said of them. */
  witnessed(): {
    readonly green: ReadonlySet<string>
    readonly red: ReadonlySet<string>
    readonly runs: number
  } {
    const path = join(this.dir, 'witness')
    const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
    const trees = (...said: string[]) =>
      new Set(
        lines.flatMap((line) => {
          const space = line.indexOf(' ')
          return said.includes(line.slice(0, space)) ? [treeOf(filesSeen(line.slice(space + 1)))] : []
        }),
      )
    return { green: trees('green'), red: trees('red', 'flaky'), runs: lines.length }
  }

  /** Somebody pushes to the target from elsewhere. */
  outside(files: Files): string {
    this.#commits += 1
    const commit = { branch: 'main', from: this.head, files, message: `Outside ${this.#commits}` }
    return writeCommit(this.origin, commit)
  }

  begin(branch: string, at: string): void {
    const path = join(this.#shared, 'refs/heads', branch)
    if (existsSync(path)) return
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${at}\n`)
  }

  /** What an agent commits on its branch, which begins anew at `from`. */
  commit(branch: string, from: string, files: Files): string {
    this.#commits += 1
    return writeCommit(this.#shared, { branch, from, files, message: `Work ${this.#commits}` })
  }

  branchHead(branch: string): string {
    return readFileSync(join(this.#shared, 'refs/heads', branch), 'utf8').trim()
  }

  /** Commits of the target, the oldest first, with what git and their trailers say of them. */
  target(): { readonly commit: string; readonly tree: string; readonly bead: string }[] {
    const format = '%H %T %(trailers:key=Bead,valueonly,separator=%x2c)'
    return git(this.origin, ['log', '--first-parent', '--reverse', `--format=${format}`, 'main'])
      .split('\n')
      .map((line) => {
        const [commit = '', tree = '', bead = ''] = line.split(' ')
        return { commit, tree, bead }
      })
  }

  has(commit: string): boolean {
    const said = git(this.#shared, ['cat-file', '--batch-check'], commit)
    return said.includes(' commit ')
  }

  /** Commits that a ref of the rig's repositories still leads to. */
  kept(): ReadonlySet<string> {
    const own = join(this.dir, 'rigs', RIG, 'refinery/git')
    return new Set([this.#shared, own].flatMap((at) => git(at, ['rev-list', '--all']).split('\n')))
  }
}

const filesSeen = (seen: string): Files =>
  new Map(
    seen
      .split(';')
      .filter((each) => each !== '')
      .map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)] as const),
  )
