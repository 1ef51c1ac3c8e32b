// Who the daemon of a town is, as its file says. Says nothing about whether it lives.

import { readFileSync } from 'node:fs'
import { townFiles } from './files.ts'

export function daemonPid(dir: string): number | null {
  try {
    return (JSON.parse(readFileSync(townFiles(dir).daemonPid, 'utf8')) as { pid: number }).pid
  } catch {
    return null
  }
}
