// Scripted agents: they work for a while and say `gt done` under one id until they are answered. Some die half way,
// some break a test, some fall silent, some speak twice or when their assignment is long over.

import type { AttemptReason } from '../../src/events/define.ts'
import type { Process } from './host.ts'
import type { Patch, Repository } from './repository.ts'
import type { World } from './world.ts'

export type Assignment = {
  readonly bead: string
  readonly rig: string
  readonly reason: AttemptReason
  readonly attempt: number
}
export type Status = 'COMPLETED' | 'ESCALATED' | 'DEFERRED'
export type DoneAnswer =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly code: string }
  /** Nothing is known; the same id is said again. */
  | { readonly kind: 'unknown' }

type Mishap = 'none' | 'dies' | 'exits' | 'hangs' | 'untidy' | 'saysTwice' | 'stays' | 'goesOn'

/** Runs the script of one session. */
export function runAgent(world: World, process: Process, assignment: Assignment): void {
  const { random, scheduler, faults } = world
  const repository = world.repository(assignment.rig)
  const mishap = faults.agents ? mishapOf(random.next()) : 'none'
  const workMs = random.between(15_000, 90_000)
  const end = (exitCode: number) => world.host.ended(process, { kind: 'exited', exitCode })

  scheduler.after(workMs * (mishap === 'none' ? 1 : random.next()), () => {
    if (!process.alive) return
    if (mishap === 'dies') return world.host.ended(process, { kind: 'killed', signal: 'SIGKILL' })
    if (mishap === 'exits') return end(random.between(0, 1))
    if (mishap === 'hangs') {
      world.silent.add(process.session)
      return
    }
    work(world, repository, process, assignment)
    const worktree = repository.worktrees.get(process.worktree)
    if (mishap === 'untidy' && worktree !== undefined) worktree.dirty = ['notes.txt']
    const status = faults.agents ? statusOf(random.next()) : 'COMPLETED'
    let calls = 0
    const say = (then: (answer: DoneAnswer) => void) => {
      calls += 1
      sayUntilAnswered(world, process, { id: `${process.session} done-${calls}`, status }, then)
    }
    say(function answered(answer) {
      if (answer.kind === 'refused' && answer.code === 'WORKTREE_DIRTY' && worktree !== undefined) {
        worktree.dirty = []
        return say(answered)
      }
      if (mishap === 'goesOn') work(world, repository, process, assignment, random.between(1, 9))
      if (mishap === 'saysTwice' || (answer.kind === 'refused' && random.chance(0.5)))
        return say(() => end(0))
      if (mishap !== 'stays') scheduler.after(random.between(5, 2_000), () => process.alive && end(0))
    })
  })
}

function mishapOf(chance: number): Mishap {
  const table: readonly (readonly [Mishap, number])[] = [
    ['dies', 0.08],
    ['exits', 0.05],
    ['hangs', 0.04],
    ['untidy', 0.06],
    ['saysTwice', 0.08],
    ['stays', 0.06],
    ['goesOn', 0.04],
  ]
  let sum = 0
  for (const [mishap, share] of table) {
    sum += share
    if (chance < sum) return mishap
  }
  return 'none'
}

const statusOf = (chance: number): Status =>
  chance < 0.03 ? 'ESCALATED' : chance < 0.05 ? 'DEFERRED' : 'COMPLETED'

/** Commits what the bead needs: on top of the target as it is when somebody asked for rework, and green at last. */
function work(
  world: World,
  repository: Repository,
  process: Process,
  { bead, reason, attempt }: Assignment,
  more = 0,
): void {
  if (!process.alive || !repository.worktrees.has(process.worktree)) return
  const before = repository.own(process.worktree)
  const red = world.faults.red && attempt === 1 && world.random.chance(0.25)
  const fixes = reason === 'gateFailed' || (reason === 'recovered' && world.random.chance(0.5))
  const own: Patch[] = world.filesOf(bead).map((file) => {
    const old = before.find((patch) => patch.file === file)
    if (old === undefined) return { bead, file, revision: attempt + more * 100, red }
    return fixes || more > 0 ? { ...old, revision: attempt + more * 100, red: old.red && !fixes } : old
  })
  repository.commit(process.worktree, own, reason !== 'first')
}

/** Repeats one id until somebody answers; a process that is dead says nothing. */
function sayUntilAnswered(
  world: World,
  process: Process,
  call: { readonly id: string; readonly status: Status },
  then: (answer: DoneAnswer) => void,
): void {
  const { random, scheduler } = world
  let over = false
  const again = () => scheduler.after(random.between(100, 4_000), attempt)
  const attempt = () => {
    if (over || !process.alive) return
    const daemon = world.daemon
    if (daemon === null) return again()
    let heard = false
    void daemon.done(process.session, call.id, call.status).then((answer) => {
      scheduler.after(random.between(0, 5), () => {
        if (over || !process.alive || !daemon.alive) return
        heard = true
        if (answer.kind === 'unknown') return again()
        over = true
        world.checker.answered(call.id, answer.kind)
        then(answer)
      })
    })
    // No answer within the client's patience: the same id once more, the first call may still be under way.
    scheduler.after(random.between(2_000, 10_000), () => {
      if (!heard) attempt()
    })
  }
  scheduler.after(random.between(1, 50), attempt)
}
