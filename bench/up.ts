// From `gt up` to the first answered `gt status`, with a long log and with a short one; and what checkpoints take.
//
// The records are the corpus's, in a town that was made for it and told to stop everybody, so that nothing begins there.
// Programs of agents are not found on purpose: what the records say of sessions is settled by the first start, which is not
// counted.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { OVERSEER, TOWN } from '../src/events/address.ts'
import { RENEWED_EVERY } from '../src/town/checkpoint/renewals.ts'
import { townFiles } from '../src/town/files.ts'
import { installTown } from '../src/town/install.ts'
import { openTown } from '../src/town/open.ts'
import { corpus } from './corpus/cache.ts'
import { fileSystemOf } from './log-disk.ts'
import { type Figure, median, ms } from './stats.ts'
import { GT } from './town.ts'

const RECORDS = Number(process.env.CORPUS_RECORDS ?? 1_000_000)
const SHORT = 1_000
const SEED = 1
const RUNS = 3

const UP_MAX = 2_000
/** Of what a short log takes, besides loading the checkpoint. */
const GROWTH_MAX = 1.5
/** Of the NDJSON. */
const SIZE_MAX = 1 / 8
/** How long the loop may be held while a checkpoint is made, ms. */
const DELAY_P99_MAX = 20

export async function quickUp(): Promise<Figure> {
  const root = mkdtempSync(join(tmpdir(), 'gtu-'))
  try {
    const long = await prepared(join(root, 'long'), RECORDS)
    const short = await prepared(join(root, 'short'), SHORT)
    const took = { long: [] as number[], short: [] as number[], load: [] as number[] }
    for (let n = 0; n <= RUNS; n += 1) {
      // The first of each finds sessions that are gone.
      const [first, second] = [upAndDown(short.dir), upAndDown(long.dir)]
      if (n === 0) continue
      took.short.push(first)
      took.long.push(second)
      took.load.push(loads(long.dir))
    }
    const [up, least, load] = [median(took.long), median(took.short), median(took.load)]
    const most = GROWTH_MAX * least + load
    const share = long.checkpointBytes / long.ndjsonBytes
    return {
      name: `gt up to the first answered gt status at ${RECORDS} records`,
      found: `${ms(up)}; a checkpoint of 1/${(1 / share).toFixed(0)} of the NDJSON; the loop held ${ms(long.delayP99)} at p99 while it is renewed in ${ms(long.renewedIn)}`,
      peer: `${ms(least)} at ${SHORT} records, ${ms(load)} to load the checkpoint, median of ${RUNS} in turns, on ${fileSystemOf(root)}; load ${(loadavg()[0] ?? 0).toFixed(1)}`,
      asked: `under ${UP_MAX} ms and ${ms(most)} (${GROWTH_MAX} times that and the loading), under 1/${1 / SIZE_MAX} of the NDJSON, under ${DELAY_P99_MAX} ms`,
      holds: up < UP_MAX && up <= most && share < SIZE_MAX && long.delayP99 < DELAY_P99_MAX,
    }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** A town with the corpus in its log, a checkpoint of it, and everybody stopped. */
async function prepared(dir: string, records: number) {
  const { ndjson, log } = await corpus({ records, seed: SEED })
  await installTown({
    dir,
    name: 'bench',
    owner: { name: 'Bench', email: 'bench@localhost' },
    settings: {},
  })
  const files = townFiles(dir)
  rmSync(files.log, { recursive: true })
  cpSync(log, files.log, { recursive: true })
  const town = await openTown(dir)
  town.onRecord(town.checkpoints.recorded)
  await town.system.take({
    id: 'bench.stop',
    by: OVERSEER,
    messages: [{ to: TOWN, message: { type: 'town.estop', reason: 'bench' } }],
  })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  let renewedIn = 0
  if (records >= RENEWED_EVERY) {
    const messages = Array.from({ length: RENEWED_EVERY }, (_, n) => ({
      to: TOWN,
      message: { type: 'town.set', key: 'domain', value: `d${n}.example.org` },
    }))
    await town.system.take({ id: 'bench.grow', by: OVERSEER, messages })
    // What the turn itself took is not counted.
    delay.enable()
    const begun = performance.now()
    await town.checkpoints.idle()
    renewedIn = performance.now() - begun
    delay.disable()
  }
  await town.close()
  return {
    dir,
    renewedIn,
    delayP99: delay.percentile(99) / 1e6,
    checkpointBytes: sizeOf(files.checkpoint),
    ndjsonBytes: statSync(ndjson).size,
  }
}

/** ms from `gt up` to the answer of `gt status`. */
function upAndDown(dir: string): number {
  const begun = performance.now()
  gt(dir, 'up')
  gt(dir, 'status', '--json')
  const took = performance.now() - begun
  gt(dir, 'down')
  return took
}

function gt(dir: string, ...args: string[]): void {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GT_')))
  const done = spawnSync(GT, ['--town', dir, ...args], {
    env: { ...env, PATH: '/usr/bin:/bin' },
    encoding: 'utf8',
  })
  // `gt status` ends with 1 when something waits for a person.
  if (done.status !== 0 && !(done.status === 1 && args[0] === 'status'))
    throw new Error(`gt ${args.join(' ')}: ${done.stderr}`)
}

/** ms that a process which has just begun needs to load the checkpoint. */
function loads(dir: string): number {
  const script = join(import.meta.dirname, 'up-load.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, dir], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`The checkpoint of ${dir}: ${stderr}`)
  return Number(stdout)
}

/** A short log has no checkpoint. */
const sizeOf = (folder: string): number =>
  existsSync(folder)
    ? readdirSync(folder).reduce((bytes, name) => bytes + statSync(join(folder, name)).size, 0)
    : 0
