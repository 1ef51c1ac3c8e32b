// What any agent's program says of itself: its turns, its tools, what it used, what it asks.

import { decisionOwner } from '../../src/events/address.ts'
import type { Activity, Heard, Standing, Usage } from '../../src/events/hearing.ts'
import { MINUTE, type Process, type World } from './world.ts'

const TOOLS = [
  'Bash',
  'Bash',
  'Bash',
  'Edit',
  'Edit',
  'Read',
  'Read',
  'Grep',
  'Write',
  'Glob',
  'TodoWrite',
  'Task',
]
const MODELS = ['claude-opus-5', 'claude-sonnet-5', 'claude-sonnet-5', 'claude-haiku-5'] as const

/** One program, with what it keeps of its own. */
export class Program {
  readonly process: Process
  readonly #world: World
  readonly #model: string
  #read = 0
  readonly #readOf = new Map<string, number>()
  #context = 0

  constructor(world: World, process: Process) {
    this.#world = world
    this.process = process
    this.#model = world.random.pick(MODELS)
  }

  /** Whether it still runs after so long. */
  async goesOn(ms: number): Promise<boolean> {
    await this.#world.rest(ms)
    return this.process.alive
  }

  hears(heard: Heard, activity: Activity | null = null): Promise<unknown> {
    const { session } = this.process
    return this.#world.say('host', { to: session, message: { type: 'session.heard', heard, activity } })
  }

  greets(runtimeSession: string): Promise<unknown> {
    const transcript = `/home/you/.claude/projects/-home-you-town/${runtimeSession}.jsonl`
    const source = this.process.resumes ? 'resume' : 'startup'
    return this.hears({ kind: 'ready', via: 'hook', runtimeSession, transcript, model: this.#model, source })
  }

  /** What it did in the last minute or so. */
  acts(): Promise<unknown> {
    const { random } = this.#world
    const tool = random.pick(TOOLS)
    const running = random.chance(0.55)
    const standing: Standing = {
      state: running ? 'runningTool' : 'thinking',
      since: this.#world.at,
      reason: '',
      tool: running ? tool : null,
      until: null,
    }
    const message = { type: 'session.active', standing, activity: this.activity(tool) } as const
    return this.#world.say('host', { to: this.process.session, message })
  }

  activity(lastTool: string): Activity {
    const { random } = this.#world
    const byTool: Record<string, number> = {}
    for (let n = random.between(0, 4); n > 0; n -= 1) byTool[random.pick(TOOLS)] = random.between(1, 9)
    delete byTool[lastTool]
    byTool[lastTool] = random.between(1, 6)
    const tools = Object.values(byTool).reduce((sum, count) => sum + count, 0)
    return { turns: 0, tools, failedTools: random.chance(0.2) ? 1 : 0, byTool, lastTool }
  }

  /** Its transcript has grown; now and then a subagent's. */
  async uses(): Promise<void> {
    const { random, texts } = this.#world
    const { session } = this.process
    const source = random.chance(0.06) ? `agent-${texts.letters(8)}.jsonl` : undefined
    const before = source === undefined ? this.#read : (this.#readOf.get(source) ?? 0)
    const upTo = before + texts.length(9_000, 1, 2_000_000)
    if (source === undefined) this.#read = upTo
    this.#context = Math.min(180_000, this.#context + texts.length(5_000, 0.8, 60_000))
    const usage = this.#usage()
    await this.#world.say('host', {
      to: session,
      message: {
        type: 'session.used',
        ...(source === undefined ? {} : { source }),
        from: String(before),
        upTo: String(upTo),
        usage: [usage],
      },
    })
  }

  #usage(): Usage {
    const { random, texts } = this.#world
    const requests = random.between(1, 12)
    const output = texts.length(900, 0.9, 32_000)
    const cacheRead = this.#context * requests
    const cacheWrite = texts.length(4_000, 0.8, 60_000)
    const costUsd = Math.round(output * 15 + cacheRead * 0.3 + cacheWrite * 3.75) / 1e6
    return {
      model: this.#model,
      input: random.between(3, 4_000),
      output,
      cacheRead,
      cacheWrite,
      costUsd: random.chance(0.97) ? costUsd : null,
      requests,
    }
  }

  /** Whether its context is nearly used up. */
  get full(): boolean {
    return this.#context > 150_000
  }

  async compacts(): Promise<boolean> {
    await this.hears({ kind: 'compacting', via: 'hook', trigger: 'auto' })
    if (!(await this.goesOn(this.#world.random.between(20_000, 90_000)))) return false
    await this.hears({ kind: 'compacted', via: 'hook' })
    this.#context = 20_000
    return true
  }

  /** Asks for something that no rule allows, and waits until it is settled. */
  async asks(): Promise<void> {
    const { random, texts } = this.#world
    const { session, agent, bead, rig } = this.process
    const decision = `d-${texts.letters(8)}`
    const isPermission = random.chance(0.85)
    const tool = isPermission ? 'Bash' : 'AskUserQuestion'
    const command = isPermission ? texts.command() : null
    const question = isPermission
      ? `May ${agent} run ${command}?`
      : `${texts.prose(texts.length(260, 0.8, 4_000))} Which of them?`
    const kind = isPermission ? 'permission' : 'question'
    await this.#world.say(
      session,
      { to: session, message: { type: 'session.asked', decision, kind, tool } },
      {
        to: decisionOwner(decision),
        message: {
          type: 'decision.open',
          kind,
          session,
          agent,
          rig,
          bead,
          question,
          choices: isPermission ? ['allow', 'deny'] : [texts.title(), texts.title(), 'neither'],
          context: {
            tool,
            command,
            files: isPermission && random.chance(0.2) ? texts.paths(random.between(1, 4)) : [],
            why: texts.prose(texts.length(90, 0.5, 1_500)),
            cwd: `/home/you/town/worktrees/${agent.replaceAll('/', '-')}`,
          },
          waitMs: 10 * MINUTE,
          otherwise: isPermission ? 'deny' : 'neither',
        },
      },
    )
    while (this.#world.valueOf(decisionOwner(decision)) === 'open' && (await this.goesOn(15_000)));
  }

  exits(exitCode: number): void {
    const { texts } = this.#world
    const said = exitCode === 0 ? {} : { said: texts.prose(texts.length(160, 0.6, 1_800)).slice(0, 1_900) }
    this.#world.exit(this.process, { kind: 'exited', exitCode, ...said })
  }
}
