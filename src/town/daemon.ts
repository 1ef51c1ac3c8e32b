// The daemon: a town that is up.
//
// Owns:      the order in which a town comes up and goes down, and the process's signals.
// Does not:  decide, append or answer by itself (system, api), nor start anything but the host.
//
//   D1. A process is started only while the log is closed: a child would inherit LevelDB's descriptors.
//   D2. Killed at any instant, the next daemon goes on where the log ends.
//   D3. SIGTERM ends the daemon and the worker; host and sessions go on (gt restart).

import { chmodSync, rmSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { LogError } from '../../eventlog/index.ts'
import { createServer } from '../api/server.ts'
import type { TownHandle } from '../api/town.ts'
import { DEACON, OVERSEER, TOWN } from '../events/address.ts'
import { sessionsOf } from '../projections/sessions.ts'
import { presets } from '../pty/presets/index.ts'
import { ensureHost } from '../pty/start-host.ts'
import type { Perform, Watch } from '../system/types.ts'
import { createTownWeb } from './access/web.ts'
import { type Adoption, createAdoption } from './agents/adoption.ts'
import { createHandoffs } from './agents/handoffs.ts'
import { createHearing, type TownHearing } from './agents/hearing.ts'
import { createKeeper } from './agents/keeper.ts'
import { createTranscripts } from './agents/transcripts.ts'
import { type BootWatch, createBootWatch } from './boot.ts'
import { type Brakes, createBrakes } from './brakes.ts'
import { machineClock, machineIds } from './clock.ts'
import { writeDaemonFile } from './daemon-file.ts'
import type { Carrier } from './effects/carrier.ts'
import { performWith } from './effects/index.ts'
import { entry } from './entry.ts'
import { baseEnvironment } from './environment.ts'
import { townFiles } from './files.ts'
import { readIdentity } from './identity.ts'
import { handleOf, type OpenTown, openTown } from './open.ts'
import { createJobs } from './past/jobs.ts'
import { longJobs } from './past/long-jobs.ts'
import { createPast } from './past/past.ts'
import { binFolder, type Program, runningProgram } from './program/program.ts'
import { VERSION } from './program/version.ts'
import { createRoomWatch, type RoomWatch } from './room-watch.ts'
import { checkpointer, endSessions, resumeSessions } from './sleep.ts'
import { createSleepWatch } from './sleep-watch.ts'
import { TownError } from './town-error.ts'
import { openWorld, type World } from './world.ts'

/** How long somebody else may have the town open before the daemon gives up, ms. */
const BUSY_MS = 5_000
const BUSY_LOOK_MS = 20

export interface Daemon {
  /** Ends the daemon alone. */
  stop(): Promise<void>
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>
}

/** @param http where to listen on TCP; empty: any free port; `off`: no more. Absent: as before. */
export async function startDaemon(
  dir: string,
  operatorEnv: NodeJS.ProcessEnv,
  http?: string,
): Promise<Daemon> {
  const files = townFiles(dir)
  const identity = readIdentity(dir)
  const startHost = async () => {
    await ensureHost(dir, { node: process.execPath, entry: entry('../pty/host') })
  }
  await startHost()

  // Effects begin when the world is there; a restart finds some of them open already.
  const worldReady = Promise.withResolvers<Carrier>()
  const perform = performWith(() => carrier as Carrier)
  let carrier: Carrier | undefined
  // What an agent has some seconds for (to end after `gt done`) it must be able to do: a `gt` that the daemon before us
  // did not answer is answered when we listen.
  const listens = Promise.withResolvers<void>()
  const boot = createBootWatch({
    clock: machineClock,
    elapsed: () => performance.now(),
    dispatch: () => town.projections.dispatch.rows,
    onTrouble: (code, message) => town.trouble(code, message),
  })
  const town = await openWhenFree(
    dir,
    async (effect) => {
      await worldReady.promise
      return perform(effect)
    },
    listens.promise,
    boot,
  )

  const program = runningProgram(dir)
  const bin = binFolder(dir, program)
  const world = await openWorld({
    townDir: dir,
    townId: identity.townId,
    workerCommand: [process.execPath, entry('../git/worker'), dir],
    workerEnv: workerEnvironment(operatorEnv, bin),
    ensureHost: startHost,
    withLogClosed: (between) => town.system.pause(between),
    onTrouble: town.trouble,
  })
  const transcripts = createTranscripts({
    system: town.system,
    sessionsOf: (agent) => sessionsOf(town.projections.sessions.rows, agent),
    presets,
    prices: town.prices,
    onTrouble: town.trouble,
  })
  const brakes = createBrakes({
    system: town.system,
    projections: town.projections,
    clock: machineClock,
    checkpoint: checkpointer({ town, world }),
    onTrouble: town.trouble,
  })
  const handoffs = createHandoffs({
    system: town.system,
    repositories: world.repositories,
    presets,
    onTrouble: town.trouble,
  })
  const keeper = createKeeper({
    system: town.system,
    repositories: world.repositories,
    clock: machineClock,
    onTrouble: town.trouble,
  })
  const room = createRoomWatch(town)
  const sleepWatch = createSleepWatch({
    system: town.system,
    elapsed: () => performance.now(),
    trouble: town.trouble,
  })
  town.onRecord((record) => {
    sleepWatch.record(record)
    room.record(record)
    keeper.record(record)
    transcripts.record(record)
    brakes.record(record)
    handoffs.record(record)
    boot.record(record)
  })
  carrier = {
    dir,
    townId: identity.townId,
    owner: town.projections.town.rows.town.owner ?? { name: OVERSEER, email: `${OVERSEER}@localhost` },
    system: town.system,
    projections: town.projections,
    log: town.log,
    tokens: town.tokens,
    terminals: world.terminals,
    presets,
    priceOf: town.prices.of,
    transcripts,
    repositoriesFor: world.repositoriesFor,
    forgeFor: world.forgeFor,
    noticesFor: world.noticesFor,
    operatorEnv,
    bin,
  }

  const hearing = createHearing({
    dir,
    system: town.system,
    clock: machineClock,
    ids: machineIds,
    presets,
    onTrouble: town.trouble,
  })
  hearing.watch(world.terminals)
  const adoption = createAdoption({
    dir,
    system: town.system,
    terminals: world.terminals,
    hearing,
    transcripts,
    onTrouble: town.trouble,
  })
  world.onHostReplaced(() => {
    adoption.reconcile().catch((error: unknown) => town.trouble('NOT_RECONCILED', String(error)))
  })
  await begin(town, adoption)
  worldReady.resolve(carrier)
  await brakes.begin()
  handoffs.begin()
  boot.begin(town.system)
  const daemon = await serve({
    dir,
    town,
    world,
    hearing,
    brakes,
    boot,
    room,
    files,
    program,
    operatorEnv,
    http,
  })
  listens.resolve()
  return daemon
}

/** A command may have the town open for a moment, and so may a daemon that was killed just now. */
async function openWhenFree(
  dir: string,
  perform: Perform,
  timersFrom: Promise<void>,
  watch: Watch,
): Promise<OpenTown> {
  for (let waited = 0; ; waited += BUSY_LOOK_MS) {
    try {
      return await openTown(dir, perform, timersFrom, watch)
    } catch (error) {
      if (!(error instanceof TownError) || error.code !== 'TOWN_BUSY' || waited >= BUSY_MS) throw error
      await sleep(BUSY_LOOK_MS)
    }
  }
}

/** Notes the start, and finds the sessions that went on without us. */
async function begin(town: OpenTown, adoption: Adoption): Promise<void> {
  const downMs = town.system.openedAfterMs
  await town.system.take({
    id: `start.${town.system.seq}.${process.pid}`,
    by: OVERSEER,
    messages: [
      { to: TOWN, message: { type: 'town.start', version: VERSION, downMs } },
      { to: DEACON, message: { type: 'deacon.townStarted' } },
    ],
  })
  await adoption.reconcile()
  await resumeSessions(town.system)
}

async function serve(parts: {
  readonly dir: string
  readonly town: OpenTown
  readonly world: World
  readonly hearing: TownHearing
  readonly brakes: Brakes
  readonly room: RoomWatch
  readonly boot: BootWatch
  readonly files: ReturnType<typeof townFiles>
  readonly program: Program
  readonly operatorEnv: NodeJS.ProcessEnv
  readonly http: string | undefined
}): Promise<Daemon> {
  const { dir, town, world, hearing, brakes, boot, room, files, program, operatorEnv, http } = parts
  const ended = Promise.withResolvers<void>()
  const startedAt = new Date().toISOString()
  const recoveredMs = Math.round(performance.now())
  const daemon = { pid: process.pid, startedAt, version: VERSION, recoveredMs, program: program.digest }
  const past = createPast({ log: town.log, dir, name: town.identity.name, townId: town.identity.townId })
  town.onRecord(past.recorded)
  town.onRecord(town.checkpoints.recorded)
  const jobs = createJobs({ log: town.log, dir, name: town.identity.name, townId: town.identity.townId })
  let server: ReturnType<typeof createServer> | undefined
  let stopping: Promise<void> | undefined

  const stop = (everything: boolean): Promise<void> => {
    stopping ??= (async () => {
      await server?.close()
      await web.close()
      await jobs.close()
      rmSync(files.socket, { force: true })
      brakes.close()
      room.close()
      boot.close()
      await hearing.close()
      // From here on no answer is taken, so what is cut now is asked for again at the next start.
      await town.system.close()
      // Each record may begin it.
      await past.close()
      if (everything) await world.end()
      else await world.leave()
      await town.close()
      rmSync(files.daemonPid, { force: true })
      ended.resolve()
    })()
    return stopping
  }

  const closed = handleOf(town, operatorEnv)
  const web = createTownWeb(dir, {
    ...closed,
    app: () => listening,
    onTrouble: town.trouble,
  })
  const handle: TownHandle = {
    ...closed,
    web,
    past,
    ...longJobs(town, jobs, past.close, past.keep),
    repositories: world.repositories,
    terminals: world.terminals,
    hearing,
    lookAtDisk: room.look,
    daemon,
    async shutDown() {
      await endSessions({ town, world })
      await town.system.take({
        id: `stop.${town.system.seq}.${process.pid}`,
        by: OVERSEER,
        messages: [{ to: TOWN, message: { type: 'town.stop', reason: 'gt down' } }],
      })
      // After the answer has left.
      setImmediate(() => void stop(true))
    },
  }
  const listening = createServer(handle)
  server = listening
  // The log's lock says that no other daemon lives, so a socket that lies there is a dead one's.
  rmSync(files.socket, { force: true })
  await listening.listen({ path: files.socket })
  // It lies in a folder that others do not enter. A umask would also be that of whatever is made meanwhile.
  chmodSync(files.socket, 0o600)
  writeDaemonFile(dir, daemon)
  await web.resume(http)
  void tidyLog(town)
  return { stop: () => stop(false), ended: ended.promise }
}

/** Seals what can be sealed; then checks what no start has checked, for a start looks at the tail alone. */
async function tidyLog(town: OpenTown): Promise<void> {
  try {
    await town.log.seal()
    const { problems } = await town.log.verify()
    for (const { seq, message } of problems)
      town.trouble('LOG_DAMAGED', seq === 0 ? message : `Record ${seq}: ${message}`)
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== 'LOG_CLOSED')
      town.trouble('LOG_NOT_CHECKED', String(error))
  }
}

/** The worker speaks to the operator's remotes, so it has the logins that agents do not get. */
function workerEnvironment(operator: NodeJS.ProcessEnv, bin: string): Record<string, string> {
  const allow = [
    'SSH_AUTH_SOCK',
    'SSH_AGENT_PID',
    'XDG_CONFIG_HOME',
    'GIT_SSH_COMMAND',
    'GIT_SSH',
    'DBUS_SESSION_BUS_ADDRESS',
    // For the forge; programs that the worker starts get none of its environment.
    'GITHUB_TOKEN',
    'NODE_COMPILE_CACHE',
  ]
  return baseEnvironment(operator, { allow, bin, tmp: operator.TMPDIR ?? '/tmp' })
}
