// Making one call to the system fail, or kill, by strace.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Told, toldBy } from './judge.ts'

/**
 * Whether strace works here; if not, whoever asked does not run, and this says so. In CI, as root, it is installed.
 */
export function straceHere(): boolean {
  if (works()) return true
  if ((process.env.CI ?? '') !== '' && process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'strace']])
      spawnSync('/usr/bin/apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
    if (works()) return true
  }
  console.warn(
    '\nNOT RUN: what happens when calls to the system fail or kill needs strace, and it does not run here.\n',
  )
  return false
}

// Where tracing is forbidden it is there and does not work.
const works = (): boolean =>
  spawnSync('strace', ['-f', '-qq', '-e', 'trace=write', '-o', '/dev/null', 'true']).status === 0

export const CALLS = [
  'write',
  'pwrite64',
  'fdatasync',
  'fsync',
  'rename',
  'openat',
  'unlink',
  'mkdir',
] as const
export type Call = (typeof CALLS)[number]

/** Files of one kind: in each mostly one thread writes, and calls are counted by thread. */
export const GROUPS = ['log', 'table', 'list', 'head'] as const
export type Group = (typeof GROUPS)[number]

/** LevelDB numbers its files; a run begins with few, and makes few. */
const NUMBERS_MAX = 60

function pathsOf(dir: string, group: Group): string[] {
  const db = join(dir, 'db')
  const numbers = Array.from({ length: NUMBERS_MAX }, (_, n) => String(n + 1).padStart(6, '0'))
  switch (group) {
    case 'log':
      return numbers.map((number) => join(db, `${number}.log`))
    case 'table':
      return numbers.map((number) => join(db, `${number}.ldb`))
    case 'list':
      return [
        db,
        join(db, 'CURRENT'),
        ...numbers.flatMap((number) => [join(db, `MANIFEST-${number}`), join(db, `${number}.dbtmp`)]),
      ]
    case 'head':
      return [join(dir, 'head')]
  }
}

export type Traced = Told & {
  /** It took longer than it was given, and was killed. */
  readonly late: boolean
  readonly complained: string
  readonly trace: string
}

/** Runs writer.ts under strace; `inject` is what strace is told to do, e.g. `write:signal=SIGKILL:when=3`. */
export async function runTraced(
  dir: string,
  options: {
    readonly group: Group
    readonly inject?: string
    readonly amount?: 'short' | 'whole'
    readonly timeoutMs?: number
  },
): Promise<Traced> {
  const { group, inject, amount = 'whole', timeoutMs = 60_000 } = options
  const calls = inject === undefined ? CALLS.join(',') : inject.slice(0, inject.indexOf(':'))
  const traceFile = `${dir}.trace`
  const args = ['-f', '-qq', '-o', traceFile, '-e', 'signal=none', '-e', `trace=${calls}`]
  if (inject !== undefined) args.push('-e', `inject=${inject}`)
  for (const path of pathsOf(dir, group)) args.push('-P', path)
  const writer = join(import.meta.dirname, 'writer.ts')
  const child = spawn('strace', [...args, process.execPath, writer, dir, 'n', amount], {
    // One thread for all that is not LevelDB's own: calls are counted by thread.
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const output = { said: '', complained: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.said += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.complained += text
  })
  let late = false
  const timer = setTimeout(() => {
    late = true
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }, timeoutMs)
  await once(child, 'close')
  clearTimeout(timer)
  const trace = await readFile(traceFile, 'utf8')
  await rm(traceFile)
  return { ...toldBy(output.said), late, complained: output.complained, trace }
}

/** How often the thread that makes a call most often makes it. */
export function countsIn(trace: string): ReadonlyMap<Call, number> {
  const counts = new Map<string, number>()
  const most = new Map<Call, number>()
  for (const [, thread, call] of trace.matchAll(/^(\d+) +(\w+)\(/gm)) {
    const name = call as Call
    const count = (counts.get(`${thread} ${name}`) ?? 0) + 1
    counts.set(`${thread} ${name}`, count)
    most.set(name, Math.max(count, most.get(name) ?? 0))
  }
  return most
}
