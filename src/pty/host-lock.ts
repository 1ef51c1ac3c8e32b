// One host per town: who holds `host.pid` is the host.
//
// Always: a file that names a living process is never taken away; one that names none is moved aside and looked
//         at once more before it counts as stale, because another host may have put its own there meanwhile.

import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { processes } from './processes.ts'

export type HostIdentity = { readonly pid: number; readonly start: string; readonly bootId: string }

/** Takes the town for this process. Answers false when another living host has it. */
export function takeHostLock(file: string): boolean {
  const own = `${file}.${process.pid}`
  const start = ownStart()
  writeFileSync(own, `${JSON.stringify({ pid: process.pid, start, bootId: processes.bootId() })}\n`, {
    mode: 0o600,
  })
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (linked(own, file)) return true
      const found = read(file)
      if (found !== null && isAlive(found)) return false
      moveStaleAside(file, `${own}.stale`)
    }
    return false
  } finally {
    unlinkSync(own)
  }
}

/** Whether this process still is the one that `file` names. */
export function holdsHostLock(file: string): boolean {
  return read(file)?.pid === process.pid
}

function isAlive({ pid, start, bootId }: HostIdentity): boolean {
  return pid !== process.pid && bootId === processes.bootId() && processes.identify(pid)?.start === start
}

function ownStart(): string {
  return processes.identify(process.pid)?.start ?? ''
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function moveStaleAside(file: string, aside: string): void {
  try {
    renameSync(file, aside)
  } catch {
    return
  }
  const moved = read(aside)
  if (moved !== null && isAlive(moved)) linked(aside, file)
  rmSync(aside, { force: true })
}

function read(file: string): HostIdentity | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as HostIdentity
  } catch {
    return null
  }
}
