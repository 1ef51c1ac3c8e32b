// Effects on sessions: starting a program in its terminal, and ending it.

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { sessionRole } from '../../events/address.ts'
import type { Launch } from '../../ports/presets.ts'
import { type SessionEnding, TerminalError, type Terminals } from '../../ports/terminals.ts'
import { sessionFiles } from '../files.ts'
import { patienceIn } from '../settings.ts'
import type { CarryOut } from './carrier.ts'
import { finishWorktree } from './repositories.ts'
import { launchOf, runtimeOf } from './session-launch.ts'

/** Size of a terminal that nobody looks at, in character cells. */
const COLUMNS = 120
const ROWS = 40

export const startSession: CarryOut<'session.start'> = async (params, { id, again, signal }, town) => {
  const { session, worktree } = params
  const runtime = runtimeOf(town, params)
  if ('code' in runtime) return { type: 'session.notStarted', ...runtime }
  const files = sessionFiles(town.dir, session)
  await mkdir(files.tmp, { recursive: true, mode: 0o700 })
  // Of a worktree it would be wrong to make one that is gone.
  if (sessionRole(session) === 'mayor') await mkdir(worktree, { recursive: true })
  await writeFile(files.token, town.tokens.forSession(session), { mode: 0o600 })
  if (again) await endLost(town.terminals, session)
  const undone = await finishWorktree(town, params, id)
  if (undone !== null) return { type: 'session.notStarted', ...undone }
  const launch = await launchOf(town, params, runtime, id)
  const patience = patienceIn(town.system, params.rig ?? '')
  await writeFiles(launch)
  if (signal.aborted) return calledOff
  try {
    const started = await town.terminals.start({
      id: session,
      command: launch.command,
      cwd: worktree,
      env: launch.env,
      columns: COLUMNS,
      rows: ROWS,
      recording: files.recording,
    })
    if (signal.aborted) {
      // It was told to stop while it was being started, and whoever stopped it may have found nothing yet.
      await town.terminals.stop(session, 0)
      return calledOff
    }
    return {
      type: 'session.started',
      pid: started.pid,
      command: shown(launch.command),
      runtime: runtime.preset.name,
      runtimeSession: launch.runtimeSession,
      ...(patience !== null && { patience }),
    }
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error
    return { type: 'session.notStarted', code: error.code, message: error.message }
  }
}

/** Nobody waits for this answer. */
const calledOff = { type: 'session.notStarted', code: 'NOT_STARTED', message: 'It was called off.' } as const

export const stopSession: CarryOut<'session.stop'> = async ({ session, graceMs }, _, town) => {
  await town.terminals.stop(session, graceMs)
  await town.transcripts.finish(session)
  return { type: 'session.stopped', ending: asRecorded(await endingOf(town.terminals, session)) }
}

/** Only ours may read them: they may hold keys. */
async function writeFiles({ files }: Launch): Promise<void> {
  for (const { path, content } of files) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(path, content, { mode: 0o600 })
  }
}

/** Characters of one argument that a record keeps; orders may be long, and are kept elsewhere. */
const ARGUMENT_SHOWN = 500

const shown = (command: readonly string[]): string[] =>
  command.map((each) => (each.length <= ARGUMENT_SHOWN ? each : `${each.slice(0, ARGUMENT_SHOWN - 1)}…`))

/** A program whose host was lost before its start was noted would work beside its own repetition. */
async function endLost(terminals: Terminals, session: string): Promise<void> {
  const known = (await terminals.list()).some(({ id }) => id === session)
  if (!known) await terminals.stop(session, 0)
}

async function endingOf(terminals: Terminals, session: string): Promise<SessionEnding> {
  const found = (await terminals.list()).find(({ id }) => id === session)
  return found?.ending ?? { kind: 'lost', survivors: [] }
}

/** An ending as a message carries it. `said`: what its program showed last, when that says why. */
export const asRecorded = (ending: SessionEnding, said: string | null = null) => {
  if (ending.kind === 'lost') return { kind: ending.kind, survivors: [...ending.survivors] }
  return ending.kind === 'exited' && said !== null ? { ...ending, said } : ending
}

/** A program that fails sooner than this never got to its work, ms. */
const FAILED_SOON_MS = 30_000
const LINES_SAID = 5

/** The last lines of a program that failed soon after its start: what a person needs to set it right. */
export async function lastWords(
  terminals: Terminals,
  session: string,
  ending: SessionEnding,
): Promise<string | null> {
  if (ending.kind !== 'exited' || ending.exitCode === 0) return null
  try {
    const startedAt = (await terminals.list()).find(({ id }) => id === session)?.startedAt
    if (startedAt === undefined || Date.now() - startedAt > FAILED_SOON_MS) return null
    const shown = (await terminals.peek(session, LINES_SAID)).replaceAll(/\s*\n\s*/g, ' / ').trim()
    return shown === '' ? null : shown.slice(-1_000)
  } catch {
    return null
  }
}

/** What of a session that is over nobody needs any more; its recording stays. */
export async function cleanUpAfter(dir: string, session: string): Promise<void> {
  const files = sessionFiles(dir, session)
  await Promise.all([
    rm(files.token, { force: true }),
    ...[files.tmp, files.runtime, files.unheard].map((folder) =>
      rm(folder, { recursive: true, force: true }),
    ),
  ])
}
