// The town's own copy of the program: host, daemon, worker and the `gt` of agents run from it, so that an upgrade of
// the clone, or its absence, is noticed by nobody at work.
//
//   <town>/.gt/program/<digest>/    bin/, dist/, node_modules/ (production alone, the pinned Node among it), package.json
//   <town>/.gt/program/current      symbolic link to the one that is to run; agents have `current/bin` on their PATH
//
// Owns:      that folder: making a copy, making it current, taking away the ones that nobody runs from.
// Does not:  start or end a process.
// Always:    a copy is made aside and moved to its place whole; its name is a digest of what is in it, so a name that is
//            there is a copy that is right. Files are hard links where the file system can: neither the build nor
//            npm nor git writes into a file that is there, they put another one in its place.

import { createHash, randomBytes } from 'node:crypto'
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { townFiles } from '../files.ts'
import { TownError } from '../town-error.ts'
import { productionPackages } from './packages.ts'

export type Program = {
  /** Absolute path of the package: a copy, or a clone that is run as it is. */
  readonly dir: string
  readonly version: string
  /** null for sources, which are run where they are. */
  readonly digest: string | null
}

/** What this process runs: the town's copy, or a clone or sources where they are. Reads no more than it must. */
export function runningProgram(townDir: string): Program {
  const here = realpathSync(fileURLToPath(import.meta.url))
  return (
    programOf(townDir, here) ?? { dir: packageOf(here), version: versionOf(packageOf(here)), digest: null }
  )
}

/** The package that this very code belongs to. */
export function ownProgram(): Program {
  const here = realpathSync(fileURLToPath(import.meta.url))
  const dir = packageOf(here)
  return { dir, version: versionOf(dir), digest: here.endsWith('.js') ? digestOf(dir) : null }
}

/**
 * Makes sure that the town has a copy of our own program, without making it current. Sources are not copied.
 * @throws {TownError} PROGRAM_NOT_COPIED; nothing is left of a copy that failed
 */
export function keepProgram(townDir: string): Program {
  const own = ownProgram()
  if (own.digest === null) return own
  const place = join(townFiles(townDir).program, own.digest)
  const kept = { ...own, dir: place }
  if (exists(place)) return kept
  const draft = `${place}.making-${process.pid}-${randomBytes(4).toString('hex')}`
  try {
    copyProgram(own.dir, draft)
    if (digestOf(draft) !== own.digest) {
      throw new Error(`${own.dir} is being built or installed; ask again when that has ended`)
    }
    moveTo(draft, place)
    return kept
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    const reason = error instanceof Error ? error.message : String(error)
    throw new TownError(
      'PROGRAM_NOT_COPIED',
      `The program could not be copied to ${place}: ${reason}.`,
      error,
    )
  }
}

/** From now on new processes of the town run it. Those at work stay with what they began with. */
export function makeCurrent(townDir: string, program: Program): void {
  if (program.digest === null) return
  const link = join(townFiles(townDir).program, CURRENT)
  if (linkedTo(link) === program.digest) return
  const fresh = `${link}.${process.pid}`
  try {
    rmSync(fresh, { force: true })
    symlinkSync(program.digest, fresh)
    renameSync(fresh, link)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TownError('PROGRAM_NOT_COPIED', `The program could not be made current: ${reason}.`, error)
  }
}

/** The copy that a town runs, or null when it was never up, or runs from sources. */
export function currentProgram(townDir: string): Program | null {
  const folder = townFiles(townDir).program
  const digest = linkedTo(join(folder, CURRENT))
  return digest === null ? null : programIn(join(folder, digest))
}

/** The copy that a path or a command line names, or null. */
export function programOf(townDir: string, commandLine: string): Program | null {
  const folder = townFiles(townDir).program
  const digest = readNames(folder).find((name) => name !== CURRENT && names(commandLine, folder, name))
  return digest === undefined ? null : programIn(join(folder, digest))
}

/** Takes away copies that are not current and that none of `commandLines` names, and what was interrupted. */
export function forgetPrograms(townDir: string, commandLines: () => readonly string[]): void {
  const folder = townFiles(townDir).program
  const current = linkedTo(join(folder, CURRENT))
  const all = readNames(folder).filter((name) => !name.startsWith(CURRENT))
  const others = all.filter((name) => name !== current && !isBeingMade(name))
  if (others.length === 0) return
  const running = commandLines()
  // Where the system does not say which program a process is: it may be any of them.
  const unknown = (line: string) =>
    names(line, folder, CURRENT) && !all.some((name) => names(line, folder, name))
  if (running.some(unknown)) return
  for (const name of others) {
    const isRun = running.some((line) => names(line, folder, name))
    if (!isRun) rmSync(join(folder, name), { recursive: true, force: true })
  }
}

/** Whether a command line names something in a copy, as the town is written or as the system knows it. */
function names(commandLine: string, folder: string, name: string): boolean {
  const real = exists(folder) ? realpathSync(folder) : folder
  return commandLine.includes(`${folder}/${name}/`) || commandLine.includes(`${real}/${name}/`)
}

/** The folder on the PATH of agents: it stays when the program changes, so a new `gt` speaks to a new daemon. */
export function binFolder(townDir: string, program: Program): string {
  return program.digest === null ? join(program.dir, 'bin') : join(townFiles(townDir).program, CURRENT, 'bin')
}

/** The Node that comes with a program, or the one that runs us where it has none. */
export function nodeOf({ dir }: Program): string {
  const node = join(dir, 'node_modules/node/bin/node')
  return exists(node) ? node : process.execPath
}

const CURRENT = 'current'

/** The folder of a package from a file of it: <package>/dist/src/town/x.js, or <package>/src/town/x.ts. */
const packageOf = (file: string): string =>
  join(file, file.endsWith('.js') ? '../../../../..' : '../../../..')

/** What Node can load, and programs, which have no ending; it refuses TypeScript below node_modules. */
const LOADED = /\.([cm]?js|json|node|wasm)$|^[^.]+$/
/** Of a package's own top folders: published, and never loaded. */
const NOT_LOADED = /^(test|tests|__tests__|bench|benchmark|benchmarks|example|examples|docs)$/

function copyProgram(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 })
  copyFileSync(join(from, 'package.json'), join(to, 'package.json'))
  mkdirSync(join(to, 'bin'))
  // An editor writes into a file that is there.
  for (const path of filesBelow(join(from, 'bin')))
    copyFileSync(join(from, 'bin', path), join(to, 'bin', path))
  linkFolder(join(from, 'dist'), join(to, 'dist'))
  mkdirSync(join(to, 'node_modules'))
  writeFileSync(join(to, INSTALLED), installedBy(from))
  for (const { from: source, to: place } of productionPackages(from)) {
    linkFolder(source, join(to, place), (name, top) => !(top && NOT_LOADED.test(name)), LOADED)
  }
}

function linkFolder(
  from: string,
  to: string,
  enters: (name: string, top: boolean) => boolean = () => true,
  files = /./,
  top = true,
): void {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) {
      // Packages below a package are found by themselves.
      if (entry.name !== 'node_modules' && enters(entry.name, top))
        linkFolder(source, target, enters, files, false)
    } else if (files.test(entry.name)) linkFile(source, target)
  }
}

function linkFile(from: string, to: string): void {
  const source = realpathSync(from)
  try {
    linkSync(source, to)
  } catch (error) {
    if (!NOT_LINKED.has(String((error as NodeJS.ErrnoException).code))) throw error
    copyFileSync(source, to)
  }
}

/** Another file system, one without links, or somebody else's file. */
const NOT_LINKED: ReadonlySet<string> = new Set([
  'EXDEV',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EMLINK',
  'EACCES',
  'ENOSYS',
])

/** Another `gt up` may have been faster: then theirs is as good. */
function moveTo(draft: string, place: string): void {
  try {
    renameSync(draft, place)
  } catch (error) {
    if (!exists(place)) throw error
    rmSync(draft, { recursive: true, force: true })
  }
}

/** Of the package, of what was built, and of what npm installed for it. */
function digestOf(dir: string): string {
  const hash = createHash('sha256')
  hash.update(readFileSync(join(dir, 'package.json')))
  for (const folder of [join(dir, 'bin'), join(dir, 'dist')]) {
    for (const path of filesBelow(folder))
      hash
        .update(`${path}\0`)
        .update(readFileSync(join(folder, path)))
        .update('\0')
  }
  hash.update(installedBy(dir))
  return hash.digest('hex').slice(0, 16)
}

/** npm's own list of what it put below a package, or beside it. */
const INSTALLED = 'node_modules/.package-lock.json'

function installedBy(dir: string): Buffer {
  for (let folder = dir; ; folder = dirname(folder)) {
    try {
      return readFileSync(join(folder, INSTALLED))
    } catch {
      if (dirname(folder) === folder) return Buffer.alloc(0)
    }
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

function programIn(dir: string): Program | null {
  try {
    return { dir, version: versionOf(dir), digest: dir.slice(dirname(dir).length + 1) }
  } catch {
    return null
  }
}

function versionOf(dir: string): string {
  return (JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { version: string }).version
}

/** A copy in the making belongs to the process in its name while that lives. */
function isBeingMade(name: string): boolean {
  const pid = Number(/\.making-(\d+)-/.exec(name)?.[1] ?? 0)
  if (pid === 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function linkedTo(link: string): string | null {
  try {
    return readlinkSync(link)
  } catch {
    return null
  }
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
