// The acts of the demo, in their order.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killDaemon, killPolecat } from './acts/kills.ts'
import { lineTeller, seeLandings } from './acts/landings.ts'
import { handOver, openTown } from './acts/opening.ts'
import { flipOneBit, lookBack, replayAll } from './acts/past.ts'
import { type Gt, gtIn } from './gt.ts'
import { processesOf } from './left-behind.ts'
import { momentsOf } from './moments.ts'
import type { Options } from './options.ts'
import { buildPackage, clonePersons } from './repositories.ts'
import { lastScreen, type Outcome } from './screen.ts'
import { claim, type Stage, type Status } from './stage.ts'
import type { Teller } from './teller.ts'
import { ANY_WORK } from './work/any-work.ts'
import { PACKAGE_WORK } from './work/package-work.ts'

/** Longest folder of temporary files whose paths still fit on the last screen. */
const TMP_CHARS_MAX = 24

/** Plays everything, and resolves with the exit code. The town is down afterwards, and its folder stays. */
export async function playDemo({ seed, repo }: Options, teller: Teller): Promise<number> {
  const folder = mkdtempSync(join(tmpdir().length <= TMP_CHARS_MAX ? tmpdir() : '/tmp', 'gt-demo-'))
  const dir = join(folder, 'town')
  const gt = gtIn(folder)
  const down = async (): Promise<void> => {
    await gt.abandon()
    if (existsSync(dir)) await bringDown(gtIn(folder))
  }
  let interrupted = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interrupted = true
      void down().then(() => process.exit(130))
    })
  }
  try {
    const works = repo === null ? PACKAGE_WORK : ANY_WORK
    const stepsOfKilled = works.find(({ killed }) => killed)?.steps.length ?? 0
    const stage: Stage = {
      folder,
      dir,
      gt,
      teller,
      works,
      moments: momentsOf(seed, stepsOfKilled),
      repository: repo === null ? buildPackage(folder) : clonePersons(folder, repo),
    }
    const outcome = await play(stage)
    teller.plain('')
    for (const line of lastScreen(stage, seed, outcome)) teller.plain(line)
    return 0
  } catch (error) {
    // Then the signal's own way out is taken.
    if (interrupted) return 130
    await down()
    const reason = error instanceof Error ? error.message : String(error)
    teller.plain(`\nThe demo failed (seed ${seed}): ${reason}`)
    if (existsSync(dir)) teller.plain(`Its town stays in ${dir}; this line removes it:\n    rm -rf ${folder}`)
    else rmSync(folder, { recursive: true })
    return 1
  }
}

/** Also when the daemon is dead and agents are still at work: only a town that is up can end them. */
async function bringDown(gt: Gt): Promise<void> {
  try {
    await gt('down')
  } catch {
    await gt('up')
      .then(() => gt('down'))
      .catch(() => undefined)
  }
}

async function play(stage: Stage): Promise<Outcome> {
  await openTown(stage)
  const slung = await handOver(stage, lineTeller(stage.teller))
  try {
    const daemon = await killDaemon(slung)
    const polecat = await killPolecat(slung)
    const landed = await seeLandings(slung)
    await slung.feed.stop()
    await lookBack(slung, daemon)
    const replayed = await replayAll(slung)
    const { town } = await stage.gt<Status>('status')
    await stage.gt('down')
    await flipOneBit(slung)
    const left = processesOf(stage.dir, town.id)
    claim(left.length === 0, `No process of the town should be left, but these are: ${left.join(', ')}.`)
    return { daemon, polecat, landed, replayed }
  } finally {
    await slung.feed.stop()
  }
}
