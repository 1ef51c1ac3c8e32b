// Orders as an argument of the program that they are for.

import path from 'node:path'
import type { Launch, LaunchAsk } from '../../ports/presets.ts'

/** Linux takes no argument above 128 KiB; the rest is for what UTF-8 and the argument's neighbours need. */
const ARGUMENT_BYTES_MAX = 100_000

/**
 * What is typed as the first prompt; what no argument can hold is put into a file that the argument names. `rules`:
 * they stand before the orders, for a program that takes them in no other way.
 */
export function typedOrders(
  { orders, folder }: Pick<LaunchAsk, 'orders' | 'folder'>,
  rules = '',
): { typed: string; files: Launch['files'] } {
  const all = [rules, orders].filter((text) => text !== '').join('\n\n')
  if (Buffer.byteLength(all) > ARGUMENT_BYTES_MAX) {
    const file = path.join(folder, 'orders.md')
    return {
      typed: `Your orders are in the file ${file}. Read all of it, then do what it says.`,
      files: [{ path: file, content: all }],
    }
  }
  // A first character of `/` or `!` would make it a command of the program instead of a prompt.
  return { typed: /^\s*[/!]/.test(all) ? `Orders: ${all}` : all, files: [] }
}
