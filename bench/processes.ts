// What a process costs, as Linux tells it.

import { readFileSync } from 'node:fs'

/** Ticks of /proc/<pid>/stat a second on every Linux we know. */
const TICKS = 100

/** CPU time so far, ms. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1_000
}

/** Memory that is its own, and its share of what it shares, MB. */
export function pssMb(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]) / 1_024
}
