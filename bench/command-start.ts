// `gt hook` inside a session, as a whole process, against `node -e 0` on the same Node.

import { spawnSync } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { type Figure, median, ms } from './stats.ts'
import { environmentInside, GT, makeTown, SITTING } from './town.ts'

const RUNS = 31
const RATIO_MAX = 3

export async function commandStart(): Promise<Figure> {
  const town = makeTown(SITTING)
  try {
    const env = await environmentInside(town)
    const time = (command: string, args: readonly string[]): number => {
      const begun = performance.now()
      const { status, stderr } = spawnSync(command, args, { env, encoding: 'utf8' })
      if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
      return performance.now() - begun
    }
    const [hooks, nodes]: [number[], number[]] = [[], []]
    // Alternating, so that a busy moment meets both; the first pair warms the caches.
    for (let n = 0; n <= RUNS; n += 1) {
      const pair = [time(GT, ['hook']), time(process.execPath, ['-e', '0'])] as const
      if (n === 0) continue
      hooks.push(pair[0])
      nodes.push(pair[1])
    }
    const ratio = median(hooks) / median(nodes)
    return {
      name: 'gt hook inside a session, whole process',
      found: `${ratio.toFixed(2)} times node -e 0 (${ms(median(hooks))})`,
      peer: `node -e 0 ${ms(median(nodes))}, median of ${RUNS}`,
      asked: `at most ${RATIO_MAX} times`,
      holds: ratio <= RATIO_MAX,
    }
  } finally {
    town.close()
  }
}
