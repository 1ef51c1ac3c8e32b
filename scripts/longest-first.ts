// The order of test files: first those that call git many hundred times, while a worker is small, for a fork takes as long as
// the process is big; then the longest, then those that bring towns up, so that no worker ends the run alone with a long one.
// Last are those that have a process to themselves: behind one of them a worker must load everything again.
//
// Does not:  know how long a file takes; a fresh clone has no record of it. The list need not be right, only roughly so.

import { BaseSequencer } from 'vitest/node'

type Files = Parameters<BaseSequencer['sort']>[0]

const FORKING = ['/test/git/', '/test/queue/']
/** From 20 s on, where nothing else runs. */
const LONGEST = [
  'demo/demo',
  'sim/town',
  'town/stopped',
  'town/processes',
  'town/nudges',
  'town/kill',
  'web/page',
  'town/sessions',
  'town/crew',
  'town/refusals',
  'town/resume',
  'town/upgrade',
  'past/prefixes',
  'town/fork-making',
  'town/handoff',
  'town/fork-running',
].map((name) => `/test/${name}.test.ts`)
const ROOMS = ['town', 'eventlog', 'sim', 'web', 'pty', 'past', 'bench', 'actors'].map(
  (name) => `/test/${name}/`,
)
const ORDER = [...FORKING, ...LONGEST, ...ROOMS]
const ALONE = [
  '/test/eventlog/damage/',
  '/test/eventlog/aside.',
  '/test/git/gates.',
  '/test/town/log-trouble.',
]

export class LongestFirst extends BaseSequencer {
  override async sort(files: Files): Promise<Files> {
    const sorted = await super.sort(files)
    return sorted.toSorted((left, right) => rank(left.moduleId) - rank(right.moduleId))
  }
}

function rank(path: string): number {
  if (ALONE.some((part) => path.includes(part))) return ORDER.length + 1
  const place = ORDER.findIndex((part) => path.includes(part))
  return place === -1 ? ORDER.length : place
}
