// Ends everything that belongs to something: asked first, killed after.
//
// Owns:   the ladder SIGHUP and SIGTERM, wait, SIGKILL, look again.
// Always: resolves only after two looks in a row found nothing, because a process that forks while we look can
//         hide its child from one look.

import { setTimeout as sleep } from 'node:timers/promises'
import { TerminalError } from '../ports/terminals.ts'
import { type ProcessIdentity, processes } from './processes.ts'
import { lookAtProcesses } from './shared-looks.ts'

/** How long after SIGKILL we still look before we say that something is left, in ms. */
const KILL_WAIT_MS = 10_000

/**
 * Ends all processes with this marker, and all members of the terminal session that `leader` leads.
 * Rejects with STOP_INCOMPLETE and the pids when something is left.
 */
export async function endProcesses(
  marker: readonly string[],
  leader: ProcessIdentity | null,
  graceMs: number,
): Promise<void> {
  // Members that dropped the marker are known only as long as their leader lives: they are remembered.
  const known = new Map<number, ProcessIdentity>()
  // The leader itself counts from the first moment: before its exec it has neither the marker nor a session.
  if (leader !== null) known.set(leader.pid, leader)
  const look = async (): Promise<ProcessIdentity[]> => {
    const seen = await lookAtProcesses()
    if (leader !== null) for (const found of seen.inSessionOf(leader)) known.set(found.pid, found)
    for (const found of seen.withMarker(marker)) known.set(found.pid, found)
    for (const one of known.values()) if (!seen.lives(one)) known.delete(one.pid)
    return [...known.values()]
  }

  const asked = new Set<string>()
  const killFrom = performance.now() + graceMs
  let empty = 0
  for (let wait = 2; ; wait = Math.min(wait * 2, 50)) {
    const left = await look()
    empty = left.length === 0 ? empty + 1 : 0
    if (empty === 2) return
    const late = performance.now() - killFrom
    if (late >= KILL_WAIT_MS && left.length > 0) {
      const pids = left.map((one) => one.pid).join(', ')
      throw new TerminalError(
        'STOP_INCOMPLETE',
        `processes ${pids} did not end ${KILL_WAIT_MS} ms after SIGKILL`,
      )
    }
    for (const one of left) {
      if (late >= 0) signal(one, 'SIGKILL')
      else if (!asked.has(`${one.pid} ${one.start}`)) {
        asked.add(`${one.pid} ${one.start}`)
        for (const name of ['SIGHUP', 'SIGTERM', 'SIGCONT'] as const) signal(one, name)
      }
    }
    await sleep(wait)
  }
}

function isStill(one: ProcessIdentity): boolean {
  return processes.identify(one.pid)?.start === one.start
}

function signal(one: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isStill(one)) return
  try {
    process.kill(one.pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
