// How many records one commit of a town holds, and how the ids of its appends look.
//
// Measured in the log that the demo left (seed 3): `npm run corpus -- --measure <town>/.gt/log` prints it anew.

/** [records in a commit, commits of that size]. */
export const DEMO_COMMITS: readonly (readonly [size: number, commits: number])[] = [
  [1, 213],
  [2, 54],
  [3, 3],
  [4, 2],
  [5, 5],
]

/** A size for each commit, drawn as often as the demo had it. */
export function commitSizes(chance: () => number): () => number {
  const all = DEMO_COMMITS.reduce((sum, [, commits]) => sum + commits, 0)
  return () => {
    let left = chance() * all
    for (const [size, commits] of DEMO_COMMITS) {
      left -= commits
      if (left < 0) return size
    }
    return 1
  }
}

/** Of 324 ids in that log 255 name a promise of the log, 42 a hook's post of a session, the others a command. */
export function appendIds(chance: () => number): (next: number) => string {
  const hex = (digits: number): string =>
    Math.floor(chance() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0')
  const uuid = (): string => `${hex(8)}-${hex(4)}-4${hex(3)}-9${hex(3)}-${hex(12)}`
  const promised = new Map<number, number>()
  return (next) => {
    const kind = chance() * 324
    if (kind < 255) {
      // One that a record made not long ago, each of them once.
      const seq = Math.max(1, next - Math.floor(chance() ** 4 * LATELY))
      const count = (promised.get(seq) ?? 0) + 1
      promised.delete(seq - LATELY * 2)
      promised.set(seq, count)
      return `promise ${seq}.${count}`
    }
    if (kind < 297) {
      const session = `${1 + Math.floor(chance() * 40)}.${1 + Math.floor(chance() * 3)}`
      return `till/polecats/nux/sessions/${session} gt-${uuid()}`
    }
    return `gt-${uuid()}`
  }
}

const LATELY = 100

/** One line for people. */
export function commitsInWords(): string {
  const all = DEMO_COMMITS.reduce((sum, [, commits]) => sum + commits, 0)
  const shares = DEMO_COMMITS.map(([size, commits]) => `${size}: ${((100 * commits) / all).toFixed(1)} %`)
  return `records in a commit, as in ${all} commits of the demo: ${shares.join(', ')}`
}
