// The version of this build, from package.json: the one place that says it.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Walks up to the package's own package.json: this file lies at another depth as source than built. */
function findPackage(from: string): string {
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    try {
      return readFileSync(join(folder, 'package.json'), 'utf8')
    } catch (error) {
      if (dirname(folder) === folder) throw error
    }
  }
}

export const VERSION: string = (
  JSON.parse(findPackage(fileURLToPath(import.meta.url))) as { version: string }
).version
