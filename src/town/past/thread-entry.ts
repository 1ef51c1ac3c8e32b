// Where the file of a thread lies: as source, or built.

import { fileURLToPath } from 'node:url'

/** Path of a file beside this one. */
export function threadEntry(name: string): string {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  return fileURLToPath(new URL(`./${name}${extension}`, import.meta.url))
}
