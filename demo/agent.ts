// The program that plays the agent: it reads its bead, edits the files that the bead is about, commits, and is done.
//
// Owns:      what it types in its terminal, and its one commit.
// Does not:  know of other agents, land anything, or remember: what a killed one had written is in the worktree.
// Crosses:   gt prime, gt report and gt done; git in its own worktree.

import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { ANY_WORK } from './work/any-work.ts'
import type { Step, Work } from './work/edit.ts'
import { PACKAGE_WORK } from './work/package-work.ts'

type Prime = {
  readonly address: string
  readonly bead: { readonly id: string; readonly title: string }
  readonly attempt: number
  readonly reason: 'first' | 'rework' | 'gateFailed' | 'recovered' | 'handoff'
  readonly previous: { readonly logTail?: string; readonly conflictFiles?: readonly string[] }
  readonly target: string
}

/** Whatever the person's own git is set to: no signature is asked for, no hook is run. */
const QUIET = ['-c', 'commit.gpgsign=false', '-c', 'core.hooksPath=/dev/null'] as const

/** For how long the one that is to be killed waits for it, in ms. */
const WAITS_MS = 120_000

const execute = promisify(execFile)
let told: Promise<void> = Promise.resolve()

const prime = JSON.parse(run('gt', 'prime', '--json')) as Prime
const { address, bead, attempt, reason, previous, target } = prime
console.log(`${address}, bead ${bead.id}: ${bead.title} (attempt ${attempt}, ${reason})`)

const work = [...PACKAGE_WORK, ...ANY_WORK].find(({ title }) => title === bead.title)
if (work === undefined) {
  run('gt', 'done', '--status', 'ESCALATED', '--note', 'This program knows no edit for this bead.')
} else {
  if (reason === 'rework') await rebase(work)
  else if (reason === 'gateFailed') await correct(work)
  else await edit(work.steps, work.stepMs, work.killed === true && attempt === 1)
  commit(work)
  await told
  run('gt', 'done')
}

/**
 * Works through the steps; those that a killed predecessor has done already take no time. Who is to be killed half way
 * does not come to the last one, however late its end comes.
 */
async function edit(steps: readonly Step[], stepMs: number, isToBeKilled = false): Promise<void> {
  const next = steps.findIndex((step) => step.apply(read(step.file)) !== read(step.file))
  const found = next === -1 ? steps.length : next
  if (found > 0) say(`finds ${found} of ${steps.length} steps done, and goes on`)
  for (const [n, step] of [...steps.entries()].slice(found)) {
    await pause(isToBeKilled && n === steps.length - 1 ? WAITS_MS : stepMs)
    apply(step)
    say(`step ${n + 1} of ${steps.length}: ${step.say}`)
  }
}

/** The target has moved and changed the same lines: takes its version of them, and does the edit again on top. */
async function rebase({ steps, stepMs }: Work): Promise<void> {
  say(`rebases; the conflict is in ${(previous.conflictFiles ?? []).join(', ')}`)
  git('fetch', '-q', 'origin')
  const rebased = spawnSync('git', [...QUIET, 'rebase', '-q', `origin/${target}`], { stdio: 'inherit' })
  if (rebased.status === 0) return
  const conflicts = git('diff', '--name-only', '--diff-filter=U', '-z').split('\0').filter(Boolean)
  for (const file of conflicts) {
    git('checkout', '--ours', '--', file)
    await pause(stepMs / 3)
    for (const step of steps.filter((each) => each.file === file)) apply(step)
    git('add', '-f', '--', file)
  }
  git('-c', 'core.editor=true', 'rebase', '--continue')
  say(`has done its edit again on top of ${target}`)
}

async function correct({ corrections = [], stepMs }: Work): Promise<void> {
  console.log(previous.logTail ?? '')
  say('reads what the tests said')
  await edit(corrections, stepMs)
}

function apply({ file, apply }: Step): void {
  const folder = dirname(file)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, apply(read(file)))
}

/** Nothing when a killed predecessor, or the rebase, has done it. */
function commit({ title, steps }: Work): void {
  // Also in a repository that ignores such files.
  git('add', '-f', '--', ...new Set(steps.map(({ file }) => file)))
  const nothing = spawnSync('git', ['diff', '--cached', '--quiet']).status === 0
  if (!nothing) git('commit', '-q', '-m', title)
}

/** For the terminal, and for everybody who follows the town; work goes on while the town cannot hear it. */
function say(text: string): void {
  console.log(text)
  told = told.then(() => execute('gt', ['report', 'progress', text])).then(() => undefined)
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function git(...args: readonly string[]): string {
  return run('git', ...QUIET, ...args)
}

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}
