import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

type Locked = {
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly hasInstallScript?: boolean
}
type Manifest = { readonly allowScripts: Readonly<Record<string, boolean>> } & Record<
  'dependencies' | 'devDependencies',
  Readonly<Record<string, string>>
>

const root = join(import.meta.dirname, '..', '..')
const packages: Readonly<Record<string, Locked>> = JSON.parse(
  readFileSync(join(root, 'package-lock.json'), 'utf8'),
).packages
const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

test('the lock file has an entry for each build of another platform, without which npm ci refuses to install', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
    ),
  )
  expect(missing).toEqual([])
})

test('each package with an install script, and no other, is approved in package.json', () => {
  const scripted = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript)
  const names = scripted.map(([path]) =>
    path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
  )
  // fsevents is the file watcher of macOS, of which only the tests' own tools know.
  expect(new Set(names.filter((name) => name !== 'fsevents'))).toEqual(
    new Set(Object.keys(manifest.allowScripts)),
  )
})

test('each direct dependency is pinned to one version', () => {
  const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies })
  expect(versions.filter((version) => !/^(npm:[@\w/-]+@)?\d+\.\d+\.\d+[\w.-]*$/.test(version))).toEqual([])
})
