// gt doctor: looks at what a town needs, names what is wrong, and cures what can be cured without losing anything.
//
// Owns:      the order. What needs the log is read first and the log closed again: a child would inherit its descriptors.
// Always:    nothing is changed but by a cure, and a cure is carried out only when it is asked for.

import type { Json } from '../../events/record.ts'
import { processes } from '../../pty/processes.ts'
import { readIdentity } from '../identity.ts'
import { configChecks } from './config.ts'
import { ask, type DaemonSeen, lookForDaemon, tell } from './daemon-seen.ts'
import { diskChecks } from './disk.ts'
import { lockChecks } from './locks.ts'
import { logChecks } from './log.ts'
import { foldKnown, type LogSeen, lookAtLog } from './log-seen.ts'
import { orphanChecks } from './orphans.ts'
import { gitChecks, repositoryChecks } from './repositories.ts'
import { programChecks, runtimeChecks } from './runtime.ts'
import { socketChecks } from './sockets.ts'
import {
  type Check,
  type Checked,
  type Examined,
  type Found,
  type Marked,
  notChecked,
  reasonOf,
} from './types.ts'
import { worktreeChecks, worktreeFolders } from './worktrees.ts'

const MACHINE: readonly Check[] = [...runtimeChecks, ...gitChecks]
const TOWN: readonly Check[] = [
  ...programChecks,
  ...repositoryChecks,
  ...diskChecks,
  ...logChecks,
  ...socketChecks,
  ...orphanChecks,
  ...worktreeChecks,
  ...lockChecks,
  ...configChecks,
]

export const CHECK_NAMES: readonly string[] = [...MACHINE, ...TOWN].map(({ name }) => name)

export type Wanted = {
  /** Null: there is no town, so the machine alone is looked at. */
  readonly dir: string | null
  readonly env: Readonly<Record<string, string | undefined>>
  readonly fix: boolean
  /** A check or a group; null: all. */
  readonly only: string | null
}

export { agentsOf } from './agents.ts'
export type { Checked } from './types.ts'

export type Examination = {
  readonly checks: readonly Checked[]
  /** The town's; null when they are not known, or there is no town. */
  readonly settings: Readonly<Record<string, Json>> | null
}

export async function examine({ dir, env, fix, only }: Wanted): Promise<Examination> {
  const wanted = (check: Check) => only === null || check.name === only || check.group === only
  const machine = MACHINE.filter(wanted)
  const town = dir === null ? [] : TOWN.filter(wanted)
  const isAsked = town.length > 0 || only === 'agents'
  const before = dir === null || !isAsked ? null : await lookAt(dir, env)
  const found = await Promise.all([
    ...machine.map((check) => one(check, null)),
    ...town.map((check) => one(check, before)),
  ])
  const checks = [...machine, ...town]
  const answered: Checked[] = []
  for (const [n, first] of found.entries()) {
    const check = checks[n] as Check
    if (!fix || first.fix === undefined || dir === null) {
      answered.push(shown(check, first, null))
      continue
    }
    const fixed = await first.fix().catch((error: unknown) => `It was not cured: ${reasonOf(error)}.`)
    answered.push(shown(check, await one(check, await lookAt(dir, env)), fixed))
  }
  return { checks: answered, settings: before?.known?.settings ?? null }
}

/** No check takes longer, ms: what hangs is not known to be wrong. */
const CHECK_MS = 5_000

async function one(check: Check, town: Examined | null): Promise<Found> {
  const late = Promise.withResolvers<Found>()
  const timer = setTimeout(
    () => late.resolve(notChecked(`it took longer than ${CHECK_MS / 1_000} s`)),
    CHECK_MS,
  )
  try {
    return await Promise.race([check.run(town as Examined), late.promise])
  } catch (error) {
    return notChecked(reasonOf(error))
  } finally {
    clearTimeout(timer)
  }
}

const shown = (
  { group, name }: Check,
  { state, sentence, items = [], cure, fix }: Found,
  fixed: string | null,
): Checked => ({ group, name, state, sentence, items, cure: cure ?? null, fixable: fix !== undefined, fixed })

/** Everything that several checks need, looked at once. */
async function lookAt(dir: string, env: Examined['env']): Promise<Examined> {
  const { townId } = readIdentity(dir)
  const daemon = await lookForDaemon(dir, townId)
  const marked = markedBy(townId)
  const folders = worktreeFolders(dir)
  const asked = [
    ...new Set([
      ...(marked ?? []).flatMap(({ session }) => session ?? []),
      ...folders.map(({ owner }) => owner),
    ]),
  ]
  const { log, known, why } = await lookInside(dir, daemon, asked)
  const command = (name: string, input: object) => tell(dir, name, input)
  return { dir, townId, env, daemon, log, known, unknownWhy: why, marked, folders, command }
}

type Inside = { readonly log: LogSeen; readonly known: Examined['known']; readonly why: string }

async function lookInside(dir: string, daemon: DaemonSeen, asked: readonly string[]): Promise<Inside> {
  try {
    if (daemon.kind === 'answers') {
      const query = asked.map((owner) => `owner=${encodeURIComponent(owner)}`).join('&')
      const known = (await ask(dir, `/v1/known${query === '' ? '' : `?${query}`}`)) as Examined['known']
      return { log: { kind: 'open' }, known, why: '' }
    }
    const log = await lookAtLog(dir)
    if (log.kind === 'damaged') return { log, known: null, why: 'the log is damaged' }
    return { log, known: await foldKnown(dir, asked), why: '' }
  } catch (error) {
    const why = `the log could not be asked (${reasonOf(error).replace(/\.$/, '')})`
    return { log: { kind: 'notChecked', why }, known: null, why }
  }
}

function markedBy(townId: string): Marked[] | null {
  try {
    const look = processes.look()
    const lines = new Map(processes.commandLines().map(({ pid, line }) => [pid, line]))
    return look.withMarker([`GT_TOWN_ID=${townId}`]).map((found) => ({
      ...found,
      session: look.variable(found, 'GT_SESSION'),
      line: lines.get(found.pid) ?? '',
    }))
  } catch {
    return null
  }
}
