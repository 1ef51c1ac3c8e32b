// One hook of an agent program: the launcher as a whole process, in CPU time and in time that a tool waits for it.

import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { promisify } from 'node:util'
import { type Figure, median, ms } from './stats.ts'
import { environmentInside, makeTown, SITTING } from './town.ts'

const run = promisify(execFile)

const CALLS = 50
const ROUNDS = 5
const CPU_MS_MAX = 15
const WAIT_MS_MAX = 200

export async function hookPost(): Promise<Figure> {
  const town = makeTown(SITTING)
  try {
    const env = await environmentInside(town)
    const input = join(town.root, 'hook.json')
    writeFileSync(input, JSON.stringify({ tool_name: 'Bash', tool_response: { stdout: 'x'.repeat(4_000) } }))
    const bin = env.PATH?.split(':')[0] ?? ''
    const post = `perl ${join(bin, 'gt-hook')} tell PostToolUse < ${input}`
    const [posts, nodes, waits]: [number[], number[], number[]] = [[], [], []]
    for (let n = 0; n < ROUNDS; n += 1) {
      const begun = performance.now()
      posts.push(await cpuOf(post, env))
      waits.push((performance.now() - begun) / CALLS)
      nodes.push(await cpuOf(`${process.execPath} -e 0`, env))
    }
    const cpu = median(posts)
    const wait = median(waits)
    return {
      name: 'a hook: the launcher, whole process',
      found: `${ms(cpu)} of CPU, and ${ms(wait)} that a tool waits`,
      peer: `node -e 0 ${ms(median(nodes))} of CPU, medians of ${ROUNDS} times ${CALLS}`,
      asked: `under ${CPU_MS_MAX} ms of CPU, and never more than ${WAIT_MS_MAX} ms of waiting`,
      holds: cpu < CPU_MS_MAX && wait < WAIT_MS_MAX,
    }
  } finally {
    town.close()
  }
}

/** CPU time of one call, as the shell that makes fifty of them sums it up, ms. */
async function cpuOf(command: string, env: Record<string, string>): Promise<number> {
  const script = `n=0; while [ $n -lt ${CALLS} ]; do ${command} > /dev/null; n=$((n + 1)); done; times`
  const { stdout } = await run('/bin/sh', ['-c', script], { env })
  // The second line is of the children: `0m0.350s 0m0.120s`.
  const children = stdout.trim().split('\n')[1] ?? ''
  let total = 0
  for (const [, minutes, seconds] of children.matchAll(/(\d+)m([\d.]+)s/g))
    total += Number(minutes) * 60_000 + Number(seconds) * 1_000
  return total / CALLS
}
