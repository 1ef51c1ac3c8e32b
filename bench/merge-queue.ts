// Gate runs that landing takes: a queue with some bad work, stacked and one at a time, by the real Refinery and real git.
//
// Each run is counted by the gate itself, which appends a line to a file. No cache, nothing built ahead.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { refinery } from '../src/actors/refinery/refinery.machine.ts'
import type { EffectParams, Message, MessageOf } from '../src/events/index.ts'
import { createRepositories } from '../src/git/repositories.ts'
import type { Repositories } from '../src/ports/repositories.ts'
import { createDecider, type State } from '../src/system/decide.ts'
import type { Figure } from './stats.ts'

const REQUESTS = 100
const EACH_BAD = 20
const BATCH = 8
const GATE_MS = 200
const RUNS_MAX = 0.4
const WALL_MAX = 0.5

type Queue = {
  readonly runs: number
  readonly wallMs: number
  readonly landed: number
  readonly failed: string[]
}

export async function mergeQueue(): Promise<Figure> {
  const [one, stacked] = [await land(1), await land(BATCH)]
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

const numbers = (): number[] => Array.from({ length: REQUESTS }, (_, n) => n + 1)
/** Spread, and at another place of the stack each time. */
const isBad = (n: number): boolean => n % EACH_BAD === (Math.floor(n / EACH_BAD) * 7 + 3) % EACH_BAD
const beadOf = (n: number): string => `be-${n}`

/** The whole queue until nothing is asked any more. */
async function land(batch: number): Promise<Queue> {
  const dir = mkdtempSync(join(tmpdir(), 'gt-bench-queue-'))
  try {
    const rig = await makeRig(dir)
    const decider = createDecider()
    const failed: string[] = []
    let state: State | null = null
    let [seq, landed] = [0, 0]
    const open: Asked[] = []
    const take = (message: Message): void => {
      seq += 1
      const meta = { at: new Date(1_800_000_000_000 + seq).toISOString(), by: 'bench', seq }
      const decision = decider.decide(refinery, 'bench/refinery', state, { ...message, meta })
      if (decision.kind === 'refused') throw new Error(decision.refusal.message)
      state = decision.state
      for (const { kind, params } of decision.effects) {
        if (kind !== 'tell') {
          open.push({ kind, params } as unknown as Asked)
          continue
        }
        for (const { message: told } of params.messages as { message: Message }[]) {
          if (told.type === 'MERGED') landed += 1
          if (told.type === 'MERGE_FAILED') failed.push(told.bead)
        }
      }
    }
    take(rig.settings(batch))
    const began = performance.now()
    for (const n of numbers()) take(rig.ready(n))
    for (let asked = open.shift(); asked !== undefined; asked = open.shift()) take(await rig.carryOut(asked))
    const wallMs = performance.now() - began
    return { runs: readFileSync(rig.counted, 'utf8').length, wallMs, landed, failed }
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  }
}

type Asked = { [K in 'merge.build' | 'gates.run' | 'target.push']: { kind: K; params: EffectParams<K> } }[
  | 'merge.build'
  | 'gates.run'
  | 'target.push']

async function makeRig(dir: string) {
  const [url, counted] = [join(dir, 'remote.git'), join(dir, 'counted')]
  mkdirSync(join(dir, 'rigs', 'bench'), { recursive: true })
  writeFileSync(counted, '')
  git(dir, ['init', '-q', '--bare', '--template=', '-b', 'main', url])
  git(url, ['fast-import', '--quiet'], commits([{ ref: 'main', file: 'good/0', from: null }]))
  const at = { rig: 'bench', remote: { kind: 'origin', url }, target: 'main' } as const
  const repos: Repositories = createRepositories(dir)
  await repos.cloneRig(at)
  const main = git(url, ['rev-parse', 'main'])
  const branches = numbers().map((n) => ({
    ref: `b${n}`,
    file: `${isBad(n) ? 'bad' : 'good'}/${n}`,
    from: main,
  }))
  const shared = join(dir, 'rigs/bench/repo.git')
  git(shared, ['fast-import', '--quiet'], commits(branches))
  const heads = new Map(
    git(shared, ['for-each-ref', '--format=%(refname:short) %(objectname)', 'refs/heads'])
      .split('\n')
      .map((row) => row.split(' ') as [string, string]),
  )
  const script = `printf . >> ${counted}; sleep ${GATE_MS / 1_000}; test ! -e bad`
  const gates = [{ name: 'test', command: ['/bin/sh', '-c', script], timeoutMs: 60_000 }]
  const person = { name: 'bench', email: 'bench@localhost' }
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
    }),
    ready: (n: number): MessageOf<'MERGE_READY'> => ({
      type: 'MERGE_READY',
      bead: beadOf(n),
      sandbox: `bench/polecats/p${n}/sandboxes/1`,
      agent: `bench/polecats/p${n}`,
      branch: `b${n}`,
      head: heads.get(`b${n}`) ?? '',
      attempt: 1,
    }),
    async carryOut({ kind, params }: Asked): Promise<Message> {
      const mergeRequest = params.mergeRequest as string
      if (kind === 'merge.build') {
        const { branch, head = '', bead, onto } = params
        const outcome = await repos.buildMerge({
          ...at,
          branch,
          head,
          message: `${bead}\n\nBead: ${bead}\nReceipt: ${mergeRequest}\n`,
          author: person,
          committer: person,
          date: 1_800_000_000_000,
          onto,
        })
        if (outcome.kind !== 'built') throw new Error(`${bead} is ${outcome.kind}`)
        const { commit, tree, base } = outcome
        return { type: 'merge.built', mergeRequest, commit, tree, base }
      }
      if (kind === 'gates.run') {
        const env = { PATH: process.env.PATH ?? '/usr/bin:/bin' }
        const { commit, setup } = params
        const ran = await repos.runGates({ rig: 'bench', commit, setup, gates, env, cache: false })
        const results = ran.results.map(({ name, command, exitCode, durationMs, logTail, outcome }) => ({
          name,
          command: [...command],
          exitCode,
          durationMs,
          logTail,
          outcome,
        }))
        return { type: 'gates.ran', mergeRequest: params.mergeRequest, tree: ran.tree, results }
      }
      const { base, commit, head, parts } = params
      const outcome = await repos.pushTarget({ ...at, base, commit, head, parts })
      if (outcome.kind !== 'landed') throw new Error(`The push of ${commit} is ${outcome.kind}`)
      const proved = outcome.parts?.map(({ patchId, proof }, n) => ({
        mergeRequest: parts?.[n]?.mergeRequest ?? '',
        patchId,
        proof,
      }))
      const { head: now, patchId, proof } = outcome
      return {
        type: 'target.advanced',
        mergeRequest,
        head: now,
        patchId,
        proof,
        ...(proved && { parts: proved }),
      }
    },
  }
}

type Commit = { readonly ref: string; readonly file: string; readonly from: string | null }

const commits = (all: readonly Commit[]): string =>
  all
    .map(
      ({ ref, file, from }) =>
        `commit refs/heads/${ref}\ncommitter bench <bench@localhost> 1800000000 +0000\ndata 4\nwork\n${from === null ? '' : `from ${from}\n`}M 100644 inline ${file}\ndata 2\nx\n\n`,
    )
    .join('')

const git = (cwd: string, args: string[], input = ''): string =>
  execFileSync('git', args, { cwd, input, encoding: 'utf8' }).trim()
