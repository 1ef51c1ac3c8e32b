// Finds processes by a variable in their environment, and ends them.
//
// Linux reads /proc. Elsewhere nothing is found: there a command that outlives a killed worker is not ended (untested).

import { readdir, readFile } from 'node:fs/promises'

/** Ends (SIGKILL) every process of this user whose environment has exactly `name=value`, except this one. */
export async function endMarked(name: string, value: string): Promise<number> {
  const pids = await findMarked(name, value)
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
  return pids.length
}

export async function findMarked(name: string, value: string): Promise<number[]> {
  const wanted = Buffer.from(`\0${name}=${value}\0`)
  const names = await readdir('/proc').catch(() => [])
  const pids = names.filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
  const found = await Promise.all(
    pids.map(async (pid) => {
      // Other users' processes cannot be read, and ended ones are gone.
      const environment = await readFile(`/proc/${pid}/environ`).catch(() => null)
      return environment !== null && Buffer.concat([Buffer.from('\0'), environment]).includes(wanted)
        ? [Number(pid)]
        : []
    }),
  )
  return found.flat()
}
