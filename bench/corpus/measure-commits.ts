// How many records each commit of a log held: the log remembers the ids of every commit by the record it ended with.

import { openDatabase } from '../../eventlog/level/database.ts'
import { rangeOf, seqOf } from '../../eventlog/level/keys.ts'

/** [records in a commit, commits of that size], smallest first. Nobody else may have the log open. */
export async function measureCommits(dir: string): Promise<[size: number, commits: number][]> {
  const db = await openDatabase(dir, { create: false })
  const sizes = new Map<number, number>()
  try {
    let before = 0
    for await (const key of db.keys(rangeOf('x'))) {
      const last = seqOf(key) ?? before
      sizes.set(last - before, (sizes.get(last - before) ?? 0) + 1)
      before = last
    }
  } finally {
    await db.close()
  }
  return [...sizes].sort(([a], [b]) => a - b)
}
