// Effects on sessions: starting a program in its terminal, and ending it.

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { workerOf } from '../../events/address.ts'
import { type SessionEnding, TerminalError, type Terminals } from '../../ports/terminals.ts'
import { authorOf, baseEnvironment, sessionEnvironment } from '../environment.ts'
import { sessionFiles, townFiles } from '../files.ts'
import { agentCommand, allowedVariables, domainOf } from '../settings.ts'
import type { CarryOut } from './carrier.ts'

/** Size of a terminal that nobody looks at, in character cells. */
const COLUMNS = 120
const ROWS = 40

export const startSession: CarryOut<'session.start'> = async (params, { again }, town) => {
  const { rig, session, bead, worktree, branch, preset } = params
  const agent = agentCommand(town.system, rig, preset)
  if (agent === null) {
    return {
      type: 'session.notStarted',
      code: 'AGENT_UNKNOWN',
      message: `Nobody said how the agent ${preset ?? ''} is started: set agents.<name>.command.`.replace(
        '  ',
        ' ',
      ),
    }
  }
  const files = sessionFiles(town.dir, session)
  await mkdir(files.tmp, { recursive: true, mode: 0o700 })
  await writeFile(files.token, town.tokens.forSession(session), { mode: 0o600 })
  if (again) await endLost(town.terminals, session)
  const address = workerOf(session)?.agent ?? ''
  const env = {
    ...baseEnvironment(town.operatorEnv, {
      allow: allowedVariables(town.system, rig),
      bin: town.bin,
      tmp: files.tmp,
    }),
    ...sessionEnvironment({
      town: town.dir,
      townId: town.townId,
      socket: townFiles(town.dir).socket,
      tokenFile: files.token,
      agent: address,
      rig,
      bead,
      session,
      branch,
      author: authorOf(address, domainOf(town.system)),
    }),
  }
  try {
    const started = await town.terminals.start({
      id: session,
      command: agent.command,
      cwd: worktree,
      env,
      columns: COLUMNS,
      rows: ROWS,
      recording: files.recording,
    })
    return { type: 'session.started', pid: started.pid, command: [...agent.command] }
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error
    return { type: 'session.notStarted', code: error.code, message: error.message }
  }
}

export const stopSession: CarryOut<'session.stop'> = async ({ session, graceMs }, _, town) => {
  await town.terminals.stop(session, graceMs)
  return { type: 'session.stopped', ending: asRecorded(await endingOf(town.terminals, session)) }
}

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

/** Token and temporary files of a session that is over; its recording stays. */
export async function cleanUpAfter(dir: string, session: string): Promise<void> {
  const files = sessionFiles(dir, session)
  await Promise.all([rm(files.token, { force: true }), rm(files.tmp, { recursive: true, force: true })])
}
