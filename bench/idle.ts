// A daemon with 30 idle agents: what it costs when nothing happens (P7).

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Figure } from './stats.ts'
import { createBead, makeTown } from './town.ts'

const AGENTS = 30
const CORE_MAX = 0.01
const RECORDS_MAX = 2
/** Ticks of /proc/<pid>/stat a second on every Linux we know. */
const TICKS = 100

/** `minutes`: how long nothing happens. */
export async function idle(minutes: number): Promise<Figure> {
  const town = makeTown({
    agent: () => ['/bin/sh', '-c', 'sleep 3600'],
    gate: ['true'],
    polecats: AGENTS,
    files: { 'README.md': 'bench\n' },
  })
  try {
    const beads = Array.from({ length: AGENTS }, (_, n) => createBead(town, `Idle ${n}`))
    town.gt('sling', ...beads, 'bench', '--wait=started', '--timeout', '120s')
    await sleep(5_000)
    const before = look(town.gt('status'))
    await sleep(minutes * 60_000)
    const after = look(town.gt('status'))
    const core = (after.cpuMs - before.cpuMs) / (minutes * 60_000)
    const records = after.seq - before.seq
    return {
      name: `daemon with ${AGENTS} idle agents for ${minutes} minutes`,
      found: `${(core * 100).toFixed(2)} % of a core, ${records} records`,
      peer: 'the first and the last look are in it',
      asked: `under ${CORE_MAX * 100} % and at most ${RECORDS_MAX} records`,
      holds: core < CORE_MAX && records <= RECORDS_MAX,
    }
  } finally {
    town.close()
  }
}

function look(status: unknown): { cpuMs: number; seq: number } {
  const { daemon, seq } = status as { daemon: { pid: number }; seq: number }
  const stat = readFileSync(`/proc/${daemon.pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { cpuMs: ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1_000, seq }
}
