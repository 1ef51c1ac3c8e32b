// Which processes belong to a folder: by their command line, their environment or their working folder.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export type Found = { readonly pid: number; readonly command: string }

/** Living processes of ours that have anything to do with `dir`, except this one. Linux only. */
export function processesOf(dir: string, mark: string | null = null): Found[] {
  const found: Found[] = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    try {
      const state = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '')[0]
      if (state === 'Z' || state === 'X') continue
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
      const folder = readlinkSync(`/proc/${pid}/cwd`)
      const ours =
        command.includes(dir) ||
        environment.includes(dir) ||
        folder.startsWith(dir) ||
        (mark !== null && environment.split('\0').includes(mark))
      if (ours) found.push({ pid, command })
    } catch {
      // It ended while we looked, or belongs to somebody else.
    }
  }
  return found
}

/** Also one whose first thread is gone while others still hold its files. */
export function isAlive(pid: number): boolean {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '')[0]
    return state !== 'Z' || readdirSync(`/proc/${pid}/task`).length > 1
  } catch {
    return false
  }
}
