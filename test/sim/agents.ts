// Scripted agents: they greet, work for a while from tool to tool, and say `gt done`. Some die half way, some break a
// test, some fall silent, some rest before they are done, some lie, some speak twice or when it is long over.

import type { AttemptReason } from '../../src/events/define.ts'
import type { Heard } from '../../src/events/hearing.ts'
import type { Process } from './host.ts'
import type { Patch, Repository } from './repository.ts'
import { Hooks, type Status, sayUntilAnswered } from './talking.ts'
import type { World } from './world.ts'

export type Assignment = {
  readonly bead: string
  readonly rig: string
  readonly reason: AttemptReason
  readonly attempt: number
}

/** Of so many agents each: in an ordinary run with faults, and where three in ten lie, die or sit idle. */
const MISHAPS = {
  dies: [0.06, 0.06],
  exits: [0.04, 0.04],
  /** Says no more, in a turn. */
  hangs: [0.03, 0.04],
  /** The same inside a tool. */
  hangsInTool: [0.02, 0.02],
  /** Never says that it takes input. */
  mute: [0.02, 0.02],
  /** Its turn ends before anything is handed in; told to, it goes on, mostly. */
  rests: [0.03, 0.04],
  /** Whatever it is told, it does nothing. */
  lazy: [0.01, 0.03],
  limited: [0.03, 0.02],
  /** Says that it is done, and has done nothing. */
  lies: [0.03, 0.03],
  untidy: [0.05, 0],
  saysTwice: [0.07, 0],
  stays: [0.05, 0],
  goesOn: [0.04, 0],
  /** Reports a thousand things. */
  floods: [0.01, 0],
} as const
type Mishap = keyof typeof MISHAPS | 'none'

/** Runs the script of one session. */
export function runAgent(world: World, process: Process, assignment: Assignment): void {
  const { random, scheduler, faults } = world
  const repository = world.repository(assignment.rig)
  const mishap = mishapOf(random.next(), faults)
  const workMs = random.between(15_000, 90_000) * (mishap === 'none' ? 1 : random.next())
  const hooks = new Hooks(world, process)
  const hear = (heard: object) => hooks.hear({ via: 'hook', ...heard } as Heard)
  const after = (ms: number, run: () => void) => scheduler.after(ms, () => process.alive && run())
  const end = (exitCode: number) => world.host.ended(process, { kind: 'exited', exitCode })
  /** Ends its turn with nothing handed in; goes on when it is told to. */
  const rest = () => {
    hear({ kind: 'turnEnded', background: 0 })
    let told = 0
    process.prompted = (nudge) => {
      told += 1
      hear({ kind: 'turnStarted', nudge })
      const goesOn = mishap !== 'lazy' && random.chance(told === 1 ? 0.6 : 0.8)
      after(random.between(1_000, 20_000), () => {
        if (!goesOn) return hear({ kind: 'turnEnded', background: 0 })
        finish()
      })
    }
  }
  const finish = () => {
    if (mishap !== 'lies') work(world, repository, process, assignment)
    const worktree = repository.worktrees.get(process.worktree)
    if (mishap === 'untidy' && worktree !== undefined) worktree.dirty = ['notes.txt']
    const status = faults.agents ? statusOf(random.next()) : 'COMPLETED'
    let calls = 0
    const say = (then: Parameters<typeof sayUntilAnswered>[3]) => {
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
      hear({ kind: 'turnEnded', background: 0 })
      if (mishap === 'stays') process.prompted = (nudge) => hear({ kind: 'turnStarted', nudge })
      else after(random.between(5, 2_000), () => end(0))
    })
  }
  const turn = () => {
    hear({ kind: 'turnStarted', nudge: null })
    process.prompted = (nudge) => hear({ kind: 'turnStarted', nudge })
    const tools = random.between(0, 2)
    for (let n = 1; n <= tools; n += 1) {
      const at = (workMs * n) / (tools + 1)
      after(at, () => hear({ kind: 'toolStarted', tool: 'Bash' }))
      if (mishap !== 'hangsInTool' || n < tools)
        after(at + random.between(10, 2_000), () => hear({ kind: 'toolEnded', tool: 'Bash', failed: false }))
    }
    after(workMs, () => {
      switch (mishap) {
        case 'dies':
          return world.host.ended(process, { kind: 'killed', signal: 'SIGKILL' })
        case 'exits':
          return end(random.between(0, 1))
        case 'hangs':
        case 'hangsInTool':
          process.prompted = () => {}
          return
        case 'rests':
        case 'lazy':
          return rest()
        case 'limited':
          hear({ kind: 'limited', until: new Date(world.wall() + 60_000).toISOString(), message: 'limit' })
          return after(90_000, finish)
        case 'floods':
          for (let n = 0; n < 40; n += 1)
            hooks.say({ type: 'session.report', report: { type: 'note', data: n } } as never)
          return after(1_000, finish)
        default:
          return finish()
      }
    })
  }
  if (mishap === 'mute') return
  after(random.between(20, 3_000), () => {
    hear({
      kind: 'ready',
      runtimeSession: `r-${process.session}`,
      transcript: null,
      model: null,
      source: 'startup',
    })
    after(random.between(10, 500), turn)
  })
}

function mishapOf(chance: number, { agents, unreliable }: World['faults']): Mishap {
  if (!agents && !unreliable) return 'none'
  let sum = 0
  for (const [mishap, [ordinary, often]] of Object.entries(MISHAPS)) {
    sum += unreliable ? often : ordinary
    if (chance < sum) return mishap as Mishap
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
