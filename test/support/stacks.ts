// Requests of a stack as a Refinery is told of them: the n-th of the queue, its commit, and what it is built upon.

import { BASE, message, RIG } from './messages.ts'

export const name = (kind: string, n: number) => `${kind}${n}`.padEnd(40, '0')
export const head = (n: number) => name('a', n)
export const commit = (n: number) => name('c', n)
export const tree = (n: number) => name('d', n)
export const mr = (n: number) => `${RIG}/merge-requests/mr-${n}`
export const beadOf = (n: number) => `sh-${n}`
export const ready = (n: number) =>
  message('MERGE_READY', {
    bead: beadOf(n),
    sandbox: `${RIG}/polecats/p${n}/sandboxes/1`,
    agent: `${RIG}/polecats/p${n}`,
    branch: `polecat/p${n}/b`,
    head: head(n),
  })
const below = (n: number) => (n === 1 ? BASE : commit(n - 1))
export const built = (n: number, base = below(n)) =>
  message('merge.built', { mergeRequest: mr(n), commit: commit(n), tree: tree(n), base })
export const advanced = (...of: number[]) => {
  const tip = of.at(-1) ?? 0
  const parts = of.map((n) => ({ mergeRequest: mr(n), patchId: `p${n}`, proof: `patch-id p${n}` }))
  return message('target.advanced', { ...parts.at(-1), head: commit(tip), parts })
}
export const each = <T>(count: number, of: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => of(n + 1))
