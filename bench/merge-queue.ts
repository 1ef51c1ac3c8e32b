// Gate runs that landing takes: a queue with some bad work, stacked and one at a time, by the real Refinery and real git.
//
// Each run is counted by the gate itself, which appends a line to a file. The first figure is without cache, with nothing
// tested ahead; the second is what testing ahead saves of a queue that is mostly green.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { ahead } from '../src/actors/ahead/ahead.machine.ts'
import { refinery } from '../src/actors/refinery/refinery.machine.ts'
import type { EffectParams, Message, MessageOf } from '../src/events/index.ts'
import { createRepositories } from '../src/git/repositories.ts'
import type { Repositories } from '../src/ports/repositories.ts'
import { createDecider, type State } from '../src/system/decide.ts'
import {
  type Asked as AskedOfQueue,
  type At,
  addBranches,
  carryOut,
  DATE,
  ENV,
  makeRemote,
  messageOf,
  PERSON,
} from './queue-rig.ts'
import type { Figure } from './stats.ts'

const REQUESTS = 100
const EACH_BAD = 20
const BATCH = 8
/** Where a machine has other things to do, what a gate sleeps has to be as much longer as git takes longer. */
const GATE_MS = Number(process.env.GATE_MS ?? 200)
const RUNS_MAX = 0.4
const WALL_MAX = 0.5
/** Of a queue that is mostly green: these are bad, and this much of the time is left at most. */
const FEW_BAD = [50]
const AHEAD_WALL_MAX = 0.8

type Queue = {
  readonly runs: number
  /** Outcomes of what was tested ahead, and `used`, with how often. */
  readonly ahead: ReadonlyMap<string, number>
  readonly wallMs: number
  readonly landed: number
  readonly failed: string[]
}

type How = {
  readonly batch: number
  /** Whether what passed is remembered. */
  readonly isCached: boolean
  readonly isAhead: boolean
  readonly isBad: (n: number) => boolean
}

export async function mergeQueue(): Promise<Figure> {
  const how = { isCached: false, isAhead: false, isBad }
  const [one, stacked] = [await land({ ...how, batch: 1 }), await land({ ...how, batch: BATCH })]
  const bad = numbers().filter(isBad).map(beadOf)
  const isRight = [one, stacked].every(
    ({ landed, failed }) =>
      landed === REQUESTS - bad.length && failed.toSorted().join() === bad.toSorted().join(),
  )
  const [each, wall] = [stacked.runs / REQUESTS, stacked.wallMs / one.wallMs]
  return {
    name: `${REQUESTS} requests, ${bad.length} of them bad, through the merge queue`,
    found: `${stacked.runs} gate runs, ${each.toFixed(2)} a request, ${(stacked.wallMs / 1_000).toFixed(1)} s in stacks of ${BATCH}`,
    peer: `one at a time ${one.runs} runs, ${(one.wallMs / 1_000).toFixed(1)} s (${wall.toFixed(2)} of it)${isRight ? '' : '; NOT the right ones landed'}`,
    asked: `at most ${RUNS_MAX} runs a request, and ${WALL_MAX} of the time`,
    holds: isRight && each <= RUNS_MAX && wall <= WALL_MAX,
  }
}

export async function aheadQueue(): Promise<Figure> {
  const how = { batch: BATCH, isCached: true, isBad: (n: number) => FEW_BAD.includes(n) }
  const [plain, early] = [await land({ ...how, isAhead: false }), await land({ ...how, isAhead: true })]
  const isRight = [plain, early].every(
    ({ landed, failed }) =>
      landed === REQUESTS - FEW_BAD.length &&
      failed.toSorted().join() === FEW_BAD.map(beadOf).toSorted().join(),
  )
  const wall = early.wallMs / plain.wallMs
  const counted = [...early.ahead].map(([outcome, count]) => `${count} ${outcome}`).join(', ')
  return {
    name: `${REQUESTS} requests, ${FEW_BAD.length} of them bad, with the next stack tested ahead`,
    found: `${(early.wallMs / 1_000).toFixed(1)} s, ${early.runs} gate runs; ahead: ${counted}`,
    peer: `without ${(plain.wallMs / 1_000).toFixed(1)} s, ${plain.runs} gate runs (${wall.toFixed(2)} of it)${isRight ? '' : '; NOT the right ones landed'}`,
    asked: `at most ${AHEAD_WALL_MAX} of the time`,
    holds: isRight && wall <= AHEAD_WALL_MAX,
  }
}

const numbers = (): number[] => Array.from({ length: REQUESTS }, (_, n) => n + 1)
/** Spread, and at another place of the stack each time. */
const isBad = (n: number): boolean => n % EACH_BAD === (Math.floor(n / EACH_BAD) * 7 + 3) % EACH_BAD
const beadOf = (n: number): string => `be-${n}`

const REFINERY = 'bench/refinery'
const AHEAD = 'bench/ahead'

/** The whole queue until all of it has landed or failed. */
async function land({ batch, ...how }: How): Promise<Queue> {
  const dir = mkdtempSync(join(tmpdir(), 'gt-bench-queue-'))
  try {
    const rig = await makeRig(dir, how)
    const decider = createDecider()
    const states = new Map<string, State>()
    const failed: string[] = []
    const found = new Map<string, number>()
    let [seq, landed] = [0, 0]
    /** Of what runs ahead the one that is waited for; it is given up when its owner goes on. */
    let awaited: object | null = null
    const { promise: all, resolve: isOver, reject } = Promise.withResolvers<void>()
    const under = new Set<Promise<unknown>>()

    const take = (to: string, message: Message): void => {
      seq += 1
      const meta = { at: new Date(DATE + seq).toISOString(), by: 'bench', seq }
      const before = states.get(to) ?? null
      const decision = decider.decide(to === AHEAD ? ahead : refinery, to, before, { ...message, meta })
      if (decision.kind === 'refused') throw new Error(decision.refusal.message)
      const { state, facts, effects } = decision
      states.set(to, state)
      if (to === AHEAD && before?.value === 'running' && state.value !== 'running') {
        if (message.type !== 'ahead.ran' && message.type !== 'ahead.notRun') under.add(rig.giveUp())
        awaited = null
      }
      for (const fact of facts) {
        if (fact.type === 'StackTestedAhead') note(String(fact.outcome))
        if (fact.type === 'StackAheadUsed') note('used')
      }
      for (const { kind, params } of effects) {
        if (kind === 'tell') hear(params.messages as { to: string; message: Message }[])
        else begin(to, { kind, params } as unknown as Asked)
      }
    }
    const note = (what: string) => found.set(what, (found.get(what) ?? 0) + 1)
    const hear = (messages: readonly { to: string; message: Message }[]): void => {
      for (const { to, message } of messages) {
        if (to === AHEAD) take(AHEAD, message)
        if (message.type === 'MERGED') landed += 1
        if (message.type === 'MERGE_FAILED') failed.push(message.bead)
      }
      if (landed + failed.length === REQUESTS) isOver()
    }
    const begin = (of: string, asked: Asked): void => {
      const own = {}
      if (of === AHEAD) awaited = own
      const done = rig
        .carryOut(asked)
        .then((message) => (of === AHEAD && awaited !== own ? undefined : take(of, message)))
      under.add(done)
      done.catch(reject)
    }
    take(REFINERY, rig.settings(batch))
    const began = performance.now()
    for (const n of numbers()) take(REFINERY, rig.ready(n))
    await all
    const wallMs = performance.now() - began
    await rig.giveUp()
    await Promise.allSettled(under)
    return { runs: readFileSync(rig.counted, 'utf8').length, ahead: found, wallMs, landed, failed }
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  }
}

type Asked = AskedOfQueue | { kind: 'stack.ahead'; params: EffectParams<'stack.ahead'> }

async function makeRig(dir: string, { isCached, isAhead, isBad }: Omit<How, 'batch'>) {
  const [url, counted] = [join(dir, 'remote.git'), join(dir, 'counted')]
  mkdirSync(join(dir, 'rigs', 'bench'), { recursive: true })
  writeFileSync(counted, '')
  const main = makeRemote(url, [])
  const at: At = { rig: 'bench', remote: { kind: 'origin', url }, target: 'main' }
  const repos: Repositories = createRepositories(dir)
  await repos.cloneRig(at)
  const fileOf = (n: number) => `${isBad(n) ? 'bad' : 'good'}/${n}`
  const heads = addBranches(join(dir, 'rigs/bench/repo.git'), main, REQUESTS, fileOf)
  const script = `printf . >> ${counted}; sleep ${GATE_MS / 1_000}; test ! -e bad`
  const gates = [{ name: 'test', command: ['/bin/sh', '-c', script], timeoutMs: 60_000 }]
  return {
    counted,
    settings: (batch: number): MessageOf<'refinery.configure'> => ({
      type: 'refinery.configure',
      remote: at.remote,
      target: at.target,
      gates,
      setup: null,
      ungated: false,
      attemptsMax: 5,
      batch,
      ahead: isAhead,
    }),
    ready: (n: number): MessageOf<'MERGE_READY'> => ({
      type: 'MERGE_READY',
      bead: beadOf(n),
      sandbox: `bench/polecats/p${n}/sandboxes/1`,
      agent: `bench/polecats/p${n}`,
      branch: `b${n}`,
      head: heads[n - 1] ?? '',
      attempt: 1,
    }),
    giveUp: () => repos.endAhead({ rig: 'bench', target: at.target }),
    async carryOut(asked: Asked): Promise<Message> {
      if (asked.kind !== 'stack.ahead') return await carryOut(repos, at, { gates, cache: isCached }, asked)
      const { onto, batch, stacks, requests, setup } = asked.params
      const people = { committer: PERSON, date: DATE }
      const named = requests.map(({ mergeRequest: id, bead, branch, head }) => {
        return { id, branch, head, message: messageOf(bead, id), author: PERSON }
      })
      const how = { ...at, onto, batch, stacks, requests: named, gates, setup, env: ENV, ...people }
      try {
        const { built, below = [], ...ran } = await repos.runAhead(how)
        const lower = below.map(({ built, ...stack }) => ({ ...stack, mergeRequests: [...built] }))
        return { type: 'ahead.ran', ...ran, mergeRequests: [...built], below: lower }
      } catch (error) {
        return { type: 'ahead.notRun', code: 'AHEAD_ENDED', message: String(error) }
      }
    },
  }
}
