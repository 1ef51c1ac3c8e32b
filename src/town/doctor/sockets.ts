// The sockets of a town: short enough, answered by the right process, and not left behind.
//
// Always:    a socket is taken away only when nobody listens on it and no process of ours could.

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { hostFiles } from '../../pty/host-files.ts'
import { processes } from '../../pty/processes.ts'
import { readDaemonFile } from '../daemon-file.ts'
import { SOCKET_PATH_BYTES_MAX, townFiles } from '../files.ts'
import { type Check, type Examined, type Found, notChecked, ok } from './types.ts'

export const socketChecks: readonly Check[] = [
  { group: 'sockets', name: 'sockets.path', run: async ({ dir }) => pathsAreShort(dir) },
  { group: 'sockets', name: 'sockets.daemon', run: async (town) => daemonAnswers(town) },
  { group: 'sockets', name: 'sockets.host', run: ({ dir }) => hostAnswers(dir) },
]

const socketsOf = (dir: string) => {
  const { own, socket } = townFiles(dir)
  return { daemon: socket, host: join(own, 'host.sock'), worker: join(own, 'worker.sock') }
}

function pathsAreShort(dir: string): Found {
  const long = Object.values(socketsOf(dir)).filter((path) => Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX)
  if (long.length === 0) return ok('The paths of the sockets are short enough.')
  return {
    state: 'error',
    sentence: `The path of a socket is longer than the ${SOCKET_PATH_BYTES_MAX} bytes that every system takes.`,
    items: long,
    cure: 'gt down, then move the folder of the town to a shorter path',
  }
}

function daemonAnswers({ dir, daemon, log }: Examined): Found {
  const { socket, daemonPid } = townFiles(dir)
  switch (daemon.kind) {
    case 'answers':
      return ok(`The daemon of this town answers (pid ${daemon.pid}).`)
    case 'silent': {
      const pid = readDaemonFile(dir)?.pid
      return {
        state: 'error',
        sentence: `The daemon${pid === undefined ? '' : ` (pid ${pid})`} takes connections and does not answer.`,
        cure: pid === undefined ? 'gt restart' : `kill -9 ${pid}, then gt up: agents go on meanwhile`,
      }
    }
    case 'foreign':
      return {
        state: 'error',
        sentence: `Somebody else answers on ${socket}: ${daemon.says.replace(/\.$/, '')}.`,
        cure: 'see who it is (lsof or ss on that path) and end it, then gt up',
      }
    case 'none': {
      const left = [socket, daemonPid].filter((path) => existsSync(path))
      if (left.length === 0) return ok('The town is down, and left no socket.')
      // Who has the log open may be about to listen.
      const mayComeUp = log.kind === 'notChecked'
      return {
        state: 'warning',
        sentence: 'The town is down, and what a daemon left that was killed lies there still.',
        items: left,
        cure: 'gt doctor --fix, or gt up',
        ...(mayComeUp
          ? {}
          : {
              fix: async () => {
                for (const path of left) rmSync(path, { force: true })
                return `Taken away: ${left.join(', ')}.`
              },
            }),
      }
    }
  }
}

async function hostAnswers(dir: string): Promise<Found> {
  const { host, worker } = socketsOf(dir)
  const { pid: file } = hostFiles(dir)
  const named = hostIn(file)
  const lives = named !== null && isAlive(named)
  const heard = await listens(host)
  if (heard === 'yes') {
    return lives
      ? ok(`The terminal host answers (pid ${named.pid}).`)
      : {
          state: 'error',
          sentence: `Somebody listens on ${host}, and it is not the terminal host that ${file} names.`,
          cure: 'see who it is (lsof or ss on that path) and end it, then gt restart',
        }
  }
  if (heard === 'unknown') return notChecked(`${host} could not be asked`)
  if (lives)
    return {
      state: 'error',
      sentence: `The terminal host (pid ${named.pid}) lives and does not answer.`,
      cure: `gt down, or kill -9 ${named.pid} and gt restart: sessions begin again where they were`,
    }
  const left = [host, worker, file].filter((path) => existsSync(path))
  if (left.length === 0) return ok('No terminal host runs, and none left a socket.')
  return {
    state: 'warning',
    sentence: 'No terminal host runs, and what one left that was killed lies there still.',
    items: left,
    cure: 'gt doctor --fix, or gt up',
    async fix() {
      for (const path of left) rmSync(path, { force: true })
      return `Taken away: ${left.join(', ')}.`
    },
  }
}

type Named = { readonly pid: number; readonly start: string; readonly bootId: string }

function hostIn(file: string): Named | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Named
  } catch {
    return null
  }
}

const isAlive = ({ pid, start, bootId }: Named): boolean =>
  bootId === processes.bootId() && processes.identify(pid)?.start === start

const LISTEN_MS = 1_000

/** Whether somebody takes a connection there. */
function listens(path: string): Promise<'yes' | 'no' | 'unknown'> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve('yes')
    })
    socket.setTimeout(LISTEN_MS, () => {
      socket.destroy()
      resolve('unknown')
    })
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTSOCK' ? 'no' : 'unknown'),
    )
  })
}
