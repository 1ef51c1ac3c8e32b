// A town for measuring: made, used and taken down by `gt` alone, as a user would.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const clone = fileURLToPath(new URL('..', import.meta.url))
export const GT = join(clone, 'bin', 'gt')

export type BenchTown = {
  /** Holds everything; removed by close(). */
  readonly root: string
  readonly dir: string
  readonly origin: string
  /** Runs `gt … --json` in the town and answers with its document. */
  gt(...args: string[]): unknown
  run(command: readonly string[], cwd: string): string
  close(): void
}

export type BenchTownOptions = {
  /** The agent's program and its arguments, given the folder of the town's root. */
  readonly agent: (root: string) => readonly string[]
  readonly gate: readonly string[]
  readonly polecats: number
  /** Files of the first commit. */
  readonly files: Readonly<Record<string, string>>
}

export function makeTown({ agent, gate, polecats, files }: BenchTownOptions): BenchTown {
  const root = mkdtempSync(join(tmpdir(), 'gtb-'))
  const dir = join(root, 'town')
  const work = join(root, 'work')
  const origin = join(root, 'origin.git')
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GT_')))
  const run = (command: readonly string[], cwd: string): string => {
    const [file = '', ...args] = command
    return execFileSync(file, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }
  const gt = (...args: string[]): unknown => {
    const done = spawnSync(GT, ['--town', dir, ...args, '--json'], { env, encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`gt ${args.join(' ')}: ${done.stderr}`)
    return done.stdout === '' ? null : JSON.parse(done.stdout)
  }

  mkdirSync(work)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(work, name, '..'), { recursive: true })
    writeFileSync(join(work, name), text)
  }
  run(['git', 'init', '-q', '-b', 'main'], work)
  run(['git', 'add', '-A'], work)
  run(['git', '-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '-qm', 'Begin'], work)
  run(['git', 'clone', '-q', '--bare', work, origin], root)
  run(['git', 'remote', 'add', 'origin', origin], work)

  run([GT, 'install', dir], root)
  gt('up')
  gt('rig', 'add', 'bench', work)
  gt('config', 'set', 'gates.test', JSON.stringify({ command: gate }), '--rig', 'bench')
  gt('config', 'set', 'limits.polecats', String(polecats), '--rig', 'bench')
  gt('config', 'set', 'agents.bench.command', JSON.stringify(agent(root)))
  gt('config', 'set', 'agents.default', 'bench')
  return {
    root,
    dir,
    origin,
    gt,
    run,
    close() {
      gt('down')
      rmSync(root, { recursive: true, force: true })
    },
  }
}

export const createBead = (town: BenchTown, title: string): string =>
  (town.gt('bead', 'create', title, '--rig', 'bench') as { id: string }).id

/** A town with one agent that leaves its environment where `environmentInside` looks, and stays. */
export const SITTING: BenchTownOptions = {
  agent: (root) => ['/bin/sh', '-c', `env > ${root}/env.new && mv ${root}/env.new ${root}/env; sleep 600`],
  gate: ['true'],
  polecats: 1,
  files: { 'README.md': 'bench\n' },
}

/** Starts that agent, and answers with the environment of its session. */
export async function environmentInside(town: BenchTown): Promise<Record<string, string>> {
  town.gt('sling', createBead(town, 'Be in a session'), 'bench')
  const file = join(town.root, 'env')
  while (!existsSync(file)) await sleep(20)
  return Object.fromEntries(
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  ) as Record<string, string>
}
