// Which versions a town runs, and which it would run after a restart.

import { hostPid } from '../../pty/host-files.ts'
import { processes } from '../../pty/processes.ts'
import { readDaemonFile } from '../daemon-file.ts'
import { currentProgram, ownProgram, programOf } from './program.ts'

/** Digest null: sources, or a program that nobody can tell any more. */
export type RunningVersion = {
  readonly pid: number
  readonly version: string | null
  readonly program: string | null
}

export type TownVersions = {
  /** The program that asks: the clone or package of this `gt`. */
  readonly own: { readonly dir: string; readonly version: string; readonly program: string | null }
  /** The town's copy that would be run next. */
  readonly kept: { readonly version: string; readonly program: string } | null
  readonly daemon: RunningVersion | null
  /** It is replaced by `gt down` and `gt up` alone. */
  readonly host: RunningVersion | null
  /** `gt restart` would replace the daemon's program by another one. */
  readonly restartChanges: boolean
}

export function townVersions(dir: string): TownVersions {
  const { dir: place, version, digest } = ownProgram()
  const kept = currentProgram(dir)
  const lines = new Map(processes.commandLines().map(({ pid, line }) => [pid, line]))
  const said = readDaemonFile(dir)
  const daemon =
    said === null || !lines.has(said.pid)
      ? null
      : { pid: said.pid, version: said.version, program: said.program }
  const pid = hostPid(dir)
  const line = pid === null ? undefined : lines.get(pid)
  const hosts = line === undefined ? null : programOf(dir, line)
  return {
    own: { dir: place, version, program: digest },
    kept: kept === null ? null : { version: kept.version, program: kept.digest ?? '' },
    daemon,
    host:
      pid === null || line === undefined
        ? null
        : { pid, version: hosts?.version ?? null, program: hosts?.digest ?? null },
    restartChanges: daemon !== null && daemon.program !== digest,
  }
}
