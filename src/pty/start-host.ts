// Makes sure that a town has its host.
//
// Owns:   finding out whether a host lives (it answers `hello`), and starting one that outlives us.
// Crosses: starts a process, so it must not be called while the log is open.

import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { TerminalError } from '../ports/terminals.ts'
import { connectHost } from './host-client.ts'
import { hostFiles, hostKey } from './host-files.ts'

export type EnsureHostOptions = {
  /** Absolute path of the Node that runs the host. */
  readonly node: string
  /** Absolute path of src/pty/host, as source or built. */
  readonly entry: string
}

/** How long a new host may take until it answers, in ms. */
const START_MS = 5000

/** Variables of ours that the host keeps. Above all it must not carry the marker of a session. */
const KEPT = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR|NODE_COMPILE_CACHE)$/

/** Rejects with HOST_GONE when no host answers in time, HOST_REFUSED when one does and does not accept us. */
export async function ensureHost(
  townDir: string,
  options: EnsureHostOptions,
): Promise<{ started: boolean; pid: number }> {
  const files = hostFiles(townDir)
  hostKey(files)
  const running = await pidOfHost(townDir)
  if (running !== null) return { started: false, pid: running }
  const deadline = performance.now() + START_MS
  const pid = await spawnHost(townDir, options)
  // The pipe says when it is ready. It closes without a word when another host was faster, or at an error.
  for (let wait = 5; performance.now() < deadline; wait *= 2) {
    const found = await pidOfHost(townDir)
    if (found !== null) return { started: found === pid, pid: found }
    await sleep(wait)
  }
  throw new TerminalError(
    'HOST_GONE',
    `the terminal host did not answer within ${START_MS} ms: see ${files.log}`,
  )
}

async function pidOfHost(townDir: string): Promise<number | null> {
  try {
    const client = await connectHost(townDir)
    client.close()
    return client.host.pid
  } catch (error) {
    if (error instanceof TerminalError && error.code === 'HOST_GONE') return null
    throw error
  }
}

/** Resolves when the host says that it is ready, or has closed the pipe. */
async function spawnHost(townDir: string, { node, entry }: EnsureHostOptions): Promise<number> {
  const files = hostFiles(townDir)
  const log = openSync(files.log, 'a', 0o600)
  try {
    const child = spawn(node, [entry, townDir], {
      cwd: townDir,
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => KEPT.test(name))),
      stdio: ['ignore', log, log, 'pipe'],
      detached: true,
    })
    const ready = child.stdio[3]
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (error) =>
        reject(new TerminalError('HOST_GONE', `the terminal host was not started: ${error.message}`, error)),
      )
    })
    const answered = new Promise<void>((resolve) => {
      ready?.once('data', () => resolve())
      ready?.once('close', () => resolve())
      ready?.once('error', () => resolve())
      setTimeout(resolve, START_MS).unref()
    })
    await Promise.race([answered, failed])
    ready?.destroy()
    child.unref()
    return child.pid ?? -1
  } finally {
    closeSync(log)
  }
}
