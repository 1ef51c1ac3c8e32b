// gt down: ends every session after a checkpoint, then the daemon.

import { readdirSync, readFileSync } from 'node:fs'
import { daemonOf, hostAnswers } from '../../client/daemon.ts'
import { findTown } from '../../client/find-town.ts'
import { type Command, textOf } from '../command.ts'

export const down: Command = {
  name: 'down',
  summary: 'stops the town; who has which work is kept',
  usage: '',
  where: 'person',
  words: [0, 0],
  async run(call) {
    const { out, town } = call
    const { dir } = findTown(textOf(call, 'town'), call.cwd, call.env)
    if ((await daemonOf(dir)) === null) {
      if (!(await hostAnswers(dir))) {
        out.answer({ json: { stopped: null }, ids: [], lines: () => ['The town is down already.'] })
        return 0
      }
      // The daemon died and its agents work on: only a daemon can checkpoint and end them.
      const { bringUp } = await import('../../client/embedded.ts')
      await bringUp(dir)
    }
    const found = await town().command<{ stopped: number }>('down', {})
    await ended(found.stopped)
    out.answer({ json: found, ids: [], lines: () => ['The town is down; gt up goes on where it was.'] })
    return 0
  },
}

/** How long the daemon may take to close its log after its answer, ms. */
const ENDING_MS = 30_000

/** The answer comes before the end; a script that goes on must find it ended. */
export async function ended(pid: number): Promise<boolean> {
  const until = Date.now() + ENDING_MS
  while (isAlive(pid)) {
    if (Date.now() > until) return false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}

/** One that has ended and that nobody has reaped yet is not alive; only Linux says so. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    if (process.platform !== 'linux') return true
    const ended = /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    // Its first thread may be gone while others still close its files.
    return !ended || readdirSync(`/proc/${pid}/task`).length > 1
  } catch {
    return false
  }
}
