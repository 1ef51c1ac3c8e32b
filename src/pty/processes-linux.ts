// Processes on Linux: read from /proc.
//
// Always: what cannot be read (another user's process, one that ends while we look) is not ours.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { ProcessIdentity, ProcessTable } from './process-table.ts'

export const linuxProcesses: ProcessTable = {
  withMarker(entries) {
    const wanted = entries.map((entry) => Buffer.from(`\0${entry}\0`))
    return living((pid) => {
      // A leading and a trailing NUL make the first and the last entry look like all others.
      const environment = Buffer.concat([NUL, readFileSync(`/proc/${pid}/environ`), NUL])
      return wanted.every((entry) => environment.includes(entry))
    })
  },

  inSessionOf(leader) {
    if (linuxProcesses.identify(leader.pid)?.start !== leader.start) return []
    return living((pid) => stat(pid)?.session === leader.pid)
  },

  identify(pid) {
    const found = stat(pid)
    return found?.alive ? { pid, start: found.start } : null
  },

  commandLines() {
    return readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name)) return []
      try {
        const line = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return [{ pid: Number(name), line: `${line} ${readlinkSync(`/proc/${name}/exe`)}` }]
      } catch {
        return []
      }
    })
  },

  bootId() {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  },
}

const NUL = Buffer.from([0])

function living(belongs: (pid: number) => boolean): ProcessIdentity[] {
  const found: ProcessIdentity[] = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    // The start is read first: if the pid changes hands before the marker is read, the later check sees it.
    const identity = linuxProcesses.identify(pid)
    if (identity === null) continue
    try {
      if (belongs(pid)) found.push(identity)
    } catch {}
  }
  return found
}

/** Fields 3 (state), 6 (session) and 22 (start, in ticks since boot) of /proc/<pid>/stat. */
function stat(pid: number): { alive: boolean; session: number; start: string } | null {
  let line: string
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return null
  }
  // The name in field 2 may hold spaces and parentheses; the last parenthesis ends it.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const state = fields[0] ?? 'X'
  return { alive: state !== 'Z' && state !== 'X', session: Number(fields[3]), start: fields[19] ?? '' }
}
