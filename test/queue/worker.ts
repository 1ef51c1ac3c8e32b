// A worker that is a process of its own, and is killed at the call of git that is asked for.
//
// Owns:      the process, and a `git` of ours before the real one on its PATH, which counts and kills.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { connectWorker, type WorkerClient } from '../../src/git/worker-client.ts'
import type { Repositories } from '../../src/ports/repositories.ts'
import type { Worker } from './town.ts'

/** As built where a test has just built it: it starts four times as fast. */
const ROOT = resolve(import.meta.dirname, '../..')
const PROGRAM =
  process.env.VITEST === undefined ? join(ROOT, 'src/git/worker.ts') : join(ROOT, 'dist/src/git/worker.js')

/** `before`: that git does not even begin; `after`: it has ended, and nobody heard of it. */
export type How = 'before' | 'amid' | 'after'

/** Two that run at once may count the same: the first one that has come far enough kills. */
const script = (dir: string, git: string) => `#!/bin/sh
[ -e "${dir}/armed" ] || exec ${git} "$@"
echo >> "${dir}/calls"
read -r at how < "${dir}/armed"
[ "$(wc -c < "${dir}/calls")" -ge "\${at:-999999}" ] || exec ${git} "$@"
strike() { if mkdir "${dir}/killed" 2> /dev/null; then rm -f "${dir}/armed"; read -r pid < "${dir}/worker.pid"; kill -9 "$pid"; fi; }
case $how in
  before) strike; exit 137 ;;
  amid) strike; exec ${git} "$@" ;;
esac
${git} "$@"
code=$?
strike
exit $code
`

export class KilledWorker implements Worker {
  readonly #dir: string
  #child: ChildProcess | null = null
  #client: WorkerClient | null = null

  constructor(dir: string) {
    this.#dir = dir
    mkdirSync(join(dir, '.gt'), { recursive: true })
    writeFileSync(join(dir, '.gt/host.key'), 'key\n')
    const git = execFileSync('which', ['git'], { encoding: 'utf8' }).trim()
    mkdirSync(join(dir, 'bin'))
    writeFileSync(join(dir, 'bin/git'), script(dir, git))
    chmodSync(join(dir, 'bin/git'), 0o755)
  }

  /** Calls of git are counted from now on; it is killed at the one of that number. */
  arm(at: number, how: How): void {
    writeFileSync(join(this.#dir, 'armed'), `${at} ${how}\n`)
  }

  get calls(): number {
    const path = join(this.#dir, 'calls')
    return existsSync(path) ? statSync(path).size : 0
  }

  isKilled(): boolean {
    return existsSync(join(this.#dir, 'killed'))
  }

  kill(): void {
    mkdirSync(join(this.#dir, 'killed'), { recursive: true })
    this.#child?.kill('SIGKILL')
  }

  async connect(): Promise<(effectId: string) => Repositories> {
    this.#client?.close()
    if (this.#child === null || this.isKilled()) {
      await this.#ended()
      rmSync(join(this.#dir, 'killed'), { recursive: true, force: true })
      const env = { PATH: `${join(this.#dir, 'bin')}:${process.env.PATH}`, HOME: '/nonexistent' }
      this.#child = spawn(process.execPath, [PROGRAM, this.#dir], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env,
      })
      writeFileSync(join(this.#dir, 'worker.pid'), `${this.#child.pid}\n`)
    }
    const client = await connectWorker(this.#dir, { onGone: () => undefined, timeoutMs: 60_000 })
    this.#client = client
    return (id) => client.as(id)
  }

  async close(): Promise<void> {
    this.#client?.close()
    this.#child?.kill('SIGKILL')
    await this.#ended()
  }

  async #ended(): Promise<void> {
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    await new Promise((done) => child.once('exit', done))
  }
}
