// Ends processes that are found by a variable in their environment, whoever their parent is by now.

import { setTimeout as sleep } from 'node:timers/promises'
import { processes } from '../pty/processes.ts'

/** Time for the kernel to take away what was killed, in ms; more only with a process that cannot be killed. */
const GONE_MS_MAX = 1_000
const LOOK_MS = 5

/**
 * Ends (SIGKILL) every process of this user whose environment has exactly `name=value`, except this one, and waits
 * until they are gone.
 */
export async function endMarked(name: string, value: string): Promise<void> {
  const found = processes.withMarker([`${name}=${value}`])
  for (const one of found) {
    // Its start is compared once more: the pid may have been given to somebody else.
    if (processes.identify(one.pid)?.start !== one.start) continue
    try {
      process.kill(one.pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
  await until(() => found.every((one) => processes.identify(one.pid)?.start !== one.start), GONE_MS_MAX)
}

/**
 * The same for a process group. Where nobody reaps orphans (a container without an init) the ended ones stay in their
 * group, so this waits less.
 */
const GROUP_GONE_MS_MAX = 60

/** Ends a process group and waits until it is gone. */
export async function endGroup(pid: number): Promise<void> {
  await until(() => {
    try {
      process.kill(-pid, 'SIGKILL')
      return false
    } catch {
      return true
    }
  }, GROUP_GONE_MS_MAX)
}

async function until(isDone: () => boolean, msMax: number): Promise<void> {
  for (let waited = 0; !isDone() && waited < msMax; waited += LOOK_MS) await sleep(LOOK_MS)
}
