// The programs of the build, each in few files: what a program imports is put together, that of packages too.
//
// Loading is most of the time that a start takes; one module costs about as much as all that is in it.
//
// Owns:      bundle/ in the folder of a build; the entries, which then load from there; taking away what is in it now.
// Does not:  take in native addons; they find their own files by where they lie.
//
//   1. Code that asks where it lies (import.meta.url) is told the place of its own module, not that of the bundle.
//   2. The same sources give the same files: a town knows a program by a digest of them.
//   3. The licence of each package that is taken in lies beside it.
import { readdirSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'

/** Whatever is started by its path, or as a thread: from `dist/`. */
export const ENTRIES = [
  'eventlog/level/side-main.js',
  'src/cli/main.js',
  'src/git/worker.js',
  'src/pty/host.js',
  'src/town/checkpoint/renew-main.js',
  'src/town/daemon-main.js',
  'src/town/past/expression-main.js',
  'src/town/past/job-main.js',
  'src/town/past/past-main.js',
  // Tests bring towns up by these, each with the program that it belongs to.
  'src/town/program/program.js',
  'src/town/up.js',
]
/** Modules that a browser loads as they are (src/api/web-files.ts). */
const SERVED = ['src/web/', 'src/events/words.js']
const ADDONS = ['classic-level', 'node-pty']

/**
 * Puts together what was compiled to `folder`. A bundler that is not there, or not for this Node or machine, leaves everything
 * as it is: all runs as before, and starts slower.
 * @returns {Promise<string | undefined>} why not, in a few words
 */
export async function bundle(folder) {
  const bundler = await import('rolldown').catch((error) => String(error.message).split('\n')[0])
  if (typeof bundler === 'string') return bundler
  const build = await bundler.rolldown({
    cwd: folder,
    input: Object.fromEntries(ENTRIES.map((path) => [basename(path, '.js'), join(folder, path)])),
    platform: 'node',
    external: ADDONS,
    plugins: [ownPlaces(folder)],
    onLog(level, log, report) {
      // A circle between modules that call each other later is no fault.
      if (level === 'warn' && log.code !== 'CIRCULAR_DEPENDENCY') report('error', log)
    },
  })
  const { output } = await build.write({
    dir: join(folder, 'bundle'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  })
  await build.close()
  for (const path of modulesBelow(folder)) {
    if (!ENTRIES.includes(path)) await rm(join(folder, path))
  }
  for (const path of ENTRIES) {
    const up = '../'.repeat(path.split('/').length - 1)
    await writeFile(join(folder, path), `export * from '${up}bundle/${basename(path)}'\n`)
  }
  const modules = output.flatMap((chunk) => ('moduleIds' in chunk ? chunk.moduleIds : []))
  await writeFile(join(folder, 'bundle', 'LICENSES.md'), licences(modules))
  return undefined
}

function modulesBelow(folder) {
  return readdirSync(folder, { recursive: true }).filter(
    (path) => path.endsWith('.js') && !['bundle/', ...SERVED].some((part) => path.startsWith(part)),
  )
}

/** Each module lies in bundle/ now, and goes on looking for its neighbours where it lay. */
const ownPlaces = (folder) => ({
  name: 'own-places',
  transform: {
    filter: { code: 'import.meta.url' },
    handler(code, id) {
      if (!id.startsWith(folder + sep)) return undefined
      const place = JSON.stringify(`../${relative(folder, id)}`)
      return {
        code: code.replaceAll('import.meta.url', `new URL(${place}, import.meta.url).href`),
        map: null,
      }
    },
  },
})

function licences(modules) {
  const packages = new Map()
  for (const id of modules) {
    const found = /^\0?(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(id)
    if (found !== null) packages.set(found[2], found[1])
  }
  const texts = [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, path]) => licence(name, path))
  return `# What is put together here\n\nParts of these packages, each under its licence:\n\n${texts.join('\n')}`
}

function licence(name, path) {
  const { version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
  const file = readdirSync(path).find((each) => /^licen[cs]e/i.test(each))
  const text = file === undefined ? '' : `\n${readFileSync(join(path, file), 'utf8').trim()}\n`
  return `## ${name} ${version} (${license})\n${text}`
}
