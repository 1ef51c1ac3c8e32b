// Processes on Linux: read from /proc.
//
// Always: what cannot be read (another user's process, one that ends while we look) is not ours.

import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import type { ProcessIdentity, ProcessTable } from './process-table.ts'

export const linuxProcesses: ProcessTable = {
  look() {
    const seen = new Map(living().map((one) => [one.pid, one]))
    const lives = ({ pid, start }: ProcessIdentity) => seen.get(pid)?.start === start
    const which = (belongs: (one: Seen) => boolean) =>
      [...seen.values()].filter(belongs).map(({ pid, start }) => ({ pid, start }))
    return {
      lives,
      withMarker: (entries) =>
        which(({ environment }) => {
          const held = environment()
          return entries.every((entry) => held.has(entry))
        }),
      inSessionOf: (leader) => (lives(leader) ? which(({ session }) => session === leader.pid) : []),
      variable(one, name) {
        if (!lives(one)) return null
        const entry = [...(seen.get(one.pid)?.environment() ?? [])].find((each) =>
          each.startsWith(`${name}=`),
        )
        return entry?.slice(name.length + 1) ?? null
      },
    }
  },

  withMarker: (entries) => linuxProcesses.look().withMarker(entries),

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

type Seen = ProcessIdentity & { readonly session: number; environment(): ReadonlySet<string> }

function living(): Seen[] {
  const found: Seen[] = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    // The start is read first: if the pid changes hands before the marker is read, the later check sees it.
    const is = stat(pid)
    if (is?.alive !== true) continue
    const bytes = environmentOf(pid)
    let entries: ReadonlySet<string> | undefined
    const environment = () => {
      entries ??= new Set(bytes.toString('utf8').split('\0'))
      return entries
    }
    found.push({ pid, start: is.start, session: is.session, environment })
  }
  return found
}

/** Nothing where it may not be read; who is in a session of ours is ours all the same. */
function environmentOf(pid: number): Buffer {
  try {
    return readWhole(`/proc/${pid}/environ`)
  } catch {
    return Buffer.alloc(0)
  }
}

/** Larger environments take another way. */
const piece = Buffer.alloc(64 * 1024)

/** In one call of the system: these files say nothing of their size, and a look reads hundreds of them. */
function readWhole(path: string): Buffer {
  const file = openSync(path, 'r')
  let read: number
  try {
    read = readSync(file, piece, 0, piece.length, 0)
  } finally {
    closeSync(file)
  }
  return read < piece.length ? Buffer.from(piece.subarray(0, read)) : readFileSync(path)
}

/** Fields 3 (state), 6 (session) and 22 (start, in ticks since boot) of /proc/<pid>/stat. */
function stat(pid: number): { alive: boolean; session: number; start: string } | null {
  let line: string
  try {
    line = readWhole(`/proc/${pid}/stat`).toString('utf8')
  } catch {
    return null
  }
  // The name in field 2 may hold spaces and parentheses; the last parenthesis ends it.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const state = fields[0] ?? 'X'
  return { alive: state !== 'Z' && state !== 'X', session: Number(fields[3]), start: fields[19] ?? '' }
}
