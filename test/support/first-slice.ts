// A small town on a fake world: how test/data/golden/first-slice.ndjson was made.
//
// A golden log is written once and kept as it is: `node test/support/first-slice.ts <file>` makes another one.

import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createMemoryLog } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import { beadOwner, refinery, rigOwner } from '../../src/events/address.ts'
import type { Message } from '../../src/events/index.ts'
import type { AnyMessage } from '../../src/events/record.ts'
import { openSystem } from '../../src/system/system.ts'
import type { Perform } from '../../src/system/types.ts'
import { gateResult, message, REMOTE, RIG } from './messages.ts'

const named = (text: string): string => createHash('sha1').update(text).digest('hex')
const BASE = named('base')

/** Lines of the log. */
export async function firstSlice(): Promise<string[]> {
  const clock = createHandClock(Date.UTC(2027, 2, 1, 8))
  const log = createMemoryLog()
  const system = await openSystem({
    log,
    machines: machineAt,
    clock,
    perform: createWorld(),
    onRecord: () => {},
  })
  let turns = 0
  const say = async (by: string, ...said: readonly (readonly [to: string, message: Message])[]) => {
    turns += 1
    clock.pass(1_000)
    const messages = said.map(([to, each]) => ({ to, message: each }))
    const taken = await system.take({ id: `t-${turns}`, by, messages })
    if (!taken.accepted) throw new Error(`Refused: ${taken.refusal.code} ${taken.refusal.message}`)
    await settle()
  }
  /** Waits until the fake world has nothing more to answer. */
  const settle = async () => {
    for (let quiet = 0, seq = -1; quiet < 20; quiet = system.seq === seq ? quiet + 1 : 0) {
      seq = system.seq
      await new Promise((resolve) => setImmediate(resolve))
      await system.idle()
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
  const exits = (bead: string, session: string, killed: boolean) =>
    say('host', [
      session,
      message('session.exited', {
        ending: killed ? { kind: 'killed', signal: 'SIGKILL' } : { kind: 'exited', exitCode: 0 },
      }),
    ]).then(() => bead)
  const done = async (bead: string) => {
    const { sandbox, session, agent } = at(bead)
    const head = named(session)
    await say(
      agent,
      [session, message('session.done', { status: 'COMPLETED', head, commits: 1, note: '' })],
      [sandbox, message('sandbox.done', { session, head, commits: 1 })],
    )
    await exits(bead, session, false)
  }
  const sling = (bead: string, order: number) =>
    [
      [beadOwner(bead), message('bead.queue')],
      ['mayor', message('dispatch.request', { bead, priority: order, group: 'g1' })],
    ] as const
  const create = (bead: string, title: string, needs: string[] = []) =>
    say('overseer', ...needs.map((need) => [beadOwner(need), message('bead.neededBy', { bead })] as const), [
      beadOwner(bead),
      message('bead.create', { title, needs }),
    ])

  await say('overseer', ['town', message('town.install')])
  await say('town', ['town', message('town.start', { downMs: 0 })])
  const settings = { 'gates.test': { command: ['npm', 'test'] }, 'limits.polecats': 2, 'limits.attempts': 3 }
  await say('overseer', [rigOwner(RIG), message('rig.add', { settings })])
  await say('overseer', [rigOwner('farm'), message('rig.add', { rig: 'farm', prefix: 'fa' })])
  await create('sh-1', 'Add a cart')
  await create('sh-2', 'Rename the cart')
  await create('sh-3', 'Empty the cart', ['sh-1'])
  await create('sh-4', 'Count the cart')
  await say('overseer', [beadOwner('sh-4'), message('bead.comment')])
  await say('overseer', ...['sh-1', 'sh-2', 'sh-3', 'sh-4'].flatMap((bead) => [...sling(bead, 2)]))

  await done('sh-1')
  // Conflicts with what sh-1 landed, and is submitted again.
  await done('sh-2')
  await done('sh-2')
  // Needed sh-1; its gate is red at first.
  await done('sh-3')
  await say(at('sh-3').agent, [at('sh-3').session, message('session.report')])
  await done('sh-3')
  // Dies twice: begun again at once, then 5 minutes after that.
  await exits('sh-4', at('sh-4').session, true)
  await exits('sh-4', at('sh-4').session, true)
  clock.pass(5 * 60_000)
  await settle()
  // Asks a person, who has it try again.
  const asked = at('sh-4')
  await say(
    asked.agent,
    [
      asked.session,
      message('session.done', { status: 'ESCALATED', head: BASE, commits: 0, note: 'Which cart?' }),
    ],
    [
      asked.sandbox,
      message('sandbox.giveBack', { session: asked.session, status: 'ESCALATED', note: 'Which cart?' }),
    ],
  )
  await exits('sh-4', asked.session, false)
  await say('overseer', [asked.sandbox, message('sandbox.retry')])
  await done('sh-4')
  await say('overseer', [rigOwner(RIG), message('rig.set', { key: 'limits.polecats', value: 3 })])
  await say('overseer', ['town', message('town.stop')])

  const open = [...system.owners()].filter(
    ([address, { value }]) => /^beads/.test(address) && value !== 'closed',
  )
  if (open.length > 0 || system.owner(refinery(RIG))?.value !== 'idle')
    throw new Error('Something did not land.')
  await system.close()
  const lines: string[] = []
  for await (const { line } of log.read()) lines.push(line)
  await log.close()
  return lines
}

/** Answers at once, the same way each time: one conflict, one red gate, one repository that is not there. */
function createWorld(): Perform {
  const seen = new Map<string, number>()
  const first = (key: string): boolean => {
    seen.set(key, (seen.get(key) ?? 0) + 1)
    return seen.get(key) === 1
  }
  let broken: string | null = null
  const answer = (kind: string, params: Readonly<Record<string, unknown>>): AnyMessage => {
    const mergeRequest = String(params.mergeRequest)
    const bead = String(params.bead)
    switch (kind) {
      case 'rig.clone':
        return params.rig === RIG
          ? { type: 'rig.cloned', head: BASE }
          : { type: 'rig.notCloned', code: 'REMOTE_UNREACHABLE', message: `${REMOTE.url} did not answer.` }
      case 'worktree.add':
        return {
          type: 'worktree.added',
          base: BASE,
          head: BASE,
          path: `/town/rigs/${String(params.sandbox)}`,
        }
      case 'session.start':
        return { type: 'session.started', pid: 1_000 + seen.size, command: ['/bin/worker'] }
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
      case 'merge.build':
        if (bead === 'sh-2' && first('conflict'))
          return { type: 'merge.conflicted', mergeRequest, base: BASE, files: ['cart.js'] }
        return {
          type: 'merge.built',
          mergeRequest,
          commit: named(`commit of ${String(params.head)}`),
          tree: named(`tree of commit of ${String(params.head)}`),
          base: BASE,
        }
      case 'gates.run': {
        // What was red once is red again; what is handed in after it is not.
        const commit = String(params.commit)
        if (mergeRequest.endsWith('mr-3')) broken ??= commit
        const red = commit === broken
        const results = [gateResult(red ? 'failed' : 'passed')]
        return { type: 'gates.ran', mergeRequest, tree: treeOf(commit), results }
      }
      case 'target.push':
        return {
          type: 'target.advanced',
          mergeRequest,
          head: params.commit,
          patchId: named(mergeRequest),
          proof: 'patch-id',
        }
      case 'worktree.checkpoint':
        return {
          type: 'worktree.checkpointed',
          ref: 'refs/gt/checkpoints/nux',
          commit: named(`checkpoint of ${String(params.path)}`),
          files: 0,
          changed: 1,
        }
      case 'worktree.remove':
        return { type: 'worktree.removed', checkpoint: null }
      default:
        throw new Error(`Nobody carries out ${kind}.`)
    }
  }
  const trees = new Map<string, string>()
  const treeOf = (commit: string): string => trees.get(commit) ?? ''
  return async ({ kind, params }) => {
    const message = answer(kind, params)
    if (message.type === 'merge.built') trees.set(String(message.commit), String(message.tree))
    return { message, by: kind.startsWith('session') ? 'host' : 'worker' }
  }
}

/** Stands still until it is told to go on. */
function createHandClock(start: number) {
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
    pass(ms: number) {
      now += ms
      const due = timers.filter((timer) => timer.due <= now)
      timers = timers.filter((timer) => timer.due > now)
      for (const { fire } of due) fire()
    },
  }
}

if (import.meta.main) {
  const [, , file] = process.argv
  if (file === undefined) throw new Error('Say where to write the log.')
  writeFileSync(file, `${(await firstSlice()).join('\n')}\n`)
}
