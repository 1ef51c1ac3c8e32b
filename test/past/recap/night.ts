// A night in a small town: the real owners, a clock that is moved by hand, a world that takes its time and answers as
// the script says.

import { createHash } from 'node:crypto'
import { createMemoryLog } from '../../../eventlog/index.ts'
import { machineAt } from '../../../src/actors/index.ts'
import { answerPast, type PastTown } from '../../../src/api/past.ts'
import { beadOwner, decisionOwner, rigOwner } from '../../../src/events/address.ts'
import type { Heard } from '../../../src/events/hearing.ts'
import type { Message } from '../../../src/events/index.ts'
import type { AnyMessage, LogRecord } from '../../../src/events/record.ts'
import type { Recap } from '../../../src/past/recap/types.ts'
import { openSystem } from '../../../src/system/system.ts'
import type { OpenEffect } from '../../../src/system/types.ts'
import { createStates } from '../../../src/town/past/states.ts'
import { gateResult, message, RIG } from '../../support/messages.ts'

export const named = (text: string): string => createHash('sha1').update(text).digest('hex')
const BASE = named('base')
export const MINUTE = 60_000
/** Evening of the first day, by the local clock. */
export const EVENING = new Date(2027, 2, 1, 20, 0, 0, 0).getTime()

/** Virtual ms that the world takes. */
const TAKES: { readonly [kind: string]: number } = { 'gates.run': 10 * MINUTE, 'worktree.add': 2_000 }

export type Waits = Recap & {
  readonly town: string
  readonly waitsForYou: readonly {
    readonly id: string
    readonly bead: string | null
    readonly next: string
  }[]
  readonly seq: number
}

export async function createNight() {
  const clock = handClock(EVENING)
  const log = createMemoryLog()
  /** Beads whose next gates are red, whose next merge conflicts, whose target is checked out with changes. */
  const next = { red: new Set<string>(), conflicts: new Set<string>(), dirty: new Set<string>() }
  const beadsOf = new Map<string, string>()
  const red = new Set<string>()
  const trees = new Map<string, string>()
  const counted = new Map<string, { added: number; removed: number }>()

  const answer = (kind: string, params: Readonly<Record<string, unknown>>): AnyMessage => {
    const { mergeRequest } = params
    const bead =
      mergeRequest === null ? 'the target' : String(params.bead ?? beadsOf.get(String(mergeRequest)))
    switch (kind) {
      case 'rig.clone':
        return { type: 'rig.cloned', head: BASE }
      case 'worktree.add':
        return { type: 'worktree.added', base: BASE, head: BASE, path: `/town/${String(params.sandbox)}` }
      case 'session.start':
        return { type: 'session.started', pid: 1_000, command: ['/bin/worker'] }
      case 'session.stop':
        return { type: 'session.stopped', ending: { kind: 'killed', signal: 'SIGTERM' } }
      case 'worktree.verify':
        return {
          type: 'worktree.verified',
          sandbox: params.sandbox,
          head: params.head,
          dirty: [],
          commits: 1,
        }
      case 'merge.build': {
        beadsOf.set(String(mergeRequest), bead)
        if (next.conflicts.delete(bead))
          return { type: 'merge.conflicted', mergeRequest, base: BASE, files: ['cart.js'] }
        const commit = named(`commit of ${String(params.head)}`)
        trees.set(commit, named(`tree of ${commit}`))
        return { type: 'merge.built', mergeRequest, commit, tree: trees.get(commit), base: BASE }
      }
      case 'gates.run': {
        const commit = String(params.commit)
        const isRed = next.red.delete(bead) || red.has(commit)
        // Work that is tested once more is as red as before, unless that came from the target, which others mend.
        if (isRed && commit !== BASE) red.add(commit)
        else if (isRed) red.clear()
        const results = [gateResult(isRed ? 'failed' : 'passed')]
        return { type: 'gates.ran', mergeRequest, tree: trees.get(commit) ?? BASE, results }
      }
      case 'target.look':
        return { type: 'target.seen', head: BASE }
      case 'target.push': {
        if (next.dirty.has(bead))
          return { type: 'target.dirty', mergeRequest, path: '/home/ada/shop', files: ['cart.js'] }
        const lines = counted.get(bead)
        const patchId = named(String(mergeRequest))
        return {
          type: 'target.advanced',
          mergeRequest,
          head: params.commit,
          patchId,
          proof: 'patch-id',
          ...(lines && { lines }),
        }
      }
      case 'worktree.checkpoint':
      case 'worktree.shelve': {
        const kept = { ref: 'refs/gt/checkpoints/nux', commit: named('kept'), files: 0, changed: 1 }
        return kind === 'worktree.shelve'
          ? { type: 'worktree.shelved', ...kept, head: BASE }
          : { type: 'worktree.checkpointed', ...kept }
      }
      case 'worktree.remove':
        return { type: 'worktree.removed', checkpoint: null }
      case 'notice.send':
        return { type: 'notice.sent', decision: params.decision, ways: ['command'], failed: [] }
      default:
        throw new Error(`Nobody carries out ${kind}.`)
    }
  }
  const perform = ({ kind, params }: OpenEffect): Promise<{ message: AnyMessage; by: string }> =>
    new Promise((resolve) => {
      const give = () =>
        resolve({ message: answer(kind, params), by: kind.startsWith('session') ? 'host' : 'worker' })
      const ms = TAKES[kind] ?? 0
      if (ms === 0) give()
      else clock.after(ms, give)
    })
  const system = await openSystem({ log, machines: machineAt, clock, perform, onRecord: () => {} })
  let turns = 0

  /** Waits until nothing more is answered without time going on. */
  const settle = async () => {
    for (let quiet = 0, seq = -1; quiet < 12; quiet = system.seq === seq ? quiet + 1 : 0) {
      seq = system.seq
      await new Promise((resolve) => setImmediate(resolve))
      await system.idle()
    }
  }
  const pass = async (ms: number) => {
    const end = clock.now() + ms
    for (;;) {
      const due = clock.next()
      if (due === null || due > end) break
      clock.pass(Math.max(0, due - clock.now()))
      await settle()
    }
    clock.pass(end - clock.now())
    await settle()
  }
  const say = async (by: string, ...said: readonly (readonly [to: string, message: Message])[]) => {
    turns += 1
    const messages = said.map(([to, each]) => ({ to, message: each }))
    const taken = await system.take({ id: `t-${turns}`, by, messages })
    if (!taken.accepted) throw new Error(`Refused: ${taken.refusal.code} ${taken.refusal.message}`)
    await settle()
  }
  const at = (bead: string) => {
    const { sandbox } = system.owner(beadOwner(bead))?.context ?? {}
    const { session } = system.owner(String(sandbox))?.context ?? {}
    return {
      sandbox: String(sandbox),
      session: String(session),
      agent: String(sandbox).split('/sandboxes/')[0] ?? '',
    }
  }
  const exits = (session: string, signal?: string) =>
    say('host', [
      session,
      message('session.exited', {
        ending: signal === undefined ? { kind: 'exited', exitCode: 0 } : { kind: 'killed', signal },
      }),
    ])

  const past: PastTown = {
    dir: '/town',
    name: 'farm',
    townId: 't1',
    log,
    clock,
    priceOf: () => null,
    ...createStates(log),
  }
  const ask = async (path: string, query: Readonly<Record<string, unknown>> = {}) => {
    const caller = { kind: 'operator', actor: 'overseer' } as const
    const said = { path, caller, params: {}, query }
    return JSON.parse(await answerPast(past, said, new AbortController().signal))
  }

  await say('overseer', ['town', message('town.install')])
  await say('town', ['town', message('town.start', { downMs: 0 })])
  const settings = {
    'gates.test': { command: ['npm', 'test'] },
    'limits.polecats': 3,
    'limits.attempts': 2,
    // What is red is red at once: gates take their time here.
    'mq.batch': 1,
  }
  await say('overseer', [rigOwner(RIG), message('rig.add', { settings })])
  let decisions = 0
  /** How far each session's usage is counted. */
  const marks = new Map<string, number>()

  return {
    clock,
    log,
    next,
    counted,
    pass,
    say,
    at,
    ask,
    past,
    system,
    recap: (query: Readonly<Record<string, string>> = {}): Promise<Waits> => ask('/v1/recap', query),
    async records(): Promise<LogRecord[]> {
      const found: LogRecord[] = []
      for await (const { line } of log.read()) found.push(JSON.parse(line) as LogRecord)
      return found
    },
    create: (bead: string, title: string, needs: string[] = []) =>
      say(
        'overseer',
        ...needs.map((need) => [beadOwner(need), message('bead.neededBy', { bead })] as const),
        [beadOwner(bead), message('bead.create', { title, needs })],
      ),
    sling: (...beads: string[]) =>
      say(
        'overseer',
        ...beads.flatMap((bead) => [
          [beadOwner(bead), message('bead.queue')] as const,
          ['mayor', message('dispatch.request', { bead, priority: 2, group: 'g1' })] as const,
        ]),
      ),
    async done(bead: string) {
      const { sandbox, session, agent } = at(bead)
      const head = named(session)
      await say(
        agent,
        [session, message('session.done', { status: 'COMPLETED', head, commits: 1, note: '' })],
        [sandbox, message('sandbox.done', { session, head, commits: 1 })],
      )
      await exits(session)
    },
    async givesBack(bead: string, status: 'ESCALATED' | 'DEFERRED', note: string) {
      const { sandbox, session, agent } = at(bead)
      await say(
        agent,
        [session, message('session.done', { status, head: BASE, commits: 0, note })],
        [sandbox, message('sandbox.giveBack', { session, status, note })],
      )
      await exits(session)
    },
    dies: (bead: string) => exits(at(bead).session, 'SIGKILL'),
    hears: (bead: string, heard: Heard) =>
      say('host', [at(bead).session, message('session.heard', { heard, activity: null })]),
    async asks(bead: string, command: string) {
      const { session, agent } = at(bead)
      decisions += 1
      const decision = `d-abcd${decisions}`
      const context = { tool: 'Bash', command, files: [], why: null, cwd: null }
      await say(
        agent,
        [
          decisionOwner(decision),
          message('decision.open', {
            session,
            agent,
            bead,
            question: 'May it run',
            context,
            waitMs: 600_000,
          }),
        ],
        [session, message('session.asked', { decision, kind: 'permission', tool: 'Bash' })],
      )
      return decision
    },
    uses: (bead: string, costUsd: number | null, tokens = 1_000) => {
      const { session } = at(bead)
      const mark = marks.get(session) ?? 0
      marks.set(session, mark + 1)
      const usage = [
        { model: 'm', input: tokens, output: 10, cacheRead: 0, cacheWrite: 0, costUsd, requests: 1 },
      ]
      return say('host', [session, message('session.used', { from: `${mark}`, upTo: `${mark + 1}`, usage })])
    },
    async close() {
      await system.close()
      await log.close()
    },
  }
}

/** Stands still until it is told to go on. */
function handClock(start: number) {
  let now = start
  let timers: { readonly due: number; readonly fire: () => void }[] = []
  return {
    now: () => now,
    after(ms: number, fire: () => void) {
      const timer = { due: now + ms, fire }
      timers.push(timer)
      return () => {
        timers = timers.filter((each) => each !== timer)
      }
    },
    next: () => (timers.length === 0 ? null : Math.min(...timers.map(({ due }) => due))),
    pass(ms: number) {
      now += ms
      const due = timers.filter((timer) => timer.due <= now)
      timers = timers.filter((timer) => timer.due > now)
      for (const { fire } of due) fire()
    },
  }
}
