// Opens a town's log and everything that is folded from it.
//
// Owns:      the order: log, projections, system; and closing in reverse.
// Does not:  start a process, listen, or reach the world: that is the daemon's (daemon.ts).

import { rmSync } from 'node:fs'
import { type EventLog, LogError, openLog } from '../../eventlog/index.ts'
import { machineAt } from '../actors/index.ts'
import type { TownHandle } from '../api/town.ts'
import { masker } from '../events/mask.ts'
import type { LogRecord } from '../events/record.ts'
import { secretValues } from '../events/secrets.ts'
import { applyAll, applyMany, createProjections, type Projections } from '../projections/index.ts'
import { presets } from '../pty/presets/index.ts'
import { openSystem } from '../system/system.ts'
import type { Perform, System, Watch } from '../system/types.ts'
import { readTokens, type Tokens } from './access/tokens.ts'
import { lookUpRuntime } from './agents/runtimes.ts'
import { readCheckpoint, WORTH_RECORDS, writeCheckpoint } from './checkpoint/checkpoint.ts'
import { createRenewals, type Renewals } from './checkpoint/renewals.ts'
import { machineClock, machineIds } from './clock.ts'
import { sessionFiles, townFiles } from './files.ts'
import { type Identity, readIdentity } from './identity.ts'
import { backUpBeforeFirstRecord, backUpLog, backupsOf } from './logs/backups.ts'
import { createParked } from './parked.ts'
import { pastHere } from './past/here.ts'
import { longJobs } from './past/long-jobs.ts'
import { openPrices, type TownPrices } from './prices/prices.ts'
import { createRoomWatch } from './room-watch.ts'
import { TownError } from './town-error.ts'

export type Trouble = { readonly at: string; readonly code: string; readonly message: string }

export interface OpenTown {
  readonly dir: string
  readonly identity: Identity
  readonly tokens: Tokens
  readonly log: EventLog
  readonly projections: Projections
  readonly system: System
  readonly prices: TownPrices
  readonly troubles: readonly Trouble[]
  trouble(code: string, message: string): void
  /** Checkpoints while the town is open; nobody makes one who is not told of records. */
  readonly checkpoints: Renewals
  /** What is held is not what the log says: no checkpoint is kept or written, so the next start folds the log. */
  distrust(): void
  /** `listen` is shown every record from now on, once the projections have it; it never throws. */
  onRecord(listen: (record: LogRecord) => void): void
  close(): Promise<void>
}

/** Troubles that are kept to be shown; older ones go first. */
const TROUBLES_MAX = 50

/**
 * Opens the town in `dir`. Without `perform` effects stay open until a daemon carries them out;
 * timers stand still until `timersFrom` resolves.
 * @throws {TownError} TOWN_NOT_FOUND, TOWN_NEWER, TOWN_BUSY, BACKUP_FAILED; {SystemError} TOWN_NEWER, NOT_MIGRATED;
 *   {LogError} LOG_DAMAGED, LOG_NEWER, LOG_MISSING
 */
export async function openTown(
  dir: string,
  perform?: Perform,
  timersFrom?: Promise<void>,
  watch?: Watch,
): Promise<OpenTown> {
  const identity = readIdentity(dir)
  const tokens = readTokens(dir)
  const troubles: Trouble[] = []
  const trouble = (code: string, message: string) => {
    troubles.push({ at: new Date().toISOString(), code, message })
    if (troubles.length > TROUBLES_MAX) troubles.shift()
  }
  const log = await openLog(townFiles(dir).log, {
    // Sealing has stopped, and nobody asked for it: whoever looks at the town hears of it.
    onBackgroundError: (error) =>
      trouble(error instanceof LogError ? error.code : 'LOG_TROUBLE', error.message),
  }).catch((error: unknown) => {
    if (!(error instanceof LogError) || error.code !== 'LOG_LOCKED') throw withBackup(dir, error)
    throw new TownError('TOWN_BUSY', 'Another process has the town open.', error)
  })
  const listeners: ((record: LogRecord) => void)[] = []
  const projections = createProjections()
  const parked = createParked(() => projections.rigs.rows)
  const { checkpoint, oldCheckpoint } = townFiles(dir)
  try {
    rmSync(oldCheckpoint, { force: true })
    const from = await readCheckpoint(checkpoint, log, projections, (known) =>
      trouble(
        'LOG_OLDER',
        `The log ends at record ${log.head.seq}, and this town had come to record ${known}: an older log was put back, or its end is lost.`,
      ),
    )
    const system = await openSystem({
      log,
      ...(from === null ? {} : { from }),
      clock: machineClock,
      machines: machineAt,
      hold: parked.hold,
      ...(perform === undefined ? {} : { perform }),
      ...(timersFrom === undefined ? {} : { timersFrom }),
      ...(watch === undefined ? {} : { watch }),
      beforeFirstRecord: async ({ migrates }) => {
        const { version } = projections.town.rows.town
        await backUpBeforeFirstRecord(dir, { log, version, migrates })
      },
      onRecord(record) {
        applyAll(projections, record)
        parked.record(record)
        for (const listen of listeners) listen(record)
      },
      onOpening(records) {
        applyMany(projections, records)
        for (const record of records) parked.record(record)
      },
      onTrouble: (error) => trouble('LOG_TROUBLE', error.message),
    })
    const seq = from?.seq ?? 0
    const isWorth = system.seq - seq > WORTH_RECORDS
    const made = isWorth && (await madeCheckpoint(checkpoint, { log, system, projections }, trouble))
    const checkpoints = createRenewals({
      log,
      dir: checkpoint,
      seq: made ? system.seq : seq,
      onTrouble: trouble,
    })
    return {
      dir,
      identity,
      tokens,
      log,
      projections,
      system,
      prices: openPrices(dir),
      troubles,
      trouble,
      checkpoints,
      distrust: checkpoints.giveUp,
      onRecord: (listen) => listeners.push(listen),
      async close() {
        await checkpoints.close()
        await system.close()
        await log.close()
      },
    }
  } catch (error) {
    await log.close()
    throw withBackup(dir, error)
  }
}

/** A disk without room for a cache is no reason to stay down. */
async function madeCheckpoint(
  dir: string,
  { log, system, projections }: Pick<OpenTown, 'log' | 'system' | 'projections'>,
  trouble: OpenTown['trouble'],
): Promise<boolean> {
  try {
    return (await writeCheckpoint(dir, { log, system: system.state(), projections })) > 0
  } catch (error) {
    trouble('NO_CHECKPOINT', `No checkpoint was made: ${String(error)}`)
    return false
  }
}

/** What a newer version wrote is refused; a person may go on with the copy that was made before it wrote. */
function withBackup(dir: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const { code } = error
  if (code !== 'TOWN_NEWER' && code !== 'LOG_NEWER') return error
  const last = backupsOf(dir).at(-1)
  const message = `${error.message} ${
    last === undefined
      ? `There is no backup of before in ${townFiles(dir).backups}.`
      : `The log as version ${last.version ?? 'unknown'} left it, up to record ${last.seq}, is in ${last.dir}.`
  }`
  return code === 'LOG_NEWER'
    ? new LogError('LOG_NEWER', message, { cause: error })
    : new TownError('TOWN_NEWER', message, error)
}

/** A town as the routes see it. What needs a daemon is null. `env` is the operator's. */
export function handleOf(town: OpenTown, env: NodeJS.ProcessEnv = process.env): TownHandle {
  const here = pastHere(
    {
      dir: town.dir,
      name: town.identity.name,
      townId: town.identity.townId,
      log: town.log,
      priceOf: (usage) => town.prices.of(usage),
    },
    { keeps: true },
  )
  return {
    dir: town.dir,
    name: town.identity.name,
    townId: town.identity.townId,
    system: town.system,
    projections: town.projections,
    log: town.log,
    clock: machineClock,
    ids: machineIds,
    repositories: null,
    terminals: null,
    presets,
    findRuntime: (wanted) => lookUpRuntime(presets, wanted, env),
    recallRecording: async (session) => (await import('./effects/cleaning.ts')).takeBack(town.dir, session),
    recordedLines: async (session, lines, until) =>
      (await import('../pty/recorded.ts')).recordedLines(
        sessionFiles(town.dir, session).recording,
        lines,
        until,
      ),
    masker: masker(secretValues(env)),
    priceOf(usage) {
      town.prices.refresh()
      return town.prices.of(usage)
    },
    hearing: null,
    authenticate: (token) => town.tokens.authenticate(token),
    tokens: town.tokens.issued,
    web: null,
    daemon: null,
    shutDown: () => Promise.resolve(),
    ...longJobs(town, here, here.close),
    backUp: (to) =>
      backUpLog(town.dir, { log: town.log, version: town.projections.town.rows.town.version, to }),
    async lookAtDisk() {
      const room = createRoomWatch(town)
      await room.look()
      room.close()
    },
    past: here.past,
    troubles() {
      // A person who has just written the table looks here whether it fits.
      town.prices.refresh()
      const { problem } = town.prices
      return problem === null ? town.troubles : [...town.troubles, problem]
    },
  }
}
