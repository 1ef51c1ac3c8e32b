// Who the daemon of a town is, as its file says. Says nothing about whether it lives.

import { readFileSync, writeFileSync } from 'node:fs'
import { townFiles } from './files.ts'

export type DaemonFile = {
  readonly pid: number
  readonly startedAt: string
  /** ms from the start of the process until it served. */
  readonly recoveredMs: number
  readonly version: string
  /** Digest of the program that it runs (program.ts), null from sources. */
  readonly program: string | null
}

export function readDaemonFile(dir: string): DaemonFile | null {
  try {
    return JSON.parse(readFileSync(townFiles(dir).daemonPid, 'utf8')) as DaemonFile
  } catch {
    return null
  }
}

export function writeDaemonFile(dir: string, daemon: DaemonFile): void {
  writeFileSync(townFiles(dir).daemonPid, JSON.stringify(daemon), { mode: 0o600 })
}
