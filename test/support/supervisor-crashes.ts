// Kills the daemon of a real town with agents in each state, and says what must hold ten seconds later at most.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { examine } from '../../src/town/doctor/doctor.ts'
import { processesOf } from './processes-left.ts'
import { seeded } from './seeded.ts'
import { COMMIT, GT, makeTown, type TestTown } from './town.ts'

/** From a start until every agent is accounted for. */
const ACCOUNTED_MS = 10_000

/** In which moment of a new agent's life the daemon is killed: after the fact, and what it means. */
const MOMENTS = ['DispatchStarted', 'SessionOpened', 'SessionStarted', 'AgentDone', 'SessionEnded'] as const

/** Works; is done and goes; is done and stays; dies; leaves a child behind and dies. Each ignores a hang-up. */
const KINDS = [
  'while :; do sleep 0.5; done',
  `${COMMIT}; exec ${GT} done`,
  `${COMMIT}; ${GT} done; while :; do sleep 0.5; done`,
  'sleep 0.3; exit 7',
  'setsid sh -c \'trap "" HUP TERM; sleep 900\' & sleep 0.3; exit 7',
] as const

export type Crashes = { readonly seed: number; readonly crashes: number; readonly agentsMax: number }

export async function crashSupervisor({ seed, crashes, agentsMax }: Crashes): Promise<void> {
  const random = seeded(seed)
  const town = await makeTown()
  await town.up()
  for (const [n, script] of KINDS.entries()) await town.agent(`kind${n}`, `trap '' HUP\n${script}\n`)
  await town.addRig(['true'], { 'limits.polecats': Math.min(50, agentsMax), 'limits.attempts': 50 })
  for (let n = 0; n < crashes; n += 1) {
    const moment = MOMENTS[n % MOMENTS.length] as (typeof MOMENTS)[number]
    const count = 1 + Math.floor(random() * Math.min(agentsMax, KINDS.length))
    const from = town.watch.records.length
    const beads: string[] = []
    for (let k = 0; k < count; k += 1) {
      const bead = await town.bead(`Crash ${n}, agent ${k}`)
      beads.push(bead)
      await town.sling([bead], `kind${(n + k) % KINDS.length}`)
    }
    await Promise.race([
      town.watch.until(`${moment} in crash ${n}`, ({ seq, facts }) =>
        seq > from && facts.some(({ type }) => type === moment) ? true : null,
      ),
      // None of these agents may come to it.
      sleep(2_000),
    ]).catch(() => undefined)
    await sleep(random() * 60)
    await town.kill()
    await town.up()
    await accounted(town, `crash ${n} (${moment})`)
    // The places are given to others.
    for (const bead of beads) await letGo(town, bead)
  }
  await town.down()
  await town.checkLog()
  await town.close()
}

/** Nobody runs whom the log does not know, nobody runs twice, and whoever ended is known to have. */
export async function accounted(town: TestTown, when: string): Promise<void> {
  const until = performance.now() + ACCOUNTED_MS
  for (;;) {
    const wrong = await unaccounted(town)
    if (wrong.length === 0) return
    if (performance.now() > until) throw new Error(`${when}: ${wrong.join('\n')}`)
    await sleep(50)
  }
}

async function unaccounted(town: TestTown): Promise<string[]> {
  const { checks } = await examine({ dir: town.dir, env: process.env, fix: false, only: 'orphans' })
  const wrong = checks
    .filter(({ name, state }) => state === 'error' || (name === 'orphans.sessions' && state !== 'ok'))
    .map(({ sentence, items }) => [sentence, ...items].join(' '))
  const live = (await town.get('/v1/agents?limit=500')).body.items as {
    address: string
    session: string | null
  }[]
  const running = new Map<string, Set<string>>()
  for (const { pid } of processesOf(town.dir, `GT_TOWN_ID=${town.id}`)) {
    const session = sessionOf(pid)
    if (session === null) continue
    const agent = session.replace(/\/sessions\/.*$/, '')
    running.set(agent, new Set([...(running.get(agent) ?? []), session]))
  }
  for (const [agent, sessions] of running)
    if (sessions.size > 1) wrong.push(`${agent} runs twice: ${[...sessions].join(', ')}`)
  // Who has a session that the log calls started has a process.
  for (const { address, session } of live)
    if (
      session !== null &&
      !running.has(address) &&
      town.facts('SessionStarted').some((one) => one.session === session)
    )
      wrong.push(`${address} has the session ${session}, and no process.`)
  return wrong
}

function sessionOf(pid: number): string | null {
  try {
    const entry = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .find((each) => each.startsWith('GT_SESSION='))
    return entry?.slice('GT_SESSION='.length) ?? null
  } catch {
    return null
  }
}

/** Off its hook where it still is, so that its agent ends. */
async function letGo(town: TestTown, bead: string): Promise<void> {
  await town.post('/v1/commands/unsling', { bead, id: `off-${bead}` })
}

/** Kills the daemon in its start, again and again, while agents work. Answers with the records of each start. */
export async function crashInStart({
  seed,
  starts,
}: {
  readonly seed: number
  readonly starts: number
}): Promise<readonly number[]> {
  const random = seeded(seed)
  const town = await makeTown()
  await town.up()
  await town.agent('stays', `trap '' HUP\nwhile :; do sleep 0.5; done\n`)
  await town.addRig(['true'], { 'limits.polecats': 3 })
  const beads = [await town.bead('One'), await town.bead('Two'), await town.bead('Three')]
  await town.sling(beads, 'stays')
  const pids: number[] = []
  for (const bead of beads)
    pids.push(Number((await town.fact(`${bead} begins`, 'SessionStarted', { bead })).pid))
  mkdirSync(join(town.temp, 'starts'))
  const grown: number[] = []
  await town.settled()
  let before = Number((await town.get('/v1/health')).body.seq)
  await town.kill()
  for (let n = 0; n < starts; n += 1) {
    // Anywhere from its first line until it listens.
    const up = town.up().catch(() => undefined)
    await sleep(random() * 900)
    for (const { pid, command } of processesOf(town.dir))
      if (command.includes('/daemon-main.')) process.kill(pid, 'SIGKILL')
    await up
    writeFileSync(join(town.temp, 'starts', String(n)), '')
    if (n % 5 !== 4 && n !== starts - 1) continue
    await town.up()
    const { seq } = (await town.get('/v1/health')).body
    grown.push((Number(seq) - before) / (n % 5 === 4 ? 6 : (n % 5) + 2))
    before = Number(seq)
    await accounted(town, `start ${n}`)
    expect(pids.filter((pid) => processesOf(town.dir).some((one) => one.pid === pid))).toEqual(pids)
    if (n !== starts - 1) await town.kill()
  }
  expect(town.facts('SessionStarted'), 'nobody was begun twice').toHaveLength(3)
  expect(town.facts('SessionEnded')).toEqual([])
  await town.down()
  await town.checkLog()
  await town.close()
  return grown
}
