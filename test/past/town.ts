// A small town by the real actors, whose world does what a test says: for questions about where a bead stands.

import { onTestFinished } from 'vitest'
import { createMemoryLog } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import { BUDGETS, beadOwner, rigOwner } from '../../src/events/address.ts'
import type { Message, MessageOf } from '../../src/events/index.ts'
import type { AnyMessage } from '../../src/events/record.ts'
import { type Wait, waitSentence } from '../../src/past/why/wait.ts'
import { waitOf } from '../../src/past/why/waits.ts'
import { bead as beadRow } from '../../src/projections/bead-queries.ts'
import { applyAll, createProjections } from '../../src/projections/index.ts'
import { openSystem } from '../../src/system/system.ts'
import { BASE, COMMIT, gateResult, HEAD, message, RIG, TREE } from '../support/messages.ts'

/** What the world answers to an effect; null: nothing yet. */
export type World = {
  readonly [kind: string]: (params: Readonly<Record<string, unknown>>) => AnyMessage | null
}

type Settings = MessageOf<'rig.add'>['settings']
export const GATED: Settings = { 'gates.test': { command: ['npm', 'test'] }, 'limits.polecats': 1 }

const WORLD: World = {
  'rig.clone': () => ({ type: 'rig.cloned', head: BASE }),
  'worktree.add': ({ sandbox }) => ({
    type: 'worktree.added',
    base: BASE,
    head: BASE,
    path: `/town/${String(sandbox)}`,
  }),
  'session.start': () => ({ type: 'session.started', pid: 7, command: ['/bin/worker'] }),
  'session.stop': () => ({ type: 'session.stopped', ending: { kind: 'killed', signal: 'SIGTERM' } }),
  'worktree.checkpoint': () => ({
    type: 'worktree.checkpointed',
    ref: 'refs/x',
    commit: HEAD,
    files: 0,
    changed: 1,
  }),
  'notice.send': ({ decision }) => ({ type: 'notice.sent', decision, ways: [], failed: [] }),
  'worktree.remove': () => ({ type: 'worktree.removed', checkpoint: null }),
  'worktree.shelve': () => ({
    type: 'worktree.shelved',
    ref: 'refs/x',
    commit: HEAD,
    files: 0,
    changed: 1,
    head: BASE,
  }),
  'worktree.verify': ({ sandbox, head }) => ({
    type: 'worktree.verified',
    sandbox,
    head,
    dirty: [],
    commits: 1,
  }),
  'merge.build': ({ mergeRequest }) => ({
    type: 'merge.built',
    mergeRequest,
    commit: COMMIT,
    tree: TREE,
    base: BASE,
  }),
  'gates.run': ({ mergeRequest }) => ({
    type: 'gates.ran',
    mergeRequest,
    tree: TREE,
    results: [gateResult('passed')],
  }),
}

/** One rig with one place, and a gate unless `settings` say otherwise. */
export async function smallTown(world: World = {}, settings: Settings = GATED) {
  const log = createMemoryLog()
  const projections = createProjections()
  const now = Date.UTC(2027, 2, 1, 8)
  const system = await openSystem({
    log,
    machines: machineAt,
    clock: { now: () => now, after: () => () => {} },
    perform: ({ kind, params, signal }) =>
      new Promise((resolve, reject) => {
        const answer = (world[kind] ?? WORLD[kind])?.(params) ?? null
        signal.addEventListener('abort', () => reject(new Error('over')))
        if (answer !== null) resolve({ message: answer, by: kind.startsWith('session') ? 'host' : 'worker' })
      }),
    onRecord: (record) => applyAll(projections, record),
  })
  onTestFinished(async () => {
    await system.close()
    await log.close()
  })
  let turns = 0
  const say = async (by: string, ...said: readonly (readonly [to: string, message: Message])[]) => {
    turns += 1
    const messages = said.map(([to, each]) => ({ to, message: each }))
    const taken = await system.take({ id: `t-${turns}`, by, messages })
    if (!taken.accepted) throw new Error(`Refused: ${taken.refusal.code} ${taken.refusal.message}`)
    for (let quiet = 0, seq = -1; quiet < 20; quiet = system.seq === seq ? quiet + 1 : 0) {
      seq = system.seq
      await new Promise((resolve) => setImmediate(resolve))
    }
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
  await say('overseer', ['town', message('town.install')])
  await say('town', ['town', message('town.start', { downMs: 0 })])
  await say('overseer', [rigOwner(RIG), message('rig.add', { settings })])
  return {
    projections,
    say,
    at,
    create: (bead: string, needs: string[] = []) =>
      say(
        'overseer',
        ...needs.map((need) => [beadOwner(need), message('bead.neededBy', { bead })] as const),
        [beadOwner(bead), message('bead.create', { title: bead, needs })],
      ),
    sling: (bead: string) =>
      say(
        'overseer',
        [beadOwner(bead), message('bead.queue')],
        ['mayor', message('dispatch.request', { bead, agent: null, preset: null })],
      ),
    hears: (bead: string, heard: Extract<Message, { type: 'session.heard' }>['heard']) =>
      say('host', [at(bead).session, message('session.heard', { heard, activity: null })]),
    done: async (bead: string) => {
      const { sandbox, session, agent } = at(bead)
      await say(
        agent,
        [session, message('session.done', { status: 'COMPLETED', head: HEAD, commits: 1, note: '' })],
        [sandbox, message('sandbox.done', { session, head: HEAD, commits: 1 })],
      )
      await say('host', [session, message('session.exited', { ending: { kind: 'exited', exitCode: 0 } })])
    },
    exits: (bead: string) =>
      say('host', [at(bead).session, message('session.exited', { ending: { kind: 'exited', exitCode: 0 } })]),
    dies: (bead: string) =>
      say('host', [
        at(bead).session,
        message('session.exited', { ending: { kind: 'killed', signal: 'SIGKILL' } }),
      ]),
    givesBack: (bead: string, status: 'ESCALATED' | 'DEFERRED', note: string) => {
      const { sandbox, session, agent } = at(bead)
      return say(
        agent,
        [session, message('session.done', { status, head: BASE, commits: 0, note })],
        [sandbox, message('sandbox.giveBack', { session, status, note })],
      )
    },
    budgetReached: () => {
      const used = { usd: 5, tokens: 5_000, unpriced: 0 }
      return say('overseer', [
        BUDGETS,
        message('budget.set', {
          scope: 'town',
          id: 'town',
          usd: 5,
          tokens: null,
          per: 'total',
          total: used,
          spent: used,
          record: 1,
          until: null,
        }),
      ])
    },
    wait(bead: string): Wait | null {
      const row = beadRow(projections.beads.rows, bead)
      return row === null ? null : waitOf(projections, row)
    },
    sentence(bead: string): string {
      const wait = this.wait(bead)
      return wait === null ? '' : waitSentence(wait, () => 'T')
    },
  }
}
