// The order of test files: those that bring towns up come first, so that no worker ends the run alone with a long one.
//
// Does not: know how long a file takes; a fresh clone has no record of it.

import { BaseSequencer } from 'vitest/node'

type Files = Parameters<BaseSequencer['sort']>[0]

const LONG = ['demo', 'town', 'sim', 'web', 'git', 'eventlog', 'pty']

export class LongestFirst extends BaseSequencer {
  override async sort(files: Files): Promise<Files> {
    const sorted = await super.sort(files)
    return sorted.toSorted((left, right) => rank(left.moduleId) - rank(right.moduleId))
  }
}

function rank(path: string): number {
  const room = LONG.findIndex((name) => path.includes(`/test/${name}/`))
  return room === -1 ? LONG.length : room
}
