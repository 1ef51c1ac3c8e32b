// Terminals: typing and seeing against tmux in the same run, and what an agent costs that does not read.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connectHost, type HostClient } from '../src/pty/host-client.ts'
import { ensureHost } from '../src/pty/start-host.ts'
import { cpuMs } from './processes.ts'
import { type Figure, median, ms } from './stats.ts'

const ROUNDS = 60
const WARM_UP = 20
const SPAWNS = 30
const SEE_TIMES = 20
const SPAWN_TIMES = 3
const CORE_MAX = 0.02
const DEAF_MS = 5_000

type Host = { readonly client: HostClient; start(id: string, command: readonly string[]): Promise<unknown> }

/**
 * What is typed until it is seen. Theirs: `send-keys`, then `capture-pane` until it is there. Ours: as `gt attach` does it,
 * and, said beside it, as a program would that looks at the screen (`write`, then `peek` until it is there).
 */
export const typeAndSee = (): Promise<Figure> =>
  withHost(async ({ client, start }) => {
    const name = 'type a word and see it on the screen'
    const asked = `at least ${SEE_TIMES} times faster`
    const tmux = openTmux()
    if (tmux === null) return notRun(name, asked)
    try {
      await start('cat', ['cat'])
      await start('looked-at', ['cat'])
      let screen = watchFor('')
      await client.attach('cat', { watch: false, size: null, onOutput: (data) => screen.onOutput(data) })
      const ours = (word: string): Promise<unknown> => {
        screen = watchFor(word)
        return Promise.all([client.write('cat', `${word}\n`), screen.seen])
      }
      const looking = async (word: string): Promise<void> => {
        // One connection keeps its order: the first look comes right behind what was typed.
        const typed = client.write('looked-at', `${word}\n`)
        while (!(await client.peek('looked-at', 40)).includes(word));
        await typed
      }
      const theirs = async (word: string): Promise<void> => {
        tmux('send-keys', '-t', 'bench', word, 'Enter')
        while (!tmux('capture-pane', '-p', '-t', 'bench').includes(word));
      }
      const [here, there, looked] = await inTurn(ROUNDS, ours, theirs, looking)
      const figure = against(name, asked, here ?? [], there ?? [], SEE_TIMES)
      return { ...figure, found: `${figure.found}; by looking at the screen ${ms(median(looked ?? []))}` }
    } finally {
      tmux('kill-server')
    }
  })

/**
 * From asking for a program in a terminal of its own until its first line is seen. Ours: `start` and `attach`; theirs:
 * `new-session -d` at a server that runs, then `capture-pane` until it is there.
 */
export const spawnTerminal = (): Promise<Figure> =>
  withHost(async ({ client, start }) => {
    const name = 'start a program in a terminal and see its first line'
    const asked = `at least ${SPAWN_TIMES} times faster`
    const tmux = openTmux()
    if (tmux === null) return notRun(name, asked)
    const greets = (id: string): string[] => ['/bin/sh', '-c', `echo ${id}-seen; exec sleep 600`]
    const ours = (id: string): Promise<unknown> => {
      const seen = watchFor(`${id}-seen`)
      return Promise.all([
        start(id, greets(id)),
        client.attach(id, { watch: true, size: null, onOutput: seen.onOutput }),
        seen.seen,
      ])
    }
    const theirs = async (id: string): Promise<void> => {
      tmux('new-session', '-d', '-s', id, '-x', '120', '-y', '40', ...greets(id))
      while (!tmux('capture-pane', '-p', '-t', id).includes(`${id}-seen`));
    }
    try {
      const [here, there] = await inTurn(SPAWNS, ours, theirs)
      for (const { id } of await client.list()) await client.stop(id, 100)
      return against(name, asked, here ?? [], there ?? [], SPAWN_TIMES)
    } finally {
      tmux('kill-server')
    }
  })

/** A program that reads nothing any more, with a paste that waits for it. */
export const deafAgent = (): Promise<Figure> =>
  withHost(async ({ client, start }) => {
    await start('deaf', ['sh', '-c', 'stty raw -echo; echo READY; sleep 600'])
    while (!(await client.peek('deaf', 5)).includes('READY')) await sleep(20)
    await client.write('deaf', 'x'.repeat(900_000))
    await sleep(500)
    const before = cpuMs(client.host.pid)
    await sleep(DEAF_MS)
    const core = (cpuMs(client.host.pid) - before) / DEAF_MS
    return {
      name: 'an agent that stopped reading, with 900 KB of input waiting',
      found: `${(core * 100).toFixed(2)} % of a core in the host`,
      peer: 'a busy retry costs 77 %',
      asked: `under ${CORE_MAX * 100} %`,
      holds: core < CORE_MAX,
    }
  })

async function withHost(measure: (host: Host) => Promise<Figure>): Promise<Figure> {
  const dir = mkdtempSync(join(tmpdir(), 'gtb-'))
  // As it is built: a host of sources is twice as large, and a fork of it twice as slow.
  const entry = fileURLToPath(new URL('../dist/src/pty/host.js', import.meta.url))
  await ensureHost(dir, { node: process.execPath, entry })
  const client = await connectHost(dir)
  const env = { PATH: process.env.PATH ?? '', HOME: dir, TERM: 'xterm-256color', GT_TOWN_ID: 'bench' }
  const start = (id: string, command: readonly string[]): Promise<unknown> =>
    client.start({ id, command, cwd: dir, env, columns: 120, rows: 40, recording: join(dir, `${id}.cast`) })
  try {
    return await measure({ client, start })
  } finally {
    await client.shutdown({ force: true, graceMs: 100 })
    rmSync(dir, { recursive: true, force: true })
  }
}

/** A server of its own with one window that runs `cat`; null when there is no tmux. */
function openTmux(): ((...args: string[]) => string) | null {
  if (spawnSync('tmux', ['-V']).status !== 0) return null
  const socket = `gt-bench-${process.pid}`
  const tmux = (...args: string[]): string =>
    execFileSync('tmux', ['-L', socket, '-f', '/dev/null', ...args], { encoding: 'utf8' })
  tmux('new-session', '-d', '-s', 'bench', '-x', '120', '-y', '40', 'cat')
  return tmux
}

/** Takes in what an attachment is shown, until `text` is in it. */
function watchFor(text: string): { onOutput(data: string): void; readonly seen: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>()
  let shown = ''
  return {
    onOutput(data) {
      shown += data
      if (shown.includes(text)) resolve()
    },
    seen: promise,
  }
}

type Way = (id: string) => Promise<unknown>

/** Each way once, in turn, after the same warm-up of all: hosts and servers have been at work for a while. */
async function inTurn(rounds: number, ...ways: readonly Way[]): Promise<number[][]> {
  const times = ways.map(() => [] as number[])
  for (let round = 0; round < WARM_UP + rounds; round++) {
    for (const [n, way] of ways.entries()) {
      const took = await timed(() => way(`round-${round}`))
      if (round >= WARM_UP) times[n]?.push(took)
    }
  }
  return times
}

async function timed(what: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await what()
  return performance.now() - from
}

function against(name: string, asked: string, ours: number[], theirs: number[], times: number): Figure {
  const [here, there] = [median(ours), median(theirs)]
  return {
    name,
    found: `${here.toFixed(2)} ms, ${(there / here).toFixed(1)} times faster`,
    peer: `tmux takes ${ms(there)} (medians of ${ours.length})`,
    asked,
    holds: there / here >= times,
  }
}

const notRun = (name: string, asked: string): Figure => ({
  name,
  found: 'NOT RUN',
  peer: 'tmux is missing: apt-get install tmux',
  asked,
  holds: false,
})
