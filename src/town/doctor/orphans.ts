// Processes of ours that nobody knows: of a town that is gone, of a session that is over, a second host.
//
// Always:    what is not known to be over is only named. Ended is what carries the marker of this very town and of a
//            session whose end is in the log.

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { endProcesses } from '../../pty/end-processes.ts'
import { hostPid } from '../../pty/host-files.ts'
import { processes, sessionMarker } from '../../pty/processes.ts'
import { readDaemonFile } from '../daemon-file.ts'
import { townFiles } from '../files.ts'
import { type Check, type Examined, type Found, type Marked, notChecked, ok, reasonOf } from './types.ts'

export const orphanChecks: readonly Check[] = [
  { group: 'orphans', name: 'orphans.programs', run: async (town) => programsAreOurs(town) },
  { group: 'orphans', name: 'orphans.sessions', run: async (town) => sessionsAreKnown(town) },
]

type Ours = { readonly pid: number; readonly kind: 'daemon' | 'host' | 'worker'; readonly dir: string }

const PROGRAM = /\/(?:town\/(daemon)-main|pty\/(host)|git\/(worker))\.(?:js|ts) (.+)$/

/** Daemons, hosts and workers of any town. `line` ends with the path of what runs it, where the system tells. */
export function programsIn(lines: readonly { readonly pid: number; readonly line: string }[]): Ours[] {
  return lines.flatMap(({ pid, line }) => {
    const [, daemon, host, worker, rest = ''] = PROGRAM.exec(line) ?? []
    const kind = daemon ?? host ?? worker
    const dir = rest.replace(/ \/[^ ]*$/, '').trim()
    return kind === undefined || dir === '' ? [] : [{ pid, kind: kind as Ours['kind'], dir }]
  })
}

function programsAreOurs({ dir, daemon }: Examined): Found {
  let all: Ours[]
  try {
    all = programsIn(processes.commandLines())
  } catch (error) {
    return notChecked(`the processes of this machine cannot be read: ${reasonOf(error)}`)
  }
  const homeless = all.filter(
    (one) => resolve(one.dir) === one.dir && !existsSync(townFiles(one.dir).identity),
  )
  const own = all.filter((one) => resolve(one.dir) === dir)
  const known: Readonly<Record<Ours['kind'], number | null>> = {
    daemon: daemon.kind === 'answers' ? daemon.pid : (readDaemonFile(dir)?.pid ?? null),
    host: hostPid(dir),
    worker: null,
  }
  const second = own.filter(({ kind, pid }) => kind !== 'worker' && known[kind] !== pid)
  const workers = own.filter(({ kind }) => kind === 'worker')
  const tooMany = [...second, ...(workers.length > 1 ? workers : [])]
  const lines = (some: readonly Ours[]) => some.map(({ kind, pid, dir: of }) => `${kind} ${pid} of ${of}`)
  if (tooMany.length > 0)
    return {
      state: 'error',
      sentence: 'A process of this town runs that the town does not know.',
      items: lines([...tooMany, ...homeless]),
      cure: `look at it, then end it: kill ${tooMany.map(({ pid }) => pid).join(' ')}`,
    }
  if (homeless.length > 0)
    return {
      state: 'warning',
      sentence: 'A process of gt runs for a town whose folder is gone.',
      items: lines(homeless),
      cure: `look at it, then end it: kill ${homeless.map(({ pid }) => pid).join(' ')}`,
    }
  if (daemon.kind === 'none' && own.length > 0)
    return {
      state: 'warning',
      sentence: 'The town is down, and its terminal host runs on with what its agents do.',
      items: lines(own),
      cure: 'gt up goes on with them; gt down ends them',
    }
  return ok(
    own.length === 0 ? 'No process of gt is left.' : 'Daemon, host and worker are those of this town.',
  )
}

function sessionsAreKnown(town: Examined): Found {
  const { marked, known, townId } = town
  if (marked === null) return notChecked('the processes of this machine cannot be read')
  if (marked.length === 0) return ok('No program of a session runs.')
  if (known === null) return notChecked(town.unknownWhy)
  const stateOf = ({ session }: Marked) => (session === null ? null : (known.owners[session] ?? null))
  const over = marked.filter((one) => stateOf(one) === 'ended')
  const strange = marked.filter((one) => stateOf(one) === null)
  const items = [...over, ...strange].map(
    (one) =>
      `pid ${one.pid} of ${one.session ?? 'no session'} (${stateOf(one) === null ? 'the log has never heard of it' : 'over'}): ${one.line.slice(0, 200)}`,
  )
  if (items.length === 0) {
    const sessions = new Set(marked.map(({ session }) => session)).size
    return ok(`Each program of the ${sessions === 1 ? 'session' : `${sessions} sessions`} at work is known.`)
  }
  const sessions = [...new Set(over.map(({ session }) => session as string))]
  return {
    state: over.length > 0 ? 'error' : 'warning',
    sentence:
      over.length > 0
        ? 'A program works on for a session that is over.'
        : 'A program carries the marker of this town, and the log does not know its session.',
    items,
    cure: over.length > 0 ? 'gt doctor --fix' : 'look at it, and end it by its pid when it is nobody’s',
    ...(over.length > 0 && {
      async fix() {
        for (const session of sessions) await endProcesses(sessionMarker(townId, session), null, GRACE_MS)
        return `Ended what was left of ${sessions.join(', ')}.`
      },
    }),
  }
}

/** Between the polite signals and SIGKILL, ms. */
const GRACE_MS = 1_000
