// A real town with the real Claude Code in it, a model on the loopback that plays what it is told to, and nothing else
// of this machine's person.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from '../../src/events/record.ts'
import { processes } from '../../src/pty/processes.ts'
import { makeTown, type TestTown } from '../support/town.ts'
import { type AgentHome, claudeWasSetUp, MADE_UP_KEY, openHome } from './home.ts'
import { startMessagesModel } from './messages-model.ts'
import type { Model, ModelReply, ModelRequest } from './model.ts'
import { fetchedProgram } from './versions.ts'

/** For a machine that others use as well. */
export const PATIENCE_MS = 60_000
const LAUNCHER = join(import.meta.dirname, '../../bin/gt')

export type Said = { readonly exitCode: number; readonly stdout: string; readonly stderr: string }

/** What the model says next; a function is told the worktree of the agent that asks. */
export type Play = ModelReply | ((worktree: string, request: ModelRequest) => ModelReply)

export type AgentTown = TestTown & {
  readonly home: AgentHome
  readonly model: Model
  /** `gt` as the person types it. */
  gt(...args: readonly string[]): Promise<Said>
  /** The town with what the person's environment holds now; also after a kill. */
  again(): Promise<number>
  /** A bead slung to Claude Code, and what the model says while it works on it; when there is nothing left: `Done.` */
  work(title: string, ...plays: readonly Play[]): Promise<string>
  /** What it says next, of that bead. */
  plays(bead: string, ...plays: readonly Play[]): void
  /** What the model was asked of a bead. */
  asked(bead: string): readonly ModelRequest[]
  lands(bead: string): Promise<void>
  /** Those that the sessions of a bead, or of all, have left. */
  left(bead?: string): readonly number[]
  /** Where the agent stood, one after the other, without repetitions. */
  stood(bead: string): string[]
  /** The person's own state of Claude Code, as text. */
  state(): string
  end(): Promise<void>
}

type How = {
  readonly gate?: readonly string[]
  /** Settings of the rig. */
  readonly rig?: Readonly<Record<string, Json>>
  /** Settings of the town. */
  readonly town?: Readonly<Record<string, Json>>
  /** Of the person's environment; what it names beyond logins is let through by `env.allow`. */
  readonly env?: Readonly<Record<string, string>>
  readonly login?: (model: Model) => Readonly<Record<string, string>>
}

export async function townOfClaude(how: How = {}): Promise<AgentTown> {
  const program = fetchedProgram('claude')
  if (program === null) throw new Error('Claude Code is not here: run `npm run agents`.')
  const home = openHome()
  claudeWasSetUp(home)
  const model = await startMessagesModel()
  const { env = {}, login = withKey } = how
  const person = { ...nobodyElse(), ...home.env(), ...env, ...login(model) }
  // What the town's own commands are found by.
  const allowed = ['CLAUDE_CODE_TMPDIR', ...Object.keys(env)]
  const town = await makeTown({ 'env.allow': allowed, ...how.town })
  await town.up(person)
  await town.command('config.set', { key: 'agents.claude.command', value: [program] })
  await town.addRig(how.gate ?? ['true'], how.rig)
  const plays = new Map<string, Play[]>()
  // As its orders say, which it hears again when it goes on with a conversation.
  const worktreeOf = ({ text }: ModelRequest) => /You are in (\S+), on branch/.exec(text)?.[1] ?? ''
  const beadOf = ({ text }: ModelRequest) => /Your work is bead ([\w-]+):/.exec(text)?.[1] ?? ''
  const beadOfSession = new Map<string, string>()
  const worktreeOfSession = new Map<string, string>()
  model.answer((request) => {
    const { session } = request
    if (!beadOfSession.has(session)) {
      beadOfSession.set(session, beadOf(request))
      worktreeOfSession.set(session, worktreeOf(request))
    }
    const play = plays.get(beadOfSession.get(session) ?? '')?.shift()
    return typeof play === 'function' ? play(worktreeOfSession.get(session) ?? '', request) : (play ?? null)
  })
  return {
    ...town,
    home,
    model,
    gt: (...args) => runGt(args, { ...home.env(), GT_TOWN: town.dir, NO_COLOR: '1' }, home.root),
    again: () => town.up(person),
    async work(title, ...more) {
      const bead = await town.bead(title)
      plays.set(bead, [...more])
      await town.sling([bead], 'claude')
      return bead
    },
    plays: (bead, ...more) => {
      plays.set(bead, [...more])
    },
    asked: (bead) => model.all.filter(({ session }) => beadOfSession.get(session) === bead),
    async lands(bead) {
      await town.fact(`${bead} lands`, 'BeadLanded', { bead }, PATIENCE_MS)
      await town.fact(`the last session of ${bead} ends`, 'SessionEnded', { bead, done: true }, PATIENCE_MS)
    },
    left: (bead) =>
      processes
        .withMarker([bead === undefined ? `GT_TOWN_ID=${town.id}` : `GT_BEAD=${bead}`])
        .map(({ pid }) => pid),
    stood: (bead) =>
      town
        .facts('AgentStands')
        .filter((fact) => fact.bead === bead)
        .map(({ standing }) => (standing as { state: string }).state),
    state: () => readFileSync(join(home.home, '.claude.json'), 'utf8'),
    async end() {
      await town.down()
      await town.checkLog()
      await town.close()
      await model.close()
      home.remove()
    },
  }
}

const withKey = (model: Model) => ({ ANTHROPIC_API_KEY: MADE_UP_KEY, ANTHROPIC_BASE_URL: model.url })

/** All that the machine's own environment holds, emptied: no login and no proxy of anybody's gets in. */
export function nobodyElse(): Record<string, string> {
  const kept = /^(?:NODE|VITEST|GT_|npm_)/
  return Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => !kept.test(name))
      .map((name) => [name, '']),
  )
}

export function runGt(args: readonly string[], env: Record<string, string>, cwd: string): Promise<Said> {
  return new Promise((resolve) => {
    execFile(LAUNCHER, args, { env, cwd }, (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    )
  })
}
