// The acts of the demo, in their order.

import { killDaemon, killPolecat } from './acts/kills.ts'
import { lineTeller, seeLandings } from './acts/landings.ts'
import { handOver, openTown } from './acts/opening.ts'
import { flipOneBit, lookBack, replayAll } from './acts/past.ts'
import { claimNoneLeft } from './left-behind.ts'
import { momentsOf } from './moments.ts'
import type { Options } from './options.ts'
import { inOwnFolder } from './own-folder.ts'
import { buildPackage, clonePersons } from './repositories.ts'
import { lastScreen, type Outcome } from './screen.ts'
import type { Stage, Status } from './stage.ts'
import type { Teller } from './teller.ts'
import { ANY_WORK } from './work/any-work.ts'
import { PACKAGE_WORK } from './work/package-work.ts'

/** Plays everything, and resolves with the exit code. The town is down afterwards, and its folder stays. */
export const playDemo = ({ seed, repo }: Options, teller: Teller): Promise<number> =>
  inOwnFolder(teller, `The demo failed (seed ${seed})`, async (own) => {
    const works = repo === null ? PACKAGE_WORK : ANY_WORK
    const stepsOfKilled = works.find(({ killed }) => killed)?.steps.length ?? 0
    const stage: Stage = {
      ...own,
      teller,
      works,
      moments: momentsOf(seed, stepsOfKilled),
      repository: repo === null ? buildPackage(own.folder) : clonePersons(own.folder, repo),
    }
    const outcome = await play(stage)
    teller.plain('')
    for (const line of lastScreen(stage, seed, outcome)) teller.plain(line)
    return 0
  })

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
    claimNoneLeft(stage.dir, town.id)
    return { daemon, polecat, landed, replayed }
  } finally {
    await slung.feed.stop()
  }
}
