// Two kills: of the daemon, while three polecats work, and of one polecat, half way through its bead.

import { setTimeout as pause } from 'node:timers/promises'
import { type Agent, atWork, claim, isAlive, nameOf, type Slung, type Status } from '../stage.ts'
import { statusOf } from './opening.ts'

export type DaemonKilled = {
  /** The town just before. */
  readonly before: Status
  readonly recoveredMs: number
  readonly working: readonly Agent[]
}

export async function killDaemon(stage: Slung): Promise<DaemonKilled> {
  const { gt, teller, feed, moments } = stage
  await feed.seenTimes(3, 'The start of three polecats', ({ type }) => type === 'BeadStarted')
  await pause(moments.daemonDiesMs)
  const before = await statusOf(stage)
  const working = atWork(before)
  const daemon = before.daemon
  claim(daemon !== null, 'The town should be up before its daemon is killed.')
  claim(
    working.length === 3,
    `Three polecats should be at work when the daemon dies, but ${working.length} are.`,
  )

  teller.act(`kill -9 of the daemon, while ${working.map(({ address }) => nameOf(address)).join(', ')} work`)
  process.kill(daemon.pid, 'SIGKILL')
  const diedAt = performance.now()
  const { pid, recoveredMs } = await gt<{ pid: number; recoveredMs: number }>('up')
  const wallMs = Math.round(performance.now() - diedAt)
  teller.line(`gt up: it is back in ${recoveredMs} ms (${wallMs} ms after the kill; pid ${pid})`)

  const lost = working.filter((agent) => agent.pid !== null && !isAlive(agent.pid))
  const after = await statusOf(stage)
  const readopted = working.filter((agent) =>
    after.agents.some(({ address, pid: now, session }) => {
      return address === agent.address && session === agent.session && now === agent.pid
    }),
  )
  // One that was just about to hand in may have done so meanwhile.
  const handedIn = working.filter(({ address }) =>
    after.agents.some((each) => each.address === address && each.state !== 'working'),
  )
  const kept = new Set([...readopted, ...handedIn])
  claim(
    lost.length - handedIn.length <= 0 && kept.size === 3,
    `All three polecats should have gone on while the daemon was dead, but ${3 - kept.size} did not.`,
  )
  teller.line('the same three processes went on meanwhile; nothing is lost')
  return { before, recoveredMs, working }
}

export type PolecatKilled = { readonly bead: string; readonly address: string }

export async function killPolecat(stage: Slung): Promise<PolecatKilled> {
  const { teller, feed, moments, works, beads } = stage
  const n = works.findIndex(({ killed }) => killed)
  const bead = beads[n] ?? ''
  const step = `step ${moments.stepsDone} of ${works[n]?.steps.length}`
  await feed.seen(`The polecat's ${step}`, (item) => item.bead === bead && item.summary.includes(step))
  await pause(moments.polecatDiesMs)
  const polecat = atWork(await statusOf(stage)).find(({ hook }) => hook === bead)
  claim(polecat !== undefined && polecat.pid !== null, `A polecat should be at work on bead ${bead}.`)

  teller.act(`kill -9 of polecat ${nameOf(polecat.address)}, half way through bead ${bead}`)
  process.kill(polecat.pid, 'SIGKILL')
  await feed.seen(
    `The new start of bead ${bead}`,
    (item) => item.bead === bead && item.type === 'BeadStarted' && item.summary.includes('attempt 2'),
  )
  const found = await feed.seen(
    `A word of the polecat on bead ${bead} after its recovery`,
    (item) => item.bead === bead && / finds \d+ of \d+ steps/.test(item.summary),
  )
  const after = atWork(await statusOf(stage)).find(({ hook }) => hook === bead)
  claim(
    after?.address === polecat.address && found.summary.includes(nameOf(polecat.address)),
    `Polecat ${polecat.address} itself should have gone on with bead ${bead}.`,
  )
  return { bead, address: polecat.address }
}
