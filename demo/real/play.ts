// The demo with the person's own Claude Code: two beads, one kill, and what it cost.
//
// Always:    what it may use up is said before anything is started, and set as the town's budget; the person's own
//            settings are left alone; nothing is asked where nobody sits.

import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { lineTeller } from '../acts/landings.ts'
import { type Feed, followFeed } from '../feed.ts'
import { type Gt, GtRefused } from '../gt.ts'
import { claimNoneLeft } from '../left-behind.ts'
import type { Options } from '../options.ts'
import { inOwnFolder, type OwnFolder } from '../own-folder.ts'
import { buildPackage, landedIn, type Repository } from '../repositories.ts'
import { claim, nameOf, type Status } from '../stage.ts'
import type { Teller } from '../teller.ts'
import { REAL_BEADS } from './beads.ts'
import { type Cost, type RealOutcome, realScreen } from './screen.ts'

/** Models think for as long as they like; beyond this something is wrong. */
const LANDINGS = '20m'
const PATIENCE_MS = 10 * 60_000
/** From the first sign of work to the kill. */
const WORKS_MS = 1_000

/** Plays everything, and resolves with the exit code. The town is down afterwards, and its folder stays. */
export const playReal = ({ capUsd }: Options, teller: Teller): Promise<number> =>
  inOwnFolder(teller, 'The demo failed', async (own) => {
    const { folder, dir, gt } = own
    await gt('install', dir, '--name', 'demo')
    const missing = await whatIsMissing(gt)
    if (missing !== null) {
      console.error(`demo: ${missing}`)
      rmSync(folder, { recursive: true })
      return 2
    }
    teller.plain(`It works with your login and may use up ${capUsd} USD, plus the answer in hand by then.`)
    if (!(await isWanted())) {
      rmSync(folder, { recursive: true })
      return 0
    }
    const repository = buildPackage(folder)
    const outcome = await play({ ...own, teller, repository, capUsd })
    teller.plain('')
    for (const line of realScreen({ folder, dir, repository, seconds: teller.seconds(), capUsd }, outcome))
      teller.plain(line)
    return 0
  })

type Doctor = {
  readonly agents: readonly { readonly name: string; readonly problem: { message: string } | null }[]
}

/** What keeps Claude Code from being started here, in one sentence. */
async function whatIsMissing(gt: Gt): Promise<string | null> {
  const { agents } = await gt<Doctor>('doctor', '--agents').catch((error: unknown) => {
    // Exit code 1 says that something was found; what it was is on stdout.
    if (!(error instanceof GtRefused) || error.stdout === '') throw error
    return JSON.parse(error.stdout) as Doctor
  })
  const claude = agents.find(({ name }) => name === 'claude')
  return claude === undefined ? 'gt knows no Claude Code.' : (claude.problem?.message ?? null)
}

async function isWanted(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return true
  const asking = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await asking.question('Begin? [Y/n] ')
  asking.close()
  return !/^\s*n/i.test(answer)
}

type Real = OwnFolder & {
  readonly teller: Teller
  readonly repository: Repository
  readonly capUsd: number
}

async function play(stage: Real): Promise<RealOutcome> {
  const { dir, gt, teller, repository, capUsd } = stage
  teller.act('A town (folder of all your work), a rig (project), and what may be used up')
  teller.line(repository.sentence)
  await gt('up')
  await gt('rig', 'add', repository.rig, repository.source, '--target', repository.target)
  await gt('config', 'set', 'agents.default', 'claude')
  await gt('budget', 'set', 'town', `${capUsd}usd/total`)
  teller.line(`gt budget set town ${capUsd}usd/total`)

  teller.act('One gt sling hands over two beads (units of work)')
  const beads: string[] = []
  for (const { title, description } of REAL_BEADS) {
    const words = ['bead', 'create', title, '--rig', repository.rig, '--description', description]
    const { id } = await gt<{ id: string }>(...words)
    beads.push(id)
    teller.line(`bead ${id}: ${title}`)
  }
  const tell = lineTeller(teller)
  const feed = followFeed(gt, (item) => {
    tell(item)
    if (item.type === 'DecisionOpened') teller.line(`${item.summary}; \`gt inbox\` there answers it`)
  })
  try {
    await gt('sling', ...beads, repository.rig)
    const killed = await killOne(stage, feed)
    await seeLanded(stage, beads)
    const { total } = await gt<{ total: Cost }>('costs')
    const { verified, records } = await gt<{ verified: boolean; records: number }>('replay', '--verify')
    claim(verified, 'A replay of the log should give the same state.')
    const { town } = await gt<Status>('status')
    await feed.stop()
    await gt('down')
    claimNoneLeft(dir, town.id)
    return { ...killed, records, total }
  } finally {
    await feed.stop()
  }
}

/** One that works dies; its conversation goes on in a new program. */
async function killOne({ gt, teller }: Real, feed: Feed): Promise<{ bead: string; address: string }> {
  const polecat = await firstAtWork(gt)
  await pause(WORKS_MS)
  teller.act(`kill -9 of polecat ${nameOf(polecat.address)}, at work on bead ${polecat.bead}`)
  process.kill(polecat.pid, 'SIGKILL')
  await feed.seen(
    `The new start of bead ${polecat.bead}`,
    ({ bead, type, summary }) =>
      bead === polecat.bead && type === 'BeadStarted' && summary.includes('attempt 2'),
    PATIENCE_MS,
  )
  return polecat
}

type AtWork = { readonly bead: string; readonly address: string; readonly pid: number }

async function firstAtWork(gt: Gt): Promise<AtWork> {
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    const { agents } = await gt<Status>('status')
    for (const { address, pid, hook, ...agent } of agents as readonly (Status['agents'][number] &
      Standing)[]) {
      const busy = ['thinking', 'runningTool'].includes(agent.standing?.state ?? '')
      if (pid !== null && hook !== null && busy) return { address, pid, bead: hook }
    }
    claim(Date.now() < until, 'No polecat (worker) began to work.')
    await pause(200)
  }
}

type Standing = { readonly standing?: { readonly state: string } | null }

async function seeLanded({ gt, teller, repository }: Real, beads: readonly string[]): Promise<void> {
  type Waited = { readonly id: string; readonly reached: boolean; readonly stage: string }
  const waited = await gt<Waited[]>('wait', ...beads, '--timeout', LANDINGS)
  claim(
    waited.every(({ reached, stage }) => reached && stage === 'landed'),
    `All beads should have landed: ${waited.map(({ id, stage }) => `${id} ${stage}`).join(', ')}.`,
  )
  teller.line(`gt wait: all ${waited.length} have landed`)
  const landed = landedIn(repository, beads.length)
  claim(
    landed.every(({ author }) => author.startsWith(`${repository.rig}/polecats/`)),
    'What landed should have polecats as its authors.',
  )
}
