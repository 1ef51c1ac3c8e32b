// `gt hook` inside a session, as a whole process, against `node -e 0` on the same Node.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Figure, median, ms } from './stats.ts'
import { createBead, GT, makeTown } from './town.ts'

const RUNS = 31
const RATIO_MAX = 3

export async function commandStart(): Promise<Figure> {
  const town = makeTown({
    agent: (root) => ['/bin/sh', '-c', `env > ${root}/env.new && mv ${root}/env.new ${root}/env; sleep 600`],
    gate: ['true'],
    polecats: 1,
    files: { 'README.md': 'bench\n' },
  })
  try {
    town.gt('sling', createBead(town, 'Be in a session'), 'bench')
    const file = join(town.root, 'env')
    while (!existsSync(file)) await sleep(20)
    const env = Object.fromEntries(
      readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(/=(.*)/s).slice(0, 2)),
    ) as Record<string, string>
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
