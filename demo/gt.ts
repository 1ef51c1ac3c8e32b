// The command line of the clone that this demo belongs to, and how the demo calls it.
//
// Always:    the person's own towns and the session they may sit in are left alone: gt is told of neither.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { environment } from './environment.ts'

export const LAUNCHER = fileURLToPath(new URL('../bin/gt', import.meta.url))

/** A `gt` command that said no. */
export class GtRefused extends Error {
  override readonly name = 'GtRefused'
  readonly exitCode: number
  readonly stdout: string
  constructor(args: readonly string[], exitCode: number, stdout: string, stderr: string) {
    const said = stderr.trim() || `exit code ${exitCode}`
    super(`gt ${args.slice(0, 3).join(' ')}: ${reasonOf(said)}`)
    this.exitCode = exitCode
    this.stdout = stdout
  }
}

export interface Gt {
  /** Runs a command with --json and gives its document. @throws {GtRefused} */
  <T = unknown>(...args: readonly string[]): Promise<T>
  /** The lines of a command that goes on until `stop`. */
  follow(args: readonly string[], onLine: (document: unknown) => void): { stop(): Promise<void> }
  /** Ends what runs, and runs nothing more. */
  abandon(): Promise<void>
}

/** `gt` for the town in `folder`/town. */
export function gtIn(folder: string): Gt {
  const env = { ...environment(), GT_TOWN: join(folder, 'town'), XDG_STATE_HOME: join(folder, 'state') }
  const running = new Set<ChildProcess>()
  let abandoned = false

  const gt = <T>(...args: readonly string[]): Promise<T> =>
    new Promise((resolve, reject) => {
      if (abandoned) throw new GtRefused(args, 130, '', 'the demo is over')
      const options = { env, cwd: folder, maxBuffer: 64 << 20 }
      const child = execFile(LAUNCHER, [...args, '--json'], options, (error, stdout, stderr) => {
        if (error !== null) reject(new GtRefused(args, Number(error.code ?? 1), stdout, stderr))
        else resolve(JSON.parse(stdout) as T)
      })
      note(child)
    })

  const follow: Gt['follow'] = (args, onLine) => {
    const child = spawn(LAUNCHER, [...args, '--json'], {
      env,
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    createInterface({ input: child.stdout }).on('line', (line) => onLine(JSON.parse(line)))
    note(child)
    return { stop: () => endOf(child, 'SIGINT') }
  }

  function note(child: ChildProcess): void {
    running.add(child)
    child.once('close', () => running.delete(child))
  }

  async function endOf(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (!running.has(child)) return
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
    child.kill(signal)
    await closed
  }

  async function abandon(): Promise<void> {
    abandoned = true
    await Promise.all([...running].map((child) => endOf(child, 'SIGKILL')))
  }

  return Object.assign(gt, { follow, abandon })
}

function reasonOf(stderr: string): string {
  try {
    const { error } = JSON.parse(stderr) as { error: { message: string; code: string } }
    return `${error.message} (${error.code})`
  } catch {
    return stderr
  }
}
