// Bringing a town up from outside: starting its daemon, and waiting until it answers.

import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { daemonPid } from './daemon-pid.ts'
import { townFiles } from './files.ts'
import { readIdentity } from './identity.ts'
import { TownError, type TownErrorCode } from './town-error.ts'

export type Up = { readonly pid: number; readonly started: boolean }

/**
 * Starts the daemon of the town in `dir`, unless one answers already.
 * @throws {TownError} TOWN_NOT_FOUND, DAEMON_NOT_STARTED, or the code with which the daemon gave up
 */
export async function bringUp(dir: string): Promise<Up> {
  readIdentity(dir)
  const files = townFiles(dir)
  if (await answers(files.socket)) return { pid: daemonPid(dir) ?? 0, started: false }
  const here = fileURLToPath(import.meta.url)
  const entry = fileURLToPath(
    new URL(`./daemon-main${here.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
  )
  const log = openSync(files.daemonLog, 'a', 0o600)
  const child = spawn(process.execPath, [entry, dir], {
    cwd: dir,
    detached: true,
    stdio: ['ignore', 'pipe', log],
    // What we are told of a session must not reach the daemon, nor what it starts.
    env: {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GT_'))),
      ...compileCache(process.env),
    },
  })
  closeSync(log)
  const said = await firstLine(child.stdout)
  child.stdout?.destroy()
  child.unref()
  if (said === 'ready') return { pid: child.pid ?? 0, started: true }
  const { code, message } = reason(said)
  throw new TownError(code, message)
}

/** Compiled code is kept for the daemon, the host and the worker: it saves about a third of their start. */
function compileCache({ NODE_COMPILE_CACHE, XDG_CACHE_HOME, HOME }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const caches = XDG_CACHE_HOME ?? (HOME === undefined ? undefined : join(HOME, '.cache'))
  const folder = NODE_COMPILE_CACHE ?? (caches === undefined ? undefined : join(caches, 'gt'))
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder }
}

function reason(said: string): { code: TownErrorCode; message: string } {
  try {
    return JSON.parse(said) as { code: TownErrorCode; message: string }
  } catch {
    return {
      code: 'DAEMON_NOT_STARTED',
      message: 'The daemon ended before it was ready; see .gt/daemon.log.',
    }
  }
}

async function firstLine(stream: Readable | null): Promise<string> {
  let text = ''
  if (stream === null) return text
  for await (const chunk of stream) {
    text += String(chunk)
    const end = text.indexOf('\n')
    if (end >= 0) return text.slice(0, end)
  }
  return text
}

/** How long a daemon that accepts may take to answer before it counts as none, ms. */
const ANSWER_MS = 5_000

/** Whether a daemon answers. One that was just killed may still accept, and one that hangs always does. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.write('GET /v1/health HTTP/1.0\r\n\r\n'))
    socket.setTimeout(ANSWER_MS, () => socket.destroy())
    socket.on('data', () => {
      resolve(true)
      socket.destroy()
    })
    socket.on('error', () => resolve(false))
    socket.on('close', () => resolve(false))
  })
}
