// What the queue costs beside the git that it does, and what it leaves on disk.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRepositories } from '../src/git/repositories.ts'
import {
  addBranches,
  ENV,
  GATES,
  git,
  landQueue,
  makeRemote,
  PERSON,
  type QueueOptions,
} from './queue-rig.ts'
import { type Figure, median, ms } from './stats.ts'

const REQUESTS = 30
/** By hand and by the queue in turns, so that both meet the same machine. */
const ROUNDS = 5
const OVER_MS_MAX = 60
/** A smaller number shows that it works, and nothing about the figure. */
const LARGE_FILES = Number(process.env.QUEUE_FILES ?? 50_000)
const LARGE_REQUESTS = 8
const LARGE_MAX = 2
const BEADS = Number(process.env.QUEUE_BEADS ?? 100)
const PLACES = 5
/** Each bead has all of them written and removed, which takes a file system longer than all else that is done here. */
const DISK_FILES = Number(process.env.QUEUE_FILES ?? 300)
/** So the repository is as large as one of more files that are shorter. */
const DISK_LINES = 3_000
const GROWTH_MAX = 0.05

const filesOf = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `src/d${n % 500}/f${n}.txt`)

/** A landed request against the same merge and push by plain git, with the same gate. */
export async function queueOverhead(): Promise<Figure> {
  const options = { batch: 1, requests: REQUESTS / ROUNDS, files: [] }
  const [hand, queue]: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round += 1) {
    hand.push(...landByHand(options))
    queue.push(...(await landQueue(options)).eachMs)
  }
  const [byHand, one] = [median(hand), median(queue)]
  const stacked = (await landQueue({ ...options, requests: REQUESTS, batch: 8 })).wallMs / REQUESTS
  return {
    name: 'a request through the merge queue, against plain git',
    found: `${ms(one)} each, ${ms(one - byHand)} more than by hand (in stacks of 8 ${ms(stacked)} each)`,
    peer: `merge, commit, gate and push by hand ${ms(byHand)}, median of ${REQUESTS}`,
    asked: `at most ${OVER_MS_MAX} ms more`,
    holds: one - byHand <= OVER_MS_MAX,
  }
}

/** The same in a repository of many files; the first landing, which checks all of them out, is left out. */
export async function queueLarge(): Promise<Figure> {
  const options = { batch: 1, requests: LARGE_REQUESTS, files: filesOf(LARGE_FILES) }
  const byHand = median(landByHand(options).slice(1))
  const queue = median((await landQueue(options)).eachMs.slice(1))
  return {
    name: `a landing in a repository of ${LARGE_FILES.toLocaleString('en')} files`,
    found: `${ms(queue)}, ${(queue / byHand).toFixed(2)} times by hand`,
    peer: `git merge and push by hand in one clone ${ms(byHand)}, median of ${LARGE_REQUESTS - 1}`,
    asked: `at most ${LARGE_MAX} times`,
    holds: queue / byHand <= LARGE_MAX,
  }
}

/** What a person types for each branch in turn: merge as one commit, run the gate, push. Its time in ms, each. */
function landByHand({ files, requests }: QueueOptions): number[] {
  const dir = mkdtempSync(join(tmpdir(), 'gt-bench-hand-'))
  try {
    const [url, clone] = [join(dir, 'remote.git'), join(dir, 'clone')]
    const main = makeRemote(url, files)
    git(dir, ['clone', '-q', url, clone])
    configure(clone)
    addBranches(clone, main, requests)
    return Array.from({ length: requests }, (_, n) => {
      const began = performance.now()
      git(clone, ['merge', '-q', '--squash', `b${n + 1}`])
      git(clone, ['commit', '-q', '-m', `be-${n + 1}`])
      for (const { command } of GATES) execFileSync(command[0] ?? '', command.slice(1), { cwd: clone })
      git(clone, ['push', '-q', 'origin', 'main'])
      return performance.now() - began
    })
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  }
}

function configure(clone: string): void {
  git(clone, ['config', 'user.name', PERSON.name])
  git(clone, ['config', 'user.email', PERSON.email])
}

/** Disk use of a rig, before and after beads have gone through its places: a worktree, a commit, a landing, its end. */
export async function queueDisk(): Promise<Figure> {
  const dir = mkdtempSync(join(tmpdir(), 'gt-bench-disk-'))
  try {
    const url = join(dir, 'remote.git')
    mkdirSync(join(dir, 'rigs', 'bench'), { recursive: true })
    makeRemote(url, filesOf(DISK_FILES), DISK_LINES)
    const rig = { rig: 'bench', remote: { kind: 'origin', url }, target: 'main' } as const
    const repos = createRepositories(dir)
    await repos.cloneRig(rig)
    const through = async (n: number): Promise<void> => {
      const [path, branch, bead] = [
        `polecats/p${n % PLACES}/${n}`,
        `polecat/p${n % PLACES}/be-${n}`,
        `be-${n}`,
      ]
      const prepared = { source: null, copy: [], setup: null, env: ENV }
      await repos.addWorktree({ ...rig, path, branch, ...prepared })
      const folder = join(dir, 'rigs/bench', path)
      // In the place of others: a file that work adds stays, and is none of what the queue leaves behind.
      writeFileSync(join(folder, 'begun'), `${bead}\n`)
      writeFileSync(join(folder, 'src/d1/f1.txt'), `${bead}\n`)
      git(folder, ['add', '-A'])
      git(folder, ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '-qm', bead])
      const head = git(folder, ['rev-parse', 'HEAD'])
      const people = { author: PERSON, committer: PERSON, date: 1_800_000_000_000 + n * 1_000 }
      const built = await repos.buildMerge({
        ...rig,
        branch,
        head,
        message: `${bead}\n\nReceipt: ${bead}\n`,
        ...people,
      })
      if (built.kind !== 'built') throw new Error(`${bead} is ${built.kind}`)
      const { base, commit } = built
      await repos.runGates({ rig: 'bench', commit, setup: null, gates: GATES, env: ENV, cache: false })
      const pushed = await repos.pushTarget({ ...rig, base, commit, head })
      if (pushed.kind !== 'landed') throw new Error(`${bead} is ${pushed.kind}`)
      await repos.removeWorktree({
        rig: 'bench',
        path,
        branch,
        name: bead,
        target: 'main',
        head,
        landed: commit,
      })
    }
    // The Refinery's checkout is part of both.
    await through(0)
    const before = await settledUse(join(dir, 'rigs'))
    for (let n = 1; n <= BEADS; n += 1) await through(n)
    const after = await settledUse(join(dir, 'rigs'))
    const growth = (after - before) / before
    return {
      name: `${BEADS} beads through ${PLACES} places, on disk`,
      found: `${(growth * 100).toFixed(1)} % more than before (${kb(after - before)})`,
      peer: `${kb(before)} before, a repository of ${DISK_FILES.toLocaleString('en')} files`,
      asked: `within ${GROWTH_MAX * 100} %`,
      holds: growth <= GROWTH_MAX,
    }
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  }
}

const kb = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KB`

/** Bytes that a folder takes, once nothing is deleted and packed there any more. */
async function settledUse(folder: string): Promise<number> {
  for (let last = -1; ; ) {
    // What goes while it is counted is no settled folder.
    const { status, stdout } = spawnSync('du', ['-s', '-B1', folder], { encoding: 'utf8' })
    const now = status === 0 ? Number(stdout.split('\t')[0]) : -2
    if (now === last) return now
    last = status === 0 ? now : -1
    await sleep(1_000)
  }
}
