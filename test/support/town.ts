// A real town for end-to-end tests: built daemon, host, worker, git and terminals in a temporary folder.
//
// Everything that it starts is ended by `close`, by pid, and `close` fails when something is left that should not be.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inject } from 'vitest'
import type { AnyFact, Json, LogRecord } from '../../src/events/record.ts'
import { installTown } from '../../src/town/install.ts'
import { verifyLogIn } from '../../src/town/logs/look.ts'
import { handleOf, openTown } from '../../src/town/open.ts'
import { atFileEnd } from './file-end.ts'
import { isAlive, processesOf } from './processes-left.ts'
import { ask, type Reply, tail, type Watch, watchRecords } from './town-http.ts'

const ROOT = join(import.meta.dirname, '../..')
const BUILT_UP = join(ROOT, 'dist/src/town/up.js')

/** What an agent's script calls: the real one, found first on its PATH. */
export const GT = 'gt'

/** Shell: waits for a file, and goes on without it after 20 s. */
export const untilFile = (path: string): string =>
  `n=0; until [ -e "${path}" ] || [ $n -gt 400 ]; do n=$((n + 1)); sleep 0.05; done`

/** Shell: commits something for this bead. */
export const COMMIT = `echo work >> "$GT_BEAD.txt"; git add -A; git commit -qm "Do $GT_BEAD" || exit 9`

export type FactOf = { readonly seq: number; readonly record: LogRecord } & AnyFact

export interface TestTown {
  /** Temporary folder that holds everything. */
  readonly temp: string
  readonly dir: string
  readonly id: string
  /** The bare repository that work lands in. */
  readonly origin: string
  readonly watch: Watch
  readonly operatorToken: string
  /** Starts the daemon, unless it runs; `env` is added to the operator's. Answers with its pid. */
  up(env?: Readonly<Record<string, string>>): Promise<number>
  pid(): number
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>
  /** Asks until somebody answers, with the same id each time. */
  command(name: string, input?: object, options?: { token?: string; id?: string }): Promise<Reply['body']>
  /** One try; the answer whatever it is. */
  post(path: string, body: object, token?: string): Promise<Reply>
  get(path: string, token?: string): Promise<Reply>
  /** A program of one shell script as an agent, with `sh` to run it. */
  agent(name: string, script: string): Promise<void>
  addRig(gate: readonly string[], settings?: Readonly<Record<string, Json>>): Promise<void>
  bead(title: string, more?: object): Promise<string>
  sling(beads: readonly string[], agent: string): Promise<void>
  facts(type: string): FactOf[]
  fact(
    what: string,
    type: string,
    more?: Readonly<Record<string, unknown>>,
    timeoutMs?: number,
  ): Promise<FactOf>
  token(session: string): string
  /** Of the host, from its file. */
  hostPid(): number
  /** Looks again every 20 ms until it is so, at most 30 s: for what leaves no record. */
  until(what: string, isSo: () => boolean): Promise<void>
  git(...args: readonly string[]): string
  /** Subject of each landed commit with its `Bead:` trailer, newest first. */
  landed(): { readonly commit: string; readonly bead: string; readonly author: string }[]
  /** Waits until every record of now has been shown to us. */
  settled(): Promise<void>
  /** With the daemon gone: verifies the log, and replays it beside what is opened from it. */
  checkLog(): Promise<void>
  /** Ends sessions, daemon, host and worker with `down`, and waits for the processes to go. */
  down(): Promise<void>
  close(): Promise<void>
}

let count = 0
const newId = (): string => `test-${process.pid}-${++count}`

export async function makeTown(
  settings: Readonly<Record<string, Json>> = {},
  /** `up`: the built `up.js` of another clone than ours; then the town makes its own copy of that program. */
  options: { readonly up?: string } = {},
): Promise<TestTown> {
  const temp = mkdtempSync(join(tmpdir(), 'gt-t-'))
  const dir = join(temp, 'town')
  const home = join(temp, 'home')
  const origin = join(temp, 'origin.git')
  makeRepository(home, origin)
  const owner = { name: 'Op', email: 'op@example.org' }
  const { up = BUILT_UP } = options
  const { townId } = await installTown({ dir, name: 'test', owner, settings })
  if (options.up === undefined) symlinkSync(inject('programs'), join(dir, '.gt/program'))
  const socket = join(dir, '.gt/gt.sock')
  const operatorToken = readFileSync(join(dir, '.gt/operator.token'), 'utf8').trim()
  const watch = watchRecords(socket, operatorToken)
  let pid = 0
  let isClosed = false
  const daemonLog = () => readFileSync(join(dir, '.gt/daemon.log'), 'utf8').slice(-2_000)

  const town: TestTown = {
    temp,
    dir,
    id: townId,
    origin,
    watch,
    operatorToken,
    pid: () => pid,
    async up(env = {}) {
      pid = await withEnvironment(env, async () => {
        const { bringUp } = (await import(up)) as typeof import('../../src/town/up.ts')
        return (await bringUp(dir)).pid
      })
      return pid
    },
    async kill() {
      process.kill(pid, 'SIGKILL')
      await gone(pid)
    },
    async command(name, input = {}, { token = operatorToken, id = newId() } = {}) {
      for (let tries = 0; ; tries += 1) {
        const said = { ...input, id }
        const reply = await ask(socket, token, 'POST', `/v1/commands/${name}`, said).catch(String)
        if (typeof reply !== 'string' && reply.status !== 503) {
          if (reply.status >= 300) throw new Error(`${name}: ${JSON.stringify(reply.body)}`)
          return reply.body
        }
        if (tries > 1_000) throw new Error(`${name}: no answer. ${JSON.stringify(reply)}\n${daemonLog()}`)
        await sleep(10)
      }
    },
    post: (path, body, token = operatorToken) => ask(socket, token, 'POST', path, body),
    get: (path, token = operatorToken) => ask(socket, token, 'GET', path),
    async agent(name, script) {
      mkdirSync(join(temp, 'agents'), { recursive: true })
      const file = join(temp, 'agents', `${name}.sh`)
      writeFileSync(file, script)
      const value = ['/bin/sh', file]
      await town.command('config.set', { key: `agents.${name}.command`, value })
    },
    async addRig(gate, more = {}) {
      await town.command('rig.add', { name: 'shop', source: home, gate: false })
      await town.command('config.set', { rig: 'shop', key: 'gates.test', value: { command: gate } })
      for (const [key, value] of Object.entries(more))
        await town.command('config.set', { rig: 'shop', key, value })
    },
    bead: async (title, more = {}) => String((await town.command('bead.create', { title, ...more })).id),
    async sling(beads, agent) {
      const { refused } = await town.command('sling', { beads, agent })
      if (JSON.stringify(refused) !== '[]') throw new Error(`sling: ${JSON.stringify(refused)}`)
    },
    facts: (type) =>
      watch.records.flatMap((record) =>
        record.facts
          .filter((fact) => fact.type === type)
          .map((fact) => ({ ...fact, seq: record.seq, record })),
      ),
    async fact(what, type, more = {}, timeoutMs = 20_000) {
      const wanted = Object.entries(more)
      return watch.until(
        what,
        (record) => {
          const fact = record.facts.find(
            (each) => each.type === type && wanted.every(([key, value]) => each[key] === value),
          )
          return fact === undefined ? null : { ...fact, seq: record.seq, record }
        },
        timeoutMs,
      )
    },
    token: (session) =>
      readFileSync(join(dir, '.gt/sessions', session.replaceAll('/', '.'), 'token'), 'utf8').trim(),
    hostPid: () => Number(/"pid":(\d+)/.exec(readFileSync(join(dir, '.gt/host.pid'), 'utf8'))?.[1]),
    async until(what, isSo) {
      for (let tries = 0; !isSo(); tries += 1) {
        if (tries > 1_500) throw new Error(`${what}: not within 30 s.\n${tail(watch.records)}`)
        await sleep(20)
      }
    },
    git: (...args) => git(origin, ...args),
    landed: () =>
      git(origin, 'log', '--format=%H%x00%an%x00%(trailers:key=Bead,valueonly,separator=%x2c)', 'main')
        .split('\n')
        .map((line) => line.split('\0'))
        .map(([commit = '', author = '', bead = '']) => ({ commit, author, bead }))
        .filter(({ bead }) => bead !== ''),
    async settled() {
      const { seq } = (await town.get('/v1/health')).body
      await watch.until(`record ${seq}`, (record) => record.seq === seq)
    },
    async checkLog() {
      const report = await verifyLogIn(dir)
      if (!report.ok) throw new Error(`The log is not sound: ${JSON.stringify(report.problems)}`)
      const opened = await openTown(dir)
      try {
        const replayed = await handleOf(opened).replay({ to: null, verify: true, into: null })
        if (!replayed.verified)
          throw new Error(`Replay differs: ${JSON.stringify(replayed.divergences.slice(0, 3))}`)
        let seq = 0
        for await (const stored of opened.log.read()) {
          const shown = watch.lines[seq]
          if (shown !== undefined && shown !== stored.line)
            throw new Error(`Record ${stored.seq} was ${shown} and is ${stored.line}.`)
          seq += 1
        }
        if (seq < watch.lines.length)
          throw new Error(`${watch.lines.length} records were shown, ${seq} are in the log.`)
      } finally {
        await opened.close()
      }
    },
    async down() {
      await town.command('down')
      await gone(pid)
      await nothingLeft(town)
    },
    async close() {
      if (isClosed) return
      isClosed = true
      watch.close()
      for (let tries = 0; tries < 40; tries += 1) {
        const left = processesOf(temp, `GT_TOWN_ID=${townId}`)
        if (left.length === 0) break
        for (const { pid: each } of left) tryKill(each)
        await sleep(25)
      }
      rmSync(temp, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  // What a failed test left open.
  atFileEnd(town.close)
  return town
}

/** Waits until no process of the town is left. */
export async function nothingLeft(town: TestTown): Promise<void> {
  let left = processesOf(town.temp, `GT_TOWN_ID=${town.id}`)
  for (let tries = 0; left.length > 0 && tries < 200; tries += 1) {
    await sleep(25)
    left = processesOf(town.temp, `GT_TOWN_ID=${town.id}`)
  }
  if (left.length > 0) throw new Error(`Left behind: ${JSON.stringify(left)}\n${tail(town.watch.records)}`)
}

/** Waits until a process is gone. */
export async function gone(pid: number): Promise<void> {
  for (let tries = 0; isAlive(pid); tries += 1) {
    if (tries > 3_000) throw new Error(`Process ${pid} does not end.`)
    await sleep(10)
  }
}

export function git(cwd: string, ...args: readonly string[]): string {
  return execFileSync('git', ['-c', 'user.name=Op', '-c', 'user.email=op@example.org', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()
}

/** In one call: a fork of the big process of many tests costs more than all that git does here. */
function makeRepository(home: string, origin: string): void {
  mkdirSync(home)
  writeFileSync(join(home, 'README.md'), '# shop\n')
  writeFileSync(join(home, '.gitignore'), 'ignored/\n')
  const person = '-c user.name=Op -c user.email=op@example.org'
  const script = [
    'set -e',
    'git init -q -b main',
    'git add .',
    `git ${person} commit -q -m First`,
    'git clone -q --bare . "$1"',
    'git remote add origin "$1"',
    'git fetch -q origin',
  ].join('\n')
  execFileSync('sh', ['-c', script, 'sh', origin], { cwd: home, stdio: ['ignore', 'ignore', 'pipe'] })
}

async function withEnvironment<T>(env: Readonly<Record<string, string>>, run: () => Promise<T>): Promise<T> {
  const before = Object.fromEntries(Object.keys(env).map((name) => [name, process.env[name]]))
  Object.assign(process.env, env)
  try {
    return await run()
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}
