// `npm run bench [-- name…]`: the figures that the README quotes, as ratios or differences within one run.

import { asOf } from './asof.ts'
import { commandStart } from './command-start.ts'
import { flood, memory } from './crowd.ts'
import { delivery } from './delivery.ts'
import { doneToLanded } from './done-to-landed.ts'
import { hookPost } from './hook-post.ts'
import { idle } from './idle.ts'
import { manyCallers, openLoop } from './log-append.ts'
import { durableAppend, sealedRead, tailRead } from './log-read.ts'
import { replayAll } from './log-replay.ts'
import { sealedSize } from './log-size.ts'
import { verifyBeside } from './log-verify.ts'
import { aheadQueue, mergeQueue } from './merge-queue.ts'
import { queueDisk, queueLarge, queueOverhead } from './queue-overhead.ts'
import { readopt } from './readopt.ts'
import { slingToStart } from './sling-to-start.ts'
import { type Figure, show } from './stats.ts'
import { deafAgent, spawnTerminal, typeAndSee } from './terminals.ts'
import { quickUp } from './up.ts'

const BENCHES: Readonly<Record<string, () => Promise<Figure>>> = {
  hook: commandStart,
  post: hookPost,
  sling: slingToStart,
  done: doneToLanded,
  queue: mergeQueue,
  'mq-overhead': queueOverhead,
  'mq-large': queueLarge,
  'mq-disk': queueDisk,
  ahead: aheadQueue,
  see: typeAndSee,
  spawn: spawnTerminal,
  deaf: deafAgent,
  memory,
  flood: () => flood(Number(process.env.FLOOD_SECONDS ?? 30)),
  readopt,
  delivery,
  append: () => durableAppend(),
  callers: manyCallers,
  arrivals: openLoop,
  read: () => sealedRead(),
  tail: () => tailRead(),
  replay: replayAll,
  asof: asOf,
  size: sealedSize,
  verify: verifyBeside,
  up: quickUp,
  idle: () => idle(Number(process.env.IDLE_MINUTES ?? 5)),
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !Object.hasOwn(BENCHES, name))
if (unknown.length > 0) {
  process.stderr.write(
    `bench: there is no ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}\n`,
  )
  process.exit(2)
}
let allHold = true
for (const [name, bench] of Object.entries(BENCHES)) {
  if (wanted.length === 0 || wanted.includes(name)) allHold = show([await bench()]) && allHold
}
process.exit(allHold ? 0 : 1)
