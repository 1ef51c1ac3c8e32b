// From `gt sling` to the agent's first instruction, against git's own `worktree add`.

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Figure, median, ms } from './stats.ts'
import { createBead, makeTown } from './town.ts'

const RUNS = 9
const OVER_MS_MAX = 150

export async function slingToStart(): Promise<Figure> {
  const town = makeTown({
    agent: (root) => ['/bin/sh', '-c', `date +%s%N > ${root}/$GT_BEAD; sleep 600`],
    gate: ['true'],
    polecats: RUNS,
    files: Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`src/file-${n}.js`, `export default ${n}\n`]),
    ),
  })
  try {
    const [slings, adds]: [number[], number[]] = [[], []]
    for (let n = 0; n < RUNS; n += 1) {
      const bead = createBead(town, `Start ${n}`)
      const begun = performance.timeOrigin + performance.now()
      town.gt('sling', bead, 'bench')
      const file = join(town.root, bead)
      while (!existsSync(file) || readFileSync(file, 'utf8') === '') await sleep(5)
      slings.push(Number(readFileSync(file, 'utf8')) / 1e6 - begun)

      const tree = join(town.root, `tree-${n}`)
      const before = performance.now()
      town.run(
        ['git', '--git-dir', town.origin, 'worktree', 'add', '-q', '-b', `by-hand-${n}`, tree, 'main'],
        town.root,
      )
      adds.push(performance.now() - before)
      rmSync(tree, { recursive: true })
    }
    const over = median(slings) - median(adds)
    return {
      name: 'gt sling to the first instruction of the agent',
      found: `${ms(median(slings))}, ${ms(over)} more than git worktree add`,
      peer: `git worktree add ${ms(median(adds))}, median of ${RUNS}`,
      asked: `at most ${OVER_MS_MAX} ms more`,
      holds: over <= OVER_MS_MAX,
    }
  } finally {
    town.close()
  }
}
