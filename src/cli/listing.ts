// How commands show a list.

import type { Call } from './command.ts'
import { table } from './layout.ts'

/** One row each; with --json the items as they are, with -q their ids. */
export function showList<T>(
  { out }: Call,
  items: readonly T[],
  shape: {
    readonly id: (item: T) => string
    /** Said instead of a table without rows. */
    readonly none?: string
    /** Lines above the table. */
    readonly before?: readonly string[]
    readonly head: readonly string[]
    readonly row: (item: T) => readonly string[]
  },
): void {
  const { id, none, before = [], head, row } = shape
  out.answer({
    json: items,
    ids: items.map(id),
    lines: () =>
      items.length === 0 && none !== undefined
        ? [...before, none]
        : [...before, ...table(head, items.map(row), { columns: out.columns })],
  })
}
