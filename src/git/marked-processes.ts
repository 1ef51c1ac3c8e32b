// Ends processes that are found by a variable in their environment, whoever their parent is by now.

import { processes } from '../pty/processes.ts'

/** Ends (SIGKILL) every process of this user whose environment has exactly `name=value`, except this one. */
export function endMarked(name: string, value: string): void {
  for (const found of processes.withMarker([`${name}=${value}`])) {
    // Its start is compared once more: the pid may have been given to somebody else.
    if (processes.identify(found.pid)?.start !== found.start) continue
    try {
      process.kill(found.pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
}
