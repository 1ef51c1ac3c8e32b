// The long forms of the tests of damage: `npm run damage -- [--flips N] [--sweep] [--disk N]`, all of them when nothing is said.
//
//   --flips N   so many flipped bits, one at a time (10,000)
//   --sweep     kills and failures at every call that a process of the log makes (strace); --points N: at N of them
//   --disk N    so many rounds of a full disk, and files that may not grow (200; root)
//   --seed S    other bits and other moments
//   --point P   one point of the sweep again, e.g. log:write:9:kill
//
// Ends with one line for each, and with 1 if anything was lost, doubled or not noticed.

import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seeded } from '../../support/seeded.ts'
import { fillAndFree, smallDisk, writeWithLimit } from './disk.ts'
import { flipBits } from './flips.ts'
import { makeSoundLog, type SoundLog, scratchFolder } from './sound-log.ts'
import { straceHere } from './strace.ts'
import { type Blow, countCalls, nameOf, type Outcome, type Point, pointOf, strike } from './sweep.ts'

/** Strikes that are under way at once. */
const AT_ONCE = 2
/** A failure at a later call of a kind tells nothing new. */
const FAILURES_MAX: Readonly<Record<Exclude<Blow, 'kill'>, number>> = { EIO: 50, 'EIO-EIO': 12, ENOSPC: 12 }
const SAY_MS = 10_000

const { values } = parseArgs({
  options: {
    flips: { type: 'string' },
    sweep: { type: 'boolean', default: false },
    disk: { type: 'string' },
    point: { type: 'string', multiple: true },
    points: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
})
const all =
  values.flips === undefined && !values.sweep && values.disk === undefined && values.point === undefined
const seed = Number(values.seed)

const root = await scratchFolder()
process.env.TMPDIR = root
let failures = 0
try {
  if (values.point !== undefined) await sweep(values.point.map(pointOf))
  if (all || values.flips !== undefined) await flips(Number(values.flips ?? 10_000))
  if (all || values.sweep) await sweep()
  if (all || values.disk !== undefined) await disk(Number(values.disk ?? 200))
} finally {
  await rm(root, { recursive: true, force: true })
}
process.exitCode = failures === 0 ? 0 : 1

async function flips(count: number): Promise<void> {
  const sound = await makeSoundLog(join(root, 'log'), 1024, 100, 512)
  const say = teller()
  const found = await flipBits(sound, root, {
    flips: count,
    seed,
    onFlip: (done) => say(`flips: ${done} of ${count}`),
  })
  for (const one of found.undetected) console.log(`UNDETECTED ${one}`)
  failures += found.undetected.length
  console.log(
    `flips: ${count} bits, seed ${seed}: ${found.named} named, ${found.harmless} of no consequence, ${found.undetected.length} undetected`,
  )
  await rm(sound.dir, { recursive: true })
}

async function sweep(only?: readonly Point[]): Promise<void> {
  if (!straceHere()) return
  const sound = await makeSoundLog(join(root, 'log'), 0, 500)
  const points = only ?? inAnyOrder(await allPoints(sound)).slice(0, Number(values.points ?? 1e9))
  const rest = [...points]
  const outcomes: Outcome[] = []
  const say = teller()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, n) => {
      const scratch = join(root, `lane-${n}`)
      await mkdir(scratch)
      for (let point = rest.pop(); point !== undefined; point = rest.pop()) {
        const outcome = await strike(sound, scratch, point, 'whole')
        outcomes.push(outcome)
        if (outcome.wrong !== undefined) console.log(`WRONG ${nameOf(point)}: ${outcome.wrong}`)
        say(`sweep: ${outcomes.length} of ${points.length}`)
      }
    }),
  )
  const wrong = outcomes.filter((outcome) => outcome.wrong !== undefined).length
  failures += wrong
  for (const blow of new Set(points.map((point) => point.blow))) {
    const some = outcomes.filter(({ point }) => point.blow === blow)
    const struck = some.filter((outcome) => outcome.struck).length
    const bad = some.filter((outcome) => outcome.wrong !== undefined).length
    console.log(
      `sweep: ${blow} at ${some.length} points, ${struck} struck: ${bad} with something lost, doubled or misnamed`,
    )
  }
  await rm(sound.dir, { recursive: true })
}

async function allPoints(sound: SoundLog): Promise<Point[]> {
  const counted = await countCalls(sound, root, 'whole')
  const blows: readonly Blow[] = ['kill', 'EIO', 'EIO-EIO', 'ENOSPC']
  return counted.flatMap(({ group, call, count }) =>
    blows.flatMap((blow) => {
      const last = blow === 'kill' ? count : Math.min(count, FAILURES_MAX[blow])
      return Array.from({ length: last }, (_, n) => ({ group, call, n: n + 1, blow }))
    }),
  )
}

/** So that a part of them tells of all kinds. */
function inAnyOrder(points: readonly Point[]): Point[] {
  const random = seeded(seed)
  return points
    .map((point) => ({ point, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ point }) => point)
}

async function disk(rounds: number): Promise<void> {
  const sound = await makeSoundLog(join(root, 'log'), 0, 500)
  const say = teller()
  let wrong = 0
  let limited = 0
  for (let blocks = 52; blocks < 400; blocks += 29) {
    limited += 1
    const round = await writeWithLimit(sound, root, blocks, 10_000)
    if (round.wrong !== undefined) wrong += 1
    if (round.wrong !== undefined) console.log(`WRONG files of at most ${blocks} KB: ${round.wrong}`)
  }
  console.log(`disk: ${limited} limits of file size: ${wrong} with something lost or doubled`)
  failures += wrong
  const small = await smallDisk(root)
  if (small === null) return
  try {
    wrong = 0
    let slowest = 0
    for (let round = 1; round <= rounds; round += 1) {
      const outcome = await fillAndFree(small, sound, root, seed * 100_000 + round)
      if (outcome.wrong !== undefined) {
        wrong += 1
        console.log(`WRONG round ${round}: ${outcome.wrong}`)
      } else slowest = Math.max(slowest, outcome.backMs)
      await rm(join(small.path, 'log'), { recursive: true, force: true })
      say(`disk: ${round} of ${rounds}`)
    }
    failures += wrong
    console.log(
      `disk: ${rounds} rounds of a full disk: ${wrong} with something lost or doubled; back after ${Math.round(slowest)} ms at most`,
    )
  } finally {
    await small.remove()
    await rm(sound.dir, { recursive: true })
  }
}

function teller(): (text: string) => void {
  let said = performance.now()
  return (text) => {
    if (performance.now() - said < SAY_MS) return
    said = performance.now()
    console.log(text)
  }
}
