// What can be saved of a damaged log, in a folder beside it.
//
// Owns:      where the repaired log and the records behind the damage are put, and saying how to go on.
// Always:    not a byte of the damaged log changes, and nothing is put in its place: a person does that.

import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { LogError, type RepairReport, repairLog } from '../../../eventlog/index.ts'
import { townFiles } from '../files.ts'
import { TownError } from '../town-error.ts'
import { logFolder } from './look.ts'

export type Repaired = RepairReport & {
  /** The log that was looked at; it is as it was. */
  readonly from: string
  /** The repaired log. */
  readonly log: string
  /** Readable records behind the first that is lost, as lines; null when there are none. */
  readonly behindFile: string | null
  /** What to type, in order, to go on with the repaired log; empty when it was no town's own. */
  readonly steps: readonly string[]
}

/**
 * Repairs the log of the town in `dir`, or the copy of one there, into `into` (empty or not there); for a town the
 * default is a new folder in its `.gt`.
 * @throws {TownError} TOWN_UP, FOLDER_NOT_EMPTY; {LogError} LOG_MISSING, LOG_NEWER, LOG_DAMAGED
 */
export async function repairLogIn(dir: string, into: string | null): Promise<Repaired> {
  const from = logFolder(dir)
  const files = townFiles(resolve(dir))
  const isTown = from === files.log
  const place = resolve(into ?? freePlace(isTown ? join(files.own, 'repaired') : `${resolve(dir)}.repaired`))
  if (existsSync(place) && readdirSync(place).length > 0)
    throw new TownError(
      'FOLDER_NOT_EMPTY',
      `${place} is not empty, and a repaired log needs a folder of its own.`,
    )
  mkdirSync(place, { recursive: true, mode: 0o700 })
  const behindFile = join(place, 'behind.ndjson')
  const log = join(place, 'log')
  let behind: number | undefined
  try {
    const report = await repairLog(from, log, {
      onBehind({ line }) {
        behind ??= openSync(behindFile, 'wx', 0o600)
        writeSync(behind, `${line}\n`)
      },
    })
    return {
      from,
      log,
      ...report,
      behindFile: behind === undefined ? null : behindFile,
      steps: isTown ? steps(files, log) : [],
    }
  } catch (error) {
    rmSync(place, { recursive: true, force: true })
    if (error instanceof LogError && error.code === 'LOG_LOCKED')
      throw new TownError('TOWN_UP', 'The log is open: end the town first, then repair its log.', error)
    throw error
  } finally {
    if (behind !== undefined) closeSync(behind)
  }
}

/** Checkpoints know the log by its chain, which may be longer than what was saved. */
const steps = ({ log, checkpoint, past }: ReturnType<typeof townFiles>, repaired: string): string[] => [
  'gt down',
  `mv ${word(log)} ${word(freePlace(`${log}.damaged`))}`,
  `mv ${word(repaired)} ${word(log)}`,
  `rm -rf ${word(checkpoint)} ${word(past)}`,
  'gt log verify',
  'gt up',
]

const word = (path: string): string =>
  /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`

function freePlace(wanted: string): string {
  for (let n = 1; ; n += 1) {
    const free = n === 1 ? wanted : `${wanted}-${n}`
    if (!existsSync(free)) return free
  }
}
