// Where the file lies that a process or a thread of the town begins with: as source, or built.

import { fileURLToPath } from 'node:url'

/** `path` is from this folder, without its extension. */
export function entry(path: string): string {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  return fileURLToPath(new URL(`${path}${extension}`, import.meta.url))
}
