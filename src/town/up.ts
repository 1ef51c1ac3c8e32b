// Bringing a town up from outside: starting its daemon, and waiting until it answers.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { processes } from '../pty/processes.ts'
import { readDaemonFile } from './daemon-file.ts'
import { townFiles } from './files.ts'
import { readIdentity } from './identity.ts'
import {
  forgetPrograms,
  keepProgram,
  makeCurrent,
  nodeOf,
  ownProgram,
  type Program,
} from './program/program.ts'
import { TownError, type TownErrorCode } from './town-error.ts'

export type Up = {
  readonly pid: number
  readonly started: boolean
  /** What a daemon runs that was up already, when a restart would change that. */
  readonly runs?: { readonly version: string; readonly program: string | null }
}

/**
 * Starts the daemon of the town in `dir`, unless one answers already. It runs the town's copy of our own program.
 * @throws {TownError} TOWN_NOT_FOUND, PROGRAM_NOT_COPIED, DAEMON_NOT_STARTED, or the code with which it gave up
 */
export async function bringUp(dir: string): Promise<Up> {
  readIdentity(dir)
  if (await answers(townFiles(dir).socket)) return alreadyUp(dir)
  const program = keepProgram(dir)
  makeCurrent(dir, program)
  const log = openSync(townFiles(dir).daemonLog, 'a', 0o600)
  const child = startDaemonProcess(dir, program, { detached: true, stderr: log })
  closeSync(log)
  const said = await firstLine(child.stdout)
  child.stdout?.destroy()
  child.unref()
  if (said !== 'ready') {
    const { code, message } = reason(said)
    throw new TownError(code, message)
  }
  forgetPrograms(dir, () => processes.commandLines().map(({ line }) => line))
  return { pid: child.pid ?? 0, started: true }
}

/**
 * Stays until the daemon has ended; a signal to end it is handed on. Answers with its exit code.
 * @param http where it listens on TCP too; empty is any free port, `off` ends it
 * @throws {TownError} as bringUp; TOWN_UP when one answers already
 */
export async function runInForeground(
  dir: string,
  http?: string,
  onReady: (pid: number) => void = () => {},
): Promise<number> {
  readIdentity(dir)
  if (await answers(townFiles(dir).socket)) throw new TownError('TOWN_UP', 'The town is up already.')
  const program = keepProgram(dir)
  makeCurrent(dir, program)
  const child = startDaemonProcess(dir, program, { detached: false, stderr: 'inherit', http })
  // Ctrl-C reaches both of us.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
  const said = await firstLine(child.stdout)
  if (said !== 'ready') {
    const { code, message } = reason(said)
    throw new TownError(code, message)
  }
  onReady(child.pid ?? 0)
  return ended
}

function startDaemonProcess(
  dir: string,
  program: Program,
  {
    detached,
    stderr,
    http,
  }: { readonly detached: boolean; readonly stderr: number | 'inherit'; readonly http?: string | undefined },
): ChildProcess {
  const entry = program.digest === null ? 'src/town/daemon-main.ts' : 'dist/src/town/daemon-main.js'
  return spawn(nodeOf(program), [join(program.dir, entry), dir, ...(http === undefined ? [] : [http])], {
    cwd: dir,
    detached,
    stdio: ['ignore', 'pipe', stderr],
    // What we are told of a session must not reach the daemon, nor what it starts.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GT_'))),
  })
}

function alreadyUp(dir: string): Up {
  const daemon = readDaemonFile(dir)
  const up = { pid: daemon?.pid ?? 0, started: false }
  if (daemon === null || daemon.program === ownProgram().digest) return up
  return { ...up, runs: { version: daemon.version, program: daemon.program } }
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
