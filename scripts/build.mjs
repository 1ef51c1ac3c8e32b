// The build: TypeScript in eventlog/ and src/ becomes plain JavaScript in dist/, its programs few files (bundle.mjs).
//
// Owns:      what is in dist/, and nothing else.
// Does not:  check types (`npm run typecheck` does); a file that cannot be parsed fails the build.
// Crosses:   npm runs it as `prepare` after `npm ci`, with whatever Node is there: it must run on Node 20.
//
//   1. A file of dist/ whose content stays the same is not touched, and one that changes is replaced whole:
//      a `gt` that is running meanwhile never reads half a file.
//   2. What no source stands for any more is removed.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle, ENTRIES } from './bundle.mjs'

const ROOMS = ['eventlog', 'src']
/** For those who read and check the sources. */
const NOT_SHIPPED = new Set(['SPEC.md', 'tsconfig.json'])

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')

const compiler = findCompiler()
if (compiler === undefined) {
  if (existsSync(dist)) process.exit(0)
  console.error('build: the TypeScript compiler is not installed. Run `npm ci` with the devDependencies.')
  process.exit(1)
}

const fresh = await mkdtemp(join(root, 'dist.'))
try {
  if (compile(compiler, fresh)) {
    await copyAssets(fresh)
    await copyFromPackages(fresh)
    const apart = await bundle(fresh)
    if (apart !== undefined)
      console.error(`build: all of it runs, and starts slower: there is no bundler (${apart})`)
    await sync(fresh, dist)
  } else {
    process.exitCode = 1
  }
} catch (error) {
  leftAsItWas(error.message)
  process.exitCode = 1
} finally {
  await rm(fresh, { recursive: true, force: true })
}

/** The path of TypeScript 7's entry, or undefined when devDependencies were left out. */
function findCompiler() {
  try {
    const manifest = createRequire(import.meta.url).resolve('@typescript/native/package.json')
    return join(dirname(manifest), 'bin', 'tsc')
  } catch {
    return undefined
  }
}

function compile(tsc, outDir) {
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', outDir]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (status === 0) return true
  leftAsItWas(`${stdout ?? ''}${stderr ?? ''}`.trim())
  return false
}

function leftAsItWas(why) {
  console.error(why)
  console.error('build: dist/ was left as it was. Repair the files named above, then `npm run build`.')
}

/** Everything in the rooms that is no TypeScript and no specification: pages, icons, fixtures. */
async function copyAssets(to) {
  for (const room of ROOMS.filter((name) => existsSync(join(root, name)))) {
    for (const path of await filesBelow(join(root, room))) {
      if (path.endsWith('.ts') || NOT_SHIPPED.has(basename(path))) continue
      await mkdir(join(to, room, dirname(path)), { recursive: true })
      await copyFile(join(root, room, path), join(to, room, path))
    }
  }
}

/** What the page in the browser takes from npm: one module, under its licence. */
async function copyFromPackages(to) {
  const web = join(to, 'src', 'web')
  if (!existsSync(web)) return
  const folder = join(root, 'node_modules', 'preact')
  const [code, licence] = await Promise.all(
    ['dist/preact.mjs', 'LICENSE'].map((path) => readFile(join(folder, path), 'utf8')),
  )
  const own = code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')
  await writeFile(join(web, 'preact.js'), `/*! preact\n\n${licence}*/\n${own}`)
}

/** Makes `to` equal to `from`, moving only the files that differ. */
async function sync(from, to) {
  await mkdir(to, { recursive: true })
  // What others load is there before they are.
  const isEntry = (path) =>
    ENTRIES.some((entry) => path === entry || path === join('bundle', basename(entry)))
  const wanted = (await filesBelow(from)).sort((a, b) => Number(isEntry(a)) - Number(isEntry(b)))
  for (const path of wanted) {
    if (await sameFile(join(from, path), join(to, path))) continue
    await mkdir(dirname(join(to, path)), { recursive: true })
    await rename(join(from, path), join(to, path))
  }
  const keep = new Set(wanted)
  for (const path of await filesBelow(to)) {
    if (!keep.has(path)) await rm(join(to, path), { force: true })
  }
}

async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  // `parentPath` is missing in the first releases of Node 20.
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
}

async function sameFile(fresh, old) {
  const [a, b] = await Promise.all([readFile(fresh), readFile(old).catch(() => undefined)])
  return b !== undefined && a.equals(b)
}
