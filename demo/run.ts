// The main job, from `gt install` to seven landed beads, with two kills in between: `npm run demo`.
//
// Owns:      a temporary folder, which stays; the order of the acts.
// Does not:  schedule work or wait for landings (gt does), nor import anything of src/: it uses `gt` commands only.
// Always:    ends with the town down and no process of it left; exit code 0 only if every claim came true.

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killDaemon, killPolecat } from './acts/kills.ts'
import { lineTeller, seeLandings } from './acts/landings.ts'
import { handOver, openTown } from './acts/opening.ts'
import { flipOneBit, lookBack, replayAll } from './acts/past.ts'
import { type Gt, gtIn } from './gt.ts'
import { processesOf } from './left-behind.ts'
import { momentsOf } from './moments.ts'
import { optionsOf } from './options.ts'
import { buildPackage, clonePersons } from './repositories.ts'
import { lastScreen, type Outcome } from './screen.ts'
import { claim, type Stage, type Status } from './stage.ts'
import { createTeller } from './teller.ts'
import { ANY_WORK } from './work/any-work.ts'
import { PACKAGE_WORK } from './work/package-work.ts'

/** Longest folder of temporary files whose paths still fit on the last screen. */
const TMP_CHARS_MAX = 24

const { seed, repo } = readOptions()
const teller = createTeller()
teller.plain(`gt demo, seed ${seed} (npm run demo -- --seed ${seed} is the same again)`)
const tmp = tmpdir().length <= TMP_CHARS_MAX ? tmpdir() : '/tmp'
const folder = mkdtempSync(join(tmp, 'gt-demo-'))
const dir = join(folder, 'town')
const gt = gtIn(folder)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void end(gt).then(() => process.exit(130)))
}

try {
  const works = repo === null ? PACKAGE_WORK : ANY_WORK
  const slow = works.find(({ killed }) => killed)
  const stage: Stage = {
    folder,
    dir,
    gt,
    teller,
    works,
    moments: momentsOf(seed, slow?.steps.length ?? 0),
    repository: repo === null ? buildPackage(folder) : clonePersons(folder, repo),
  }
  const outcome = await play(stage)
  teller.plain('')
  for (const line of lastScreen(stage, seed, outcome)) teller.plain(line)
} catch (error) {
  await end(gt)
  const reason = error instanceof Error ? error.message : String(error)
  teller.plain(`\nThe demo failed (seed ${seed}): ${reason}`)
  teller.plain(`Its town stays in ${dir}; this line removes it: rm -rf ${folder}`)
  process.exitCode = 1
}

async function play(stage: Stage): Promise<Outcome> {
  await openTown(stage)
  const slung = await handOver(stage, lineTeller(teller))
  try {
    const daemon = await killDaemon(slung)
    const polecat = await killPolecat(slung)
    const landed = await seeLandings(slung)
    await slung.feed.stop()
    await lookBack(slung, daemon)
    const replayed = await replayAll(slung)
    const { town } = await gt<Status>('status')
    await gt('down')
    await flipOneBit(slung)
    const left = processesOf(dir, town.id)
    claim(left.length === 0, `No process of the town should be left, but these are: ${left.join(', ')}.`)
    return { daemon, polecat, landed, replayed }
  } finally {
    await slung.feed.stop()
  }
}

/** Whatever happened: the town is down afterwards, as far as it was ever up. */
async function end(town: Gt): Promise<void> {
  await town('down').catch(() => undefined)
}

function readOptions(): ReturnType<typeof optionsOf> {
  try {
    return optionsOf(process.argv.slice(2))
  } catch (error) {
    console.error(`demo: ${error instanceof Error ? error.message : String(error)}`)
    console.error('      npm run demo -- [--seed N] [--repo PATH]')
    process.exit(2)
  }
}
