// One session of a polecat: it works step by step, and hands in, hands over, gives back, or dies.

import { beadOwner, sandboxOfSession } from '../../src/events/address.ts'
import { kept } from './effects.ts'
import { Program } from './program.ts'
import { MINUTE, type Process, type World } from './world.ts'

const step = (world: World): number => world.texts.length(65_000, 0.5, 8 * MINUTE) + 30_000

export async function polecatAtWork(world: World, process: Process, runtimeSession: string): Promise<void> {
  if (!process.alive) return
  const program = new Program(world, process)
  const { random, texts } = world
  const sandbox = sandboxOfSession(process.session)
  await program.greets(runtimeSession)
  if (!(await program.goesOn(random.between(300, 2_500)))) return
  await program.hears({ kind: 'turnStarted', via: 'hook', nudge: null })

  for (let left = texts.length(process.resumes ? 4 : 8, 0.6, 90); left > 0; left -= 1) {
    if (!(await program.goesOn(step(world)))) return
    await program.acts()
    if (!process.alive) return
    if (random.chance(0.5)) await program.uses()
    if (random.chance(0.25)) commits(world, sandbox)
    if (!(await happens(world, program, sandbox))) return
  }
  if (!(await program.goesOn(random.between(5_000, 60_000)))) return
  commits(world, sandbox)
  await program.uses()
  await handsIn(world, program, sandbox)
}

function commits(world: World, sandbox: string): void {
  const worktree = world.worktrees.get(sandbox)
  if (worktree === undefined) return
  worktree.head = world.texts.object()
  worktree.commits += 1
}

/** What may come between two steps. False when the session is over with it. */
async function happens(world: World, program: Program, sandbox: string): Promise<boolean> {
  const { random, texts } = world
  const { process } = program
  const { session, bead } = process
  if (random.chance(0.09)) {
    const data = { text: texts.prose(texts.length(150, 0.7, 3_000)), step: random.between(1, 9) }
    await world.say(session, {
      to: session,
      message: { type: 'session.report', report: { type: 'progress', data } },
    })
  }
  if (random.chance(0.04) && bead !== null)
    await world.say(session, {
      to: beadOwner(bead),
      message: { type: 'bead.comment', text: texts.prose(texts.length(240, 0.9, 12_000)) },
    })
  if (random.chance(0.12))
    await world.say('town', {
      to: sandbox,
      message: { type: 'sandbox.checkpointed', ...kept(world, sandbox) },
    })
  if (random.chance(0.05)) await program.asks()
  if (random.chance(0.012)) {
    await program.hears({
      kind: 'limited',
      via: 'screen',
      until: inMs(world, 20 * MINUTE),
      message: 'resets soon',
    })
    if (!(await program.goesOn(21 * MINUTE))) return false
    await program.hears({ kind: 'turnStarted', via: 'hook', nudge: null })
  }
  if (random.chance(0.01)) {
    await program.hears({
      kind: 'turnFailed',
      via: 'hook',
      error: 'overloaded',
      message: 'The service said 529.',
    })
    if (!(await program.goesOn(2 * MINUTE))) return false
    await program.hears({ kind: 'turnStarted', via: 'hook', nudge: null })
  }
  if (program.full && random.chance(0.5)) {
    if (random.chance(0.4)) return handsOver(world, program, sandbox, 'compact')
    if (!(await program.compacts())) return false
  }
  if (random.chance(0.006)) return handsOver(world, program, sandbox, 'asked')
  if (random.chance(0.006)) {
    if (random.chance(0.5)) program.exits(1)
    else world.exit(process, { kind: 'killed', signal: random.chance(0.7) ? 'SIGKILL' : 'SIGSEGV' })
  }
  return process.alive
}

const inMs = (world: World, ms: number): string => new Date(world.now + ms).toISOString()

async function handsOver(
  world: World,
  program: Program,
  sandbox: string,
  trigger: 'asked' | 'compact',
): Promise<boolean> {
  const { texts, random } = world
  const { session } = program.process
  const note = texts.prose(texts.length(1_400, 0.7, 18_000))
  const mark = world.worktrees.get(sandbox)?.head ?? texts.object()
  await world.say(
    session,
    { to: session, message: { type: 'session.handOff' } },
    { to: sandbox, message: { type: 'sandbox.handOff', session, note, trigger, mark } },
  )
  if (await program.goesOn(random.between(200, 2_500))) program.exits(0)
  return false
}

async function handsIn(world: World, program: Program, sandbox: string): Promise<void> {
  const { random, texts } = world
  const { process } = program
  const { session } = process
  const { head = texts.object(), commits: count = 1 } = world.worktrees.get(sandbox) ?? {}
  const chance = random.next()
  const status = chance < 0.025 ? 'ESCALATED' : chance < 0.035 ? 'DEFERRED' : 'COMPLETED'
  const note = texts.prose(texts.length(status === 'COMPLETED' ? 180 : 320, 0.6, 1_900)).slice(0, 1_950)
  const done = { to: session, message: { type: 'session.done', status, head, commits: count, note } } as const
  const result =
    status === 'COMPLETED'
      ? await world.say(session, done, {
          to: sandbox,
          message: { type: 'sandbox.done', session, head, commits: count },
        })
      : await world.say(session, done, {
          to: sandbox,
          message: { type: 'sandbox.giveBack', session, status, note },
        })
  if (!result.accepted || !(await program.goesOn(random.between(300, 2_500)))) return
  await program.hears({ kind: 'turnEnded', via: 'hook', background: 0 }, program.activity('Bash'))
  if (await program.goesOn(random.between(50, 400))) program.exits(0)
}
