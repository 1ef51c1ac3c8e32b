// A queue of plain requests in a rig of its own, landed by the real Refinery and real git: one turn after the other, each
// on disk before what it asks for is carried out, as in a town.

import { execFileSync } from 'node:child_process'
import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { refinery } from '../src/actors/refinery/refinery.machine.ts'
import type { EffectParams, Message } from '../src/events/index.ts'
import { createRepositories } from '../src/git/repositories.ts'
import type { GateSpec, Remote, Repositories } from '../src/ports/repositories.ts'
import { createDecider, type State } from '../src/system/decide.ts'

export type QueueOptions = {
  readonly batch: number
  readonly requests: number
  /** Files of the first commit, beside one. */
  readonly files: readonly string[]
}

type Queue = {
  readonly wallMs: number
  /** From one landing, or the beginning, to the next. */
  readonly eachMs: readonly number[]
}

export const PERSON = { name: 'bench', email: 'bench@localhost' }
export const ENV = { PATH: process.env.PATH ?? '/usr/bin:/bin' }
/** What is asked of each landing; it costs its start. */
export const GATES = [{ name: 'test', command: ['true'], timeoutMs: 60_000 }]
/** Of all commits. */
export const DATE = 1_800_000_000_000

/** All requests until nothing is asked any more. @throws Error when one does not land */
export async function landQueue(options: QueueOptions): Promise<Queue> {
  const dir = mkdtempSync(join(tmpdir(), 'gt-bench-queue-'))
  const log = openSync(join(dir, 'log'), 'a')
  try {
    const { repos, at, heads } = await makeRig(dir, options)
    const decider = createDecider()
    const open: Asked[] = []
    const eachMs: number[] = []
    let [state, seq, last]: [State | null, number, number] = [null, 0, performance.now()]
    const take = (message: Message): void => {
      seq += 1
      const meta = { at: new Date(DATE + seq).toISOString(), by: 'bench', seq }
      const decision = decider.decide(refinery, 'bench/refinery', state, { ...message, meta })
      if (decision.kind === 'refused') throw new Error(decision.refusal.message)
      state = decision.state
      writeSync(log, JSON.stringify({ message, effects: decision.effects }))
      // Who hands in waits for it, and not the queue.
      if (message.type !== 'MERGE_READY') fdatasyncSync(log)
      for (const { kind, params } of decision.effects) {
        if (kind !== 'tell') {
          open.push({ kind, params } as unknown as Asked)
          continue
        }
        for (const { message: told } of params.messages as { message: Message }[]) {
          if (told.type !== 'MERGED') continue
          eachMs.push(performance.now() - last)
          last = performance.now()
        }
      }
    }
    take({
      ...{ type: 'refinery.configure', remote: at.remote, target: at.target, gates: GATES, setup: null },
      ...{ ungated: false, attemptsMax: 5, batch: options.batch },
    })
    last = performance.now()
    const began = last
    for (const [n, head] of heads.entries()) {
      const agent = `bench/polecats/p${n}`
      const work = { agent, sandbox: `${agent}/sandboxes/1`, branch: `b${n + 1}`, head, attempt: 1 }
      take({ type: 'MERGE_READY', bead: `be-${n + 1}`, ...work })
    }
    for (let asked = open.shift(); asked !== undefined; asked = open.shift())
      take(await carryOut(repos, at, { gates: GATES, cache: false }, asked))
    const wallMs = performance.now() - began
    if (eachMs.length !== options.requests) throw new Error(`${eachMs.length} of ${options.requests} landed`)
    return { wallMs, eachMs }
  } finally {
    closeSync(log)
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  }
}

type Kind = 'merge.build' | 'gates.run' | 'target.push'
export type Asked = { [K in Kind]: { kind: K; params: EffectParams<K> } }[Kind]
export type At = { readonly rig: string; readonly remote: Remote; readonly target: string }

async function makeRig(dir: string, options: QueueOptions) {
  const url = join(dir, 'remote.git')
  mkdirSync(join(dir, 'rigs', 'bench'), { recursive: true })
  const main = makeRemote(url, options.files)
  const at: At = { rig: 'bench', remote: { kind: 'origin', url }, target: 'main' }
  const repos: Repositories = createRepositories(dir)
  await repos.cloneRig(at)
  return { repos, at, heads: addBranches(join(dir, 'rigs/bench/repo.git'), main, options.requests) }
}

/** What a Refinery asks of the worker, by real git. @throws Error when work is not built, or not pushed */
export async function carryOut(
  repos: Repositories,
  at: At,
  { gates, cache }: { readonly gates: GateSpec[]; readonly cache: boolean },
  { kind, params }: Asked,
): Promise<Message> {
  const mergeRequest = params.mergeRequest as string
  if (kind === 'merge.build') {
    const { branch, head = '', bead, onto } = params
    const message = messageOf(bead, mergeRequest)
    const people = { author: PERSON, committer: PERSON, date: DATE }
    const built = await repos.buildMerge({ ...at, branch, head, message, ...people, onto })
    if (built.kind !== 'built') throw new Error(`${bead} is ${built.kind}`)
    const { commit, tree, base } = built
    return { type: 'merge.built', mergeRequest, commit, tree, base }
  }
  if (kind === 'gates.run') {
    const { commit, setup } = params
    const ran = await repos.runGates({ rig: at.rig, commit, setup, gates, env: ENV, cache })
    const results = ran.results.map(({ name, command, exitCode, durationMs, logTail, outcome, cached }) => {
      const result = { name, command: [...command], exitCode, durationMs, logTail, outcome }
      return { ...result, ...(cached && { cached }) }
    })
    return { type: 'gates.ran', mergeRequest: params.mergeRequest, tree: ran.tree, results }
  }
  const { base, commit, head, parts } = params
  const pushed = await repos.pushTarget({ ...at, base, commit, head, parts })
  if (pushed.kind !== 'landed') throw new Error(`The push of ${commit} is ${pushed.kind}`)
  const proved = pushed.parts?.map(({ patchId, proof }, n) => {
    return { mergeRequest: parts?.[n]?.mergeRequest ?? '', patchId, proof }
  })
  const { patchId, proof } = pushed
  return {
    ...{ type: 'target.advanced', mergeRequest, head: pushed.head, patchId, proof },
    ...(proved && { parts: proved }),
  }
}

/** Of a commit that lands. */
export const messageOf = (bead: string, mergeRequest: string): string =>
  `${bead}\n\nBead: ${bead}\nReceipt: ${mergeRequest}\n`

/** A bare repository with its first commit on main, which it gives. Each file has so many lines. */
export function makeRemote(url: string, files: readonly string[], lines = LINES): string {
  git('/', ['init', '-q', '--bare', '--template=', '-b', 'main', url])
  const first = { ref: 'main', files: ['begun', ...files], from: null, lines }
  git(url, ['fast-import', '--quiet'], commits([first]))
  return git(url, ['rev-parse', 'main'])
}

/** Branches `b1`, … that add a file each; their heads. */
export function addBranches(
  repository: string,
  main: string,
  count: number,
  fileOf = (n: number): string => `work/b${n}`,
): string[] {
  const names = Array.from({ length: count }, (_, n) => `b${n + 1}`)
  const each = names.map((ref, n) => ({ ref, files: [fileOf(n + 1)], from: main }))
  git(repository, ['fast-import', '--quiet'], commits(each))
  return git(repository, ['rev-parse', ...names]).split('\n')
}

type Commit = {
  readonly ref: string
  readonly files: readonly string[]
  readonly from: string | null
  readonly lines?: number
}

const commits = (all: readonly Commit[]): string =>
  all
    .map(({ ref, files, from, lines = LINES }) =>
      [
        `commit refs/heads/${ref}`,
        'committer bench <bench@localhost> 1800000000 +0000\ndata 4\nwork',
        ...(from === null ? [] : [`from ${from}`]),
        ...files.map((file) => {
          const text = textOf(file, lines)
          return `M 100644 inline ${file}\ndata ${text.length}\n${text}`
        }),
        '',
      ].join('\n'),
    )
    .join('\n')

/** Of a short source file. */
const LINES = 40
/** No two are alike. */
const textOf = (file: string, lines: number): string => `// ${file}\n`.repeat(lines)

export const git = (cwd: string, args: readonly string[], input = ''): string =>
  execFileSync('git', args, {
    cwd,
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['pipe', 'pipe', 'ignore'],
  }).trim()
