// Effects on sessions: starting a program in its terminal, and ending it.

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Launch } from '../../ports/presets.ts'
import { type SessionEnding, TerminalError, type Terminals } from '../../ports/terminals.ts'
import { sessionFiles } from '../files.ts'
import type { CarryOut } from './carrier.ts'
import { launchOf, runtimeOf } from './session-launch.ts'

/** Size of a terminal that nobody looks at, in character cells. */
const COLUMNS = 120
const ROWS = 40

export const startSession: CarryOut<'session.start'> = async (params, { id, again }, town) => {
  const { session, worktree } = params
  const runtime = runtimeOf(town, params)
  if ('code' in runtime) return { type: 'session.notStarted', ...runtime }
  const files = sessionFiles(town.dir, session)
  await mkdir(files.tmp, { recursive: true, mode: 0o700 })
  await writeFile(files.token, town.tokens.forSession(session), { mode: 0o600 })
  if (again) await endLost(town.terminals, session)
  const launch = await launchOf(town, params, runtime, id)
  await writeFiles(launch)
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
    return {
      type: 'session.started',
      pid: started.pid,
      command: shown(launch.command),
      runtime: runtime.preset.name,
      runtimeSession: launch.runtimeSession,
    }
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error
    return { type: 'session.notStarted', code: error.code, message: error.message }
  }
}

export const stopSession: CarryOut<'session.stop'> = async ({ session, graceMs }, _, town) => {
  await town.terminals.stop(session, graceMs)
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

/** An ending as a message carries it. */
export const asRecorded = (ending: SessionEnding) =>
  ending.kind === 'lost' ? { kind: ending.kind, survivors: [...ending.survivors] } : ending

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
