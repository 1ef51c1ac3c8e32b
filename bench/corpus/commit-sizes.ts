// How many records one commit of a town holds.
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

/** One line for people. */
export function commitsInWords(): string {
  const all = DEMO_COMMITS.reduce((sum, [, commits]) => sum + commits, 0)
  const shares = DEMO_COMMITS.map(([size, commits]) => `${size}: ${((100 * commits) / all).toFixed(1)} %`)
  return `records in a commit, as in ${all} commits of the demo: ${shares.join(', ')}`
}
