// Reads a file that may not be there.

import { readFileSync } from 'node:fs'

/** Text of a file, or null when there is none that can be read. */
export function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
