// The command line of the clone that this demo belongs to, and how the demo calls it.
//
// Always:    the person's own towns and the session they may sit in are left alone: gt is told of neither.

import { execFile, spawn } from 'node:child_process'
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
}

/** `gt` for the town in `folder`/town. */
export function gtIn(folder: string): Gt {
  const env = { ...environment(), GT_TOWN: join(folder, 'town'), XDG_STATE_HOME: join(folder, 'state') }
  const gt = <T>(...args: readonly string[]): Promise<T> =>
    new Promise((resolve, reject) => {
      execFile(
        LAUNCHER,
        [...args, '--json'],
        { env, cwd: folder, maxBuffer: 64 << 20 },
        (error, stdout, stderr) => {
          if (error !== null) reject(new GtRefused(args, Number(error.code ?? 1), stdout, stderr))
          else resolve(JSON.parse(stdout) as T)
        },
      )
    })
  const follow: Gt['follow'] = (args, onLine) => {
    const child = spawn(LAUNCHER, [...args, '--json'], {
      env,
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    createInterface({ input: child.stdout }).on('line', (line) => onLine(JSON.parse(line)))
    const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
    return {
      async stop() {
        child.kill('SIGINT')
        await ended
      },
    }
  }
  return Object.assign(gt, { follow })
}

function reasonOf(stderr: string): string {
  try {
    const { error } = JSON.parse(stderr) as { error: { message: string; code: string } }
    return `${error.message} (${error.code})`
  } catch {
    return stderr
  }
}
