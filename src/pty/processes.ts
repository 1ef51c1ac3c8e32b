// Which processes belong to whom, on this operating system.
//
// Owns:   the marker (variables in a process's environment) and the identity of a process (pid and start).
// Always: a pid alone is nobody. What is signalled was found by its marker, or as a member of a session whose
//         leader was verified, and its start is compared again right before each signal.

import type { ProcessTable } from './process-table.ts'
import { darwinProcesses } from './processes-darwin.ts'
import { linuxProcesses } from './processes-linux.ts'

export type { ProcessIdentity, ProcessTable } from './process-table.ts'

export const processes: ProcessTable = process.platform === 'darwin' ? darwinProcesses : linuxProcesses

/** The marker that every process of a session inherits. */
export function sessionMarker(townId: string, sessionId: string): readonly string[] {
  return [`GT_TOWN_ID=${townId}`, `GT_SESSION=${sessionId}`]
}

/** Pids that still carry the marker of a session, whoever started them. Reads the process table only. */
export function survivors(townId: string, sessionId: string): number[] {
  return processes.withMarker(sessionMarker(townId, sessionId)).map((found) => found.pid)
}
