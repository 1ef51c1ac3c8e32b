// Processes on macOS: asked of `ps`. Untested: written from the manual pages, never run by our tests.
//
// Does not: see processes of other users with their environment; macOS shows it for one's own only.
// Crosses:  starts `ps`, so it must not be called while the log is open in the same process.

import { execFileSync } from 'node:child_process'
import type { ProcessIdentity, ProcessTable } from './process-table.ts'

export const darwinProcesses: ProcessTable = {
  look() {
    // A session on macOS has no number that `ps` prints; the process group of its leader is the part we can name.
    // `eww` puts the environment behind the command, separated by spaces: a value with a space cannot be told
    // apart from two entries, so the marker's values must hold none (ids and addresses do not).
    const rows = list(['-axeww', '-o', 'pid=,stat=,lstart=,pgid=,command='])
    const which = (belongs: (rest: string) => boolean) =>
      rows.filter(({ rest }) => belongs(rest)).map(({ pid, start }) => ({ pid, start }))
    const lives = (one: ProcessIdentity) =>
      rows.some(({ pid, start }) => pid === one.pid && start === one.start)
    return {
      lives,
      withMarker: (entries) => which((rest) => entries.every((entry) => ` ${rest} `.includes(` ${entry} `))),
      inSessionOf: (leader) =>
        lives(leader) ? which((rest) => Number.parseInt(rest, 10) === leader.pid) : [],
      variable(one, name) {
        const { rest = '' } = rows.find(({ pid, start }) => pid === one.pid && start === one.start) ?? {}
        return ` ${rest} `.split(` ${name}=`)[1]?.split(' ')[0] ?? null
      },
    }
  },

  withMarker: (entries) => darwinProcesses.look().withMarker(entries),

  identify(pid) {
    const row = list(['-ww', '-o', 'pid=,stat=,lstart=', '-p', String(pid)])[0]
    return row === undefined ? null : { pid: row.pid, start: row.start }
  },

  commandLines() {
    return list(['-axww', '-o', 'pid=,stat=,lstart=,command=']).map(({ pid, rest }) => ({ pid, line: rest }))
  },

  bootId() {
    return ps('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid']).trim()
  },
}

/** `lstart` is five words: weekday, month, day, time, year. */
const ROW = /^\s*(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s*(.*)$/

function list(args: readonly string[]): (ProcessIdentity & { rest: string })[] {
  const rows: (ProcessIdentity & { rest: string })[] = []
  for (const line of ps('/bin/ps', args).split('\n')) {
    const [, pid, state, start, rest] = ROW.exec(line) ?? []
    if (pid === undefined || start === undefined || state?.startsWith('Z')) continue
    if (Number(pid) !== process.pid) rows.push({ pid: Number(pid), start, rest: rest ?? '' })
  }
  return rows
}

function ps(file: string, args: readonly string[]): string {
  try {
    return execFileSync(file, args, {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      env: { LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    // `ps -p` of a pid that is gone exits with 1.
    return ''
  }
}
