// The packages that a package needs when it runs, found as Node finds them, and where to put them in a copy.
//
// Always:    a package in the copy finds the very packages that it finds now, wherever npm (or another installer) put them.

import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

export type PackagePlace = {
  /** Absolute path of the installed package. */
  readonly from: string
  /** Path in the copy: `node_modules/a`, or `node_modules/b/node_modules/a` where two versions are needed. */
  readonly to: string
}

type Manifest = {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/**
 * Everything that the package in `root` depends on to run, also indirectly.
 * @throws {Error} with one sentence when a package that is needed is not installed
 */
export function productionPackages(root: string): readonly PackagePlace[] {
  /** Path in the copy, and what stands there. Whoever comes first lies on top; others lie below who needs them. */
  const placed = new Map<string, string>()
  const open: PackagePlace[] = [{ from: realpathSync(root), to: '' }]
  for (let dependent = open.shift(); dependent !== undefined; dependent = open.shift()) {
    for (const [name, optional] of needs(dependent.from)) {
      const from = find(name, dependent.from)
      if (from === null) {
        if (optional) continue
        throw new Error(`${name} is not installed; run npm ci in ${root}`)
      }
      const seen = visible(placed, name, dependent.to)
      if (seen === from) continue
      const to = join(seen === null ? '' : dependent.to, 'node_modules', name)
      placed.set(to, from)
      open.push({ from, to })
    }
  }
  return [...placed].map(([to, from]) => ({ from, to }))
}

function needs(dir: string): Map<string, boolean> {
  const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(
    readFileSync(join(dir, 'package.json'), 'utf8'),
  ) as Manifest
  return new Map([
    ...Object.keys(peerDependencies ?? {}).map((name) => [name, true] as const),
    ...Object.keys(dependencies ?? {}).map((name) => [name, false] as const),
    ...Object.keys(optionalDependencies ?? {}).map((name) => [name, true] as const),
  ])
}

/** Upwards from the package, as `require` and `import` look. */
function find(name: string, from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const place = join(folder, 'node_modules', name)
    try {
      readFileSync(join(place, 'package.json'))
      return realpathSync(place)
    } catch {
      if (dirname(folder) === folder) return null
    }
  }
}

/** What a package at `at` would find in the copy as it is now. */
function visible(placed: ReadonlyMap<string, string>, name: string, at: string): string | null {
  for (let folder = at; ; folder = dirname(folder)) {
    const found = placed.get(join(folder === '.' ? '' : folder, 'node_modules', name))
    if (found !== undefined) return found
    if (folder === '' || folder === '.') return null
  }
}
