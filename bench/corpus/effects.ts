// Effects, answered by a table: how long each takes, and what comes of it.

import type { EffectParams } from '../../src/events/index.ts'
import type { AnyMessage } from '../../src/events/record.ts'
import type { OpenEffect, Perform } from '../../src/system/types.ts'
import { HOUR, MINUTE, type World } from './world.ts'

type Params = { readonly [key: string]: string }
type Answers = (world: World, params: Params, effect: OpenEffect) => AnyMessage
type Entry = {
  readonly by: 'host' | 'worker' | 'town'
  /** Middle and most, ms. */
  readonly takes: readonly [number, number]
  readonly answer: Answers
}

const FAILURES = [
  ['GIT_FAILED', 'git said: fatal: unable to access the remote, the connection was reset by its peer'],
  ['GIT_FAILED', 'git said: error: could not lock config file, it exists already'],
  ['DISK_FULL', 'git said: fatal: write error: no space left on device'],
] as const

function failure(world: World): { code: string; message: string } {
  const [code, message] = world.random.pick(FAILURES)
  return { code, message }
}

const table: Readonly<Record<string, Entry>> = {
  'rig.clone': {
    by: 'worker',
    takes: [20_000, 3 * MINUTE],
    answer(world, { rig = '' }) {
      const head = world.texts.object()
      world.heads.set(rig, head)
      return { type: 'rig.cloned', head }
    },
  },
  'worktree.add': {
    by: 'worker',
    takes: [900, 60_000],
    answer(world, { rig = '', sandbox = '' }) {
      if (world.random.chance(0.004)) return { type: 'worktree.notAdded', ...failure(world) }
      const base = world.heads.get(rig) ?? ''
      world.worktrees.set(sandbox, { base, head: base, commits: 0 })
      return { type: 'worktree.added', base, head: base, path: pathOf(sandbox) }
    },
  },
  'worktree.verify': {
    by: 'worker',
    takes: [150, 10_000],
    answer(world, { sandbox = '', head = '' }) {
      if (world.random.chance(0.006)) return { type: 'worktree.notVerified', sandbox, ...failure(world) }
      const dirty = world.random.chance(0.01) ? world.texts.paths(2) : []
      const commits = world.worktrees.get(sandbox)?.commits ?? 1
      return { type: 'worktree.verified', sandbox, head, dirty, commits }
    },
  },
  'worktree.remove': {
    by: 'worker',
    takes: [300, 30_000],
    answer(world, { sandbox = '' }) {
      if (world.random.chance(0.006))
        return { type: 'worktree.kept', code: 'NOT_PROVED', message: 'its patch is not in the target' }
      world.worktrees.delete(sandbox)
      return { type: 'worktree.removed', checkpoint: null }
    },
  },
  'worktree.checkpoint': {
    by: 'worker',
    takes: [250, 20_000],
    answer: (world, { sandbox = '' }) =>
      world.random.chance(0.01)
        ? { type: 'worktree.notCheckpointed', ...failure(world) }
        : { type: 'worktree.checkpointed', ...kept(world, sandbox) },
  },
  'worktree.shelve': {
    by: 'worker',
    takes: [400, 30_000],
    answer: (world, { sandbox = '' }) =>
      world.random.chance(0.02)
        ? { type: 'worktree.kept', ...failure(world) }
        : {
            type: 'worktree.shelved',
            ...kept(world, sandbox),
            head: world.worktrees.get(sandbox)?.head ?? world.texts.object(),
          },
  },
  'worktree.restore': {
    by: 'worker',
    takes: [900, 60_000],
    answer(world, { sandbox = '', head = '', path = '', rig = '' }) {
      const base = world.worktrees.get(sandbox)?.base ?? world.heads.get(rig) ?? head
      world.worktrees.set(sandbox, { base, head, commits: 1 })
      return { type: 'worktree.added', base, head, path }
    },
  },
  'notice.send': {
    by: 'town',
    takes: [200, 5_000],
    answer: (world, { decision = '' }) =>
      world.random.chance(0.04)
        ? { type: 'notice.notSent', decision, code: 'NOTICE_FAILED', message: 'The webhook answered 503.' }
        : { type: 'notice.sent', decision, ways: ['desktop', 'webhook'], failed: [] },
  },
  'nudge.write': {
    by: 'host',
    takes: [350, 4_000],
    answer: (world) =>
      world.random.chance(0.06)
        ? { type: 'nudge.held', reason: 'a line of a person stands in its composer', lineAt: 'untyped' }
        : { type: 'nudge.written' },
  },
  'nudge.enter': {
    by: 'host',
    takes: [250, 2_000],
    answer: (world) =>
      world.random.chance(0.3)
        ? { type: 'nudge.held', reason: 'its program holds it for after the turn', lineAt: 'queued' }
        : { type: 'nudge.held', reason: 'its program has read it', lineAt: 'gone' },
  },
  'merge.build': {
    by: 'worker',
    takes: [1_500, MINUTE],
    answer(world, { mergeRequest = '', rig = '' }) {
      const base = world.heads.get(rig) ?? ''
      const outcome = world.random.next()
      if (outcome < 0.006) return { type: 'merge.notBuilt', mergeRequest, ...failure(world) }
      if (outcome < 0.01) return { type: 'merge.empty', mergeRequest, base }
      if (outcome < 0.075) {
        const files = world.texts.paths(world.random.between(1, 6))
        return { type: 'merge.conflicted', mergeRequest, base, files }
      }
      const { object } = world.texts
      return { type: 'merge.built', mergeRequest, commit: object(), tree: object(), base }
    },
  },
  'gates.run': {
    by: 'worker',
    takes: [45_000, HOUR],
    answer: (world, _, { params }) => gatesRan(world, params),
  },
  'stack.ahead': {
    by: 'worker',
    takes: [50_000, HOUR],
    answer(world, _, { params }) {
      const { requests, batch } = params as unknown as EffectParams<'stack.ahead'>
      const mergeRequests = requests.slice(0, batch).map(({ mergeRequest }) => mergeRequest)
      const outcome = world.random.chance(0.1) ? 'red' : 'passed'
      return {
        type: 'ahead.ran',
        outcome,
        commit: world.texts.object(),
        tree: world.texts.object(),
        mergeRequests,
      }
    },
  },
  'target.look': {
    by: 'worker',
    takes: [300, 5_000],
    answer: (world, { rig = '' }) => ({
      type: 'target.seen',
      head: world.heads.get(rig) ?? world.texts.object(),
    }),
  },
  'target.push': {
    by: 'worker',
    takes: [900, 30_000],
    answer(world, { mergeRequest = '', rig = '', commit = '' }) {
      const outcome = world.random.next()
      if (outcome < 0.015) {
        const head = world.texts.object()
        world.heads.set(rig, head)
        return { type: 'target.moved', mergeRequest, head }
      }
      if (outcome < 0.02) return { type: 'target.refused', mergeRequest, ...failure(world) }
      if (outcome < 0.024)
        return { type: 'target.dirty', mergeRequest, path: `/home/you/${rig}`, files: world.texts.paths(3) }
      world.heads.set(rig, commit)
      return {
        type: 'target.advanced',
        mergeRequest,
        head: commit,
        patchId: world.texts.object(),
        proof: 'same patch',
      }
    },
  },
}

/** `starts` and `stops`: those of sessions, for a program begins or ends with them. */
export function answering(
  world: World,
  sessions: Readonly<Record<'session.start' | 'session.stop', Perform>>,
): Perform {
  return async (effect) => {
    const { kind, params } = effect
    if (kind === 'session.start' || kind === 'session.stop') return sessions[kind](effect)
    const entry = table[kind]
    if (entry === undefined) throw new Error(`The corpus has no answer to ${kind}`)
    const [middle, most] = entry.takes
    await world.rest(world.texts.length(middle, 0.8, most))
    return { message: entry.answer(world, params as Params, effect), by: entry.by }
  }
}

/** What a checkpoint says of itself. */
export const kept = (world: World, sandbox: string) => ({
  ref: `refs/gt/checkpoints/${sandbox}`,
  commit: world.texts.object(),
  files: world.random.between(1, 14),
  changed: world.random.chance(0.9) ? world.random.between(1, 30) : null,
})

export const pathOf = (keeper: string): string => `/home/you/town/worktrees/${keeper.replaceAll('/', '-')}`

function gatesRan(world: World, params: OpenEffect['params']): AnyMessage {
  const { rig, mergeRequest, gates } = params as {
    rig: string
    mergeRequest: string | null
    gates: readonly { name: string; command: readonly string[] }[]
  }
  const { random, texts } = world
  if (random.chance(0.004)) return { type: 'gates.notRun', mergeRequest, ...failure(world) }
  // The target itself passes.
  const red = mergeRequest !== null && random.chance(0.15) ? random.pick(gates).name : null
  const results = gates.map(({ name, command }) => {
    const isRed = name === red
    const outcome = isRed ? (random.chance(0.1) ? 'timedOut' : 'failed') : 'passed'
    return {
      name,
      command,
      exitCode: outcome === 'passed' ? 0 : outcome === 'failed' ? 1 : null,
      durationMs: texts.length(20_000, 0.9, HOUR),
      logTail: texts
        .log(isRed ? texts.length(1_800, 0.8, 19_000) : texts.length(220, 0.6, 4_000), isRed)
        .slice(0, 20_000),
      outcome,
    }
  })
  const ran = red === null ? results : results.slice(0, gates.findIndex(({ name }) => name === red) + 1)
  // A tree that differs from what was built would be no landing.
  const tree = String(world.system.owner(`${rig}/refinery`)?.context.tree ?? '')
  return { type: 'gates.ran', mergeRequest, tree, results: ran }
}
