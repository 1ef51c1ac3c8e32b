// From `gt up` after kill -9 of the daemon until 30 agents are found again, and whether any line of theirs was lost.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Figure, median, ms } from './stats.ts'
import { type BenchTown, createBead, makeTown } from './town.ts'

const AGENTS = 30
const KILLS = 5
const MS_MAX = 2_000

/** Prints numbered lines, some of them in a hurry. */
const PRINTS =
  'i=0; while :; do n=0; while [ $n -lt 20 ]; do i=$((i+1)); n=$((n+1)); echo "line $i"; done; sleep 0.4; done'

export async function readopt(): Promise<Figure> {
  const agent = () => ['/bin/sh', '-c', PRINTS]
  const town = makeTown({ agent, gate: ['true'], polecats: AGENTS, files: { 'README.md': '# bench\n' } })
  try {
    for (let n = 0; n < AGENTS; n += 1) town.gt('sling', createBead(town, `Print ${n}`), 'bench')
    while (atWork(town) < AGENTS) await sleep(100)
    const took: number[] = []
    for (let kill = 0; kill < KILLS; kill += 1) {
      process.kill(daemonPid(town), 'SIGKILL')
      const begun = performance.now()
      town.gt('up')
      took.push(performance.now() - begun)
      if (atWork(town) !== AGENTS) throw new Error(`${atWork(town)} of ${AGENTS} agents are at work`)
      await sleep(500)
    }
    const lost = lostLines(town)
    return {
      name: `${AGENTS} agents found again after kill -9 of the daemon`,
      found: `gt up ${ms(median(took))}, at most ${ms(Math.max(...took))}; ${lost} lines lost`,
      peer: `median of ${KILLS}`,
      asked: `under ${MS_MAX} ms, no line lost`,
      holds: Math.max(...took) < MS_MAX && lost === 0,
    }
  } finally {
    town.close()
  }
}

type Status = {
  agents: { role: string; session: string | null; health: { state: string } }[]
  daemon: { pid: number }
}

const atWork = (town: BenchTown): number =>
  (town.gt('status') as Status).agents.filter(
    ({ role, session, health }) => role === 'polecat' && session !== null && health.state === 'working',
  ).length

const daemonPid = (town: BenchTown): number => (town.gt('status') as Status).daemon.pid

/** Numbers that are missing or doubled in the recordings. */
function lostLines(town: BenchTown): number {
  const sessions = join(town.dir, '.gt/sessions')
  let lost = 0
  for (const name of readdirSync(sessions)) {
    const [, ...events] = readFileSync(join(sessions, name, 'terminal.cast'), 'utf8')
      .trimEnd()
      .split('\n')
    const output = events
      .map((line) => JSON.parse(line) as [number, string, string])
      .filter(([, kind]) => kind === 'o')
      .map(([, , data]) => data)
      .join('')
    const numbers = [...output.matchAll(/line (\d+)\r\n/g)].map(([, n]) => Number(n))
    if (numbers.length === 0) lost += 1
    lost += numbers.filter((number, n) => number !== n + 1).length
  }
  return lost
}
