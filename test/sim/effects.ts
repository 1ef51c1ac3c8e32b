// Effects as the simulated world carries them out: after a while, once more after a crash, and not always well.

import type { EffectParams } from '../../src/events/index.ts'
import type { AnyMessage } from '../../src/events/record.ts'
import type { OpenEffect } from '../../src/system/types.ts'
import { runAgent } from './agents.ts'
import type { Daemon } from './daemon.ts'
import { lookAtPull, mergePull, openPull } from './forge.ts'
import type { World } from './world.ts'

type Params = { readonly [key: string]: string }
type Answer = { readonly message: AnyMessage; readonly by: string }

/** [shortest, longest] until it has happened in the world, ms. */
const DURATIONS: Readonly<Record<string, readonly [number, number]>> = {
  'rig.clone': [100, 2_000],
  'worktree.add': [20, 800],
  'worktree.verify': [5, 100],
  'worktree.remove': [5, 200],
  'worktree.checkpoint': [5, 400],
  'worktree.shelve': [5, 400],
  'worktree.restore': [20, 800],
  'session.start': [5, 60],
  'session.stop': [0, 5],
  'nudge.write': [100, 2_000],
  'nudge.enter': [100, 1_000],
  'merge.build': [20, 300],
  'gates.run': [500, 8_000],
  'stack.ahead': [500, 9_000],
  'target.look': [10, 300],
  'target.push': [20, 500],
  'pull.open': [50, 900],
  'pull.look': [50, 900],
  'pull.merge': [50, 900],
}

/** How long agents may be silent here, ms: short, for a run lasts less than an hour. */
export const PATIENCE = {
  start: 60_000,
  silent: 120_000,
  tool: 180_000,
  idle: 45_000,
  cooldown: 60_000,
  program: null,
} as const

export function carryOut(world: World, daemon: Daemon, effect: OpenEffect): Promise<Answer> {
  const { random, scheduler } = world
  const [shortest, longest] = DURATIONS[effect.kind] ?? [1, 10]
  world.note(`perform ${effect.id} ${effect.kind}${effect.again ? ' again' : ''}`)
  // Host and worker are processes of their own: what they were told goes on without the daemon.
  const outlives = random.chance(0.7)
  return new Promise((resolve, reject) => {
    const answer = (message: AnyMessage) => {
      scheduler.after(random.between(0, 20), () => {
        if (daemon.alive) resolve({ message, by: effect.kind.startsWith('session.') ? 'host' : 'worker' })
      })
    }
    scheduler.after(random.between(shortest, longest), () => {
      if (!daemon.alive && !outlives) return
      if (world.faults.effects && random.chance(0.03)) {
        return scheduler.after(1, () => daemon.alive && reject(new Error('It could not be carried out.')))
      }
      happen(world, effect, answer)
    })
  })
}

function happen(world: World, { id, kind, params }: OpenEffect, answer: (message: AnyMessage) => void): void {
  const at = params as Params
  const { rig = '', mergeRequest = '', sandbox = '', path = '', branch = '', session = '' } = at
  const fails = (chance: number) => world.faults.effects && world.random.chance(chance)
  // The person's business, and of no rig.
  if (kind === 'chore.clean')
    return answer(
      fails(0.2)
        ? { type: 'chore.notDone', code: 'GIT_FAILED', message: 'no' }
        : {
            type: 'chore.cleaned',
            recordings: { sessions: [], bytes: 0, until: null },
            gone: { count: 0, bytes: 0 },
            trash: [],
            nextMs: world.random.chance(0.5) ? null : 24 * 3_600_000,
          },
    )
  if (kind === 'chore.judge') {
    const { choices } = params as unknown as EffectParams<'chore.judge'>
    const usage = {
      model: 'm-1',
      input: 900,
      output: 9,
      cacheRead: 0,
      cacheWrite: 0,
      costUsd: 0.02,
      requests: 1,
    }
    const choice = fails(0.3) ? 'perhaps' : (choices[0] ?? null)
    return answer(
      fails(0.2)
        ? { type: 'chore.notDone', code: 'NO_JUDGEMENT', message: 'no' }
        : { type: 'chore.judged', choice, why: '', runtime: 'claude', usage: [usage], seen: '' },
    )
  }
  if (kind === 'notice.send') {
    const { decision = '' } = at
    return answer(
      fails(0.2)
        ? { type: 'notice.notSent', decision, code: 'NOTICE_FAILED', message: 'no' }
        : { type: 'notice.sent', decision, ways: ['command'], failed: [] },
    )
  }
  if (kind === 'role.restart') {
    const { role, promises } = params as EffectParams<'role.restart'>
    const restarted = world.daemon?.system?.restart(role, promises) ?? { again: [], over: promises }
    return answer({ type: 'role.restarted', role, ...restarted } as AnyMessage)
  }
  const repository = world.repository(rig === '' ? (session.split('/')[0] ?? '') : rig)
  const failure = { code: 'GIT_FAILED', message: 'git said no' }
  switch (kind) {
    case 'rig.clone':
      if (fails(0.2)) return answer({ type: 'rig.notCloned', ...failure })
      return answer({ type: 'rig.cloned', head: repository.head })

    case 'worktree.add': {
      if (fails(0.05)) return answer({ type: 'worktree.notAdded', ...failure })
      const made = repository.addWorktree(`/town/${sandbox}`, branch)
      return answer({ type: 'worktree.added', ...made, path: `/town/${sandbox}` })
    }
    case 'worktree.verify': {
      const found = repository.inspect(path)
      if (found === null || fails(0.05)) return answer({ type: 'worktree.notVerified', sandbox, ...failure })
      return answer({ type: 'worktree.verified', sandbox, ...found })
    }
    case 'worktree.remove': {
      const { landed = '' } = at
      for (const { worktree, session: user } of world.host.running) {
        if (worktree === path) world.checker.violated(`${path} is removed under ${user}`)
      }
      if (fails(0.03) || !repository.removeWorktree(path, branch, landed))
        return answer({ type: 'worktree.kept', code: 'NOT_PROVED', message: 'no proof' })
      return answer({ type: 'worktree.removed', checkpoint: null })
    }
    case 'worktree.checkpoint': {
      const head = repository.inspect(path)?.head
      if (head === undefined || fails(0.1)) return answer({ type: 'worktree.notCheckpointed', ...failure })
      return answer({
        type: 'worktree.checkpointed',
        ref: `refs/${sandbox}`,
        commit: head,
        files: 0,
        changed: null,
      })
    }
    case 'worktree.shelve': {
      const isFirst = !repository.shelved.has(id)
      for (const { worktree, session: user } of world.host.running) {
        if (isFirst && worktree === path) world.checker.violated(`${path} is taken from under ${user}`)
      }
      // The worker does one request once; what it could not do stays as it was.
      if (isFirst && fails(0.1)) return answer({ type: 'worktree.kept', ...failure })
      const head = isFirst ? repository.shelve(id, path, branch) : (repository.shelved.get(id) ?? null)
      if (head === null) return answer({ type: 'worktree.kept', ...failure })
      return answer({
        type: 'worktree.shelved',
        ref: `refs/${sandbox}`,
        commit: head,
        files: 0,
        changed: null,
        head,
      })
    }
    case 'worktree.restore': {
      if (fails(0.1)) return answer({ type: 'worktree.notAdded', ...failure })
      const made = repository.restore(path, branch, at.head ?? '')
      return answer({ type: 'worktree.added', ...made, path })
    }
    case 'session.start': {
      if (fails(0.05))
        return answer({ type: 'session.notStarted', code: 'NOT_STARTED', message: 'no such program' })
      const { bead = '', worktree = '' } = at
      const context = world.daemon?.system?.owner(session)?.context
      const process = world.host.start(session, worktree, (started) =>
        runAgent(world, started, {
          bead,
          rig,
          reason: (context?.reason ?? 'first') as never,
          attempt: Number(context?.attempt ?? 1),
        }),
      )
      return answer({
        type: 'session.started',
        pid: process.pid,
        command: ['agent'],
        runtime: 'claude',
        runtimeSession: null,
        patience: PATIENCE,
      })
    }
    case 'session.stop':
      return world.host.stop(session, Number(at.graceMs), (ending) =>
        answer({ type: 'session.stopped', ending: ending as never }),
      )

    case 'nudge.write':
    case 'nudge.enter': {
      const isThere = !fails(0.1) && world.host.type(session, at.nudge ?? '')
      return answer(
        isThere ? { type: 'nudge.written' } : { type: 'nudge.held', reason: 'not now', lineAt: 'untyped' },
      )
    }

    case 'merge.build': {
      if (fails(0.05)) return answer({ type: 'merge.notBuilt', mergeRequest, ...failure })
      const { revert } = params as { revert?: { of: { commit: string }[] } }
      const { kind: outcome, ...built } =
        revert === undefined
          ? repository.buildMerge(at.head ?? '', at.onto)
          : repository.buildRevert(
              at.bead ?? '',
              revert.of.map(({ commit }) => commit),
              at.onto,
            )
      return answer({ type: `merge.${outcome}`, mergeRequest, ...built })
    }
    case 'gates.run':
      return runGates(repository, params, fails, answer)

    case 'stack.ahead':
      return testAhead(repository, params, fails, answer)

    case 'target.look':
      if (fails(0.1)) return answer({ type: 'target.notSeen', ...failure })
      return answer({ type: 'target.seen', head: repository.head })

    case 'pull.open':
      return openPull({ world, fails, answer }, params as unknown as EffectParams<'pull.open'>)
    case 'pull.look':
      return lookAtPull({ world, fails, answer }, params as unknown as EffectParams<'pull.look'>)
    case 'pull.merge':
      return mergePull({ world, fails, answer }, params as unknown as EffectParams<'pull.merge'>)

    case 'target.push': {
      const isNew = !repository.history.includes(at.commit ?? '')
      // Of what is in the target already it is said that it landed.
      if (fails(0.04) && isNew)
        return answer({ type: 'target.dirty', mergeRequest, path: '/home/ada/shop', files: ['cart.js'] })
      if (fails(0.04)) return answer({ type: 'target.refused', mergeRequest, ...failure })
      const { base = '', commit = '' } = at
      const { parts = [{ mergeRequest, commit }] } = params as {
        parts?: { mergeRequest: string; commit: string }[]
      }
      const outcome = repository.push(base, commit)
      if (outcome === 'landed' && isNew) {
        world.note(`landed ${parts.map((part) => part.commit).join()}`)
        world.checker.pushed(
          rig,
          base,
          parts.map((part) => part.commit),
        )
      }
      // It happened, and the connection broke before anybody could be told.
      if (fails(0.05)) return answer({ type: 'target.refused', mergeRequest, ...failure })
      if (outcome === 'moved') return answer({ type: 'target.moved', mergeRequest, head: repository.head })
      const proofs = parts.map((part) => ({
        mergeRequest: part.mergeRequest,
        patchId: part.commit,
        proof: 'same patch',
      }))
      return answer({
        type: 'target.advanced',
        head: repository.head,
        ...proofs.at(-1),
        mergeRequest,
        ...(proofs.length > 1 && { parts: proofs }),
      })
    }
    default:
      throw new Error(`The world knows no ${kind}`)
  }
}

/** Built like anything else, a stack upon the other; only passes are remembered. */
function testAhead(
  repository: ReturnType<World['repository']>,
  params: OpenEffect['params'],
  fails: (chance: number) => boolean,
  answer: (message: AnyMessage) => void,
): void {
  const { onto, batch, stacks = 1, requests } = params as unknown as EffectParams<'stack.ahead'>
  if (fails(0.05)) return answer({ type: 'ahead.notRun', code: 'GIT_FAILED', message: 'no' })
  let [commit, left] = [onto, requests]
  const tested: { commit: string; tree: string; mergeRequests: string[]; isRed: boolean }[] = []
  while (tested.length < stacks) {
    const mergeRequests: string[] = []
    for (const { mergeRequest, bead, head, revert } of left) {
      if (mergeRequests.length >= batch) break
      const built =
        revert === undefined
          ? repository.buildMerge(head, commit)
          : repository.buildRevert(
              bead,
              revert.of.map((one) => one.commit),
              commit,
            )
      if (built.kind !== 'built') continue
      commit = built.commit
      mergeRequests.push(mergeRequest)
    }
    if (mergeRequests.length === 0 || (tested.length > 0 && mergeRequests.length < batch)) break
    const { tree, red } = repository.runGates(commit)
    const isRed = red !== undefined || fails(0.05)
    if (!isRed) repository.known.add(tree)
    tested.push({ commit, tree, mergeRequests, isRed })
    if (isRed || mergeRequests.length < batch) break
    left = left.filter(({ mergeRequest }) => !mergeRequests.includes(mergeRequest))
  }
  const last = tested.pop()
  if (last === undefined)
    return answer({
      ...{ type: 'ahead.ran', outcome: 'conflicted', commit: null, tree: null },
      mergeRequests: [],
    })
  const { isRed, ...stack } = last
  const below = tested.map(({ isRed: _isRed, ...one }) => ({ ...one, durationMs: 1 }))
  answer({ type: 'ahead.ran', outcome: isRed ? 'red' : 'passed', ...stack, below })
}

function runGates(
  repository: ReturnType<World['repository']>,
  params: OpenEffect['params'],
  fails: (chance: number) => boolean,
  answer: (message: AnyMessage) => void,
): void {
  const { mergeRequest, commit, gates } = params as {
    mergeRequest: string | null
    commit: string
    gates: { name: string; command: string[] }[]
  }
  if (fails(0.05)) return answer({ type: 'gates.notRun', mergeRequest, code: 'SETUP_FAILED', message: 'no' })
  const { tree, red } = repository.runGates(commit)
  const isKnown = repository.known.has(tree) && !repository.red.has(tree)
  const flaky = !isKnown && fails(0.05)
  const results = gates.map(({ name, command }) => ({
    name,
    command,
    exitCode: red !== undefined || flaky ? 1 : 0,
    durationMs: 100,
    logTail: red === undefined ? 'ok' : `not ok ${red.file}`,
    outcome: !isKnown && fails(0.02) ? 'notStarted' : red !== undefined || flaky ? 'failed' : 'passed',
    ...(isKnown && { cached: { at: '2027-03-01T08:00:00.000Z', durationMs: 100 } }),
  }))
  if (gates.length > 0 && results.every(({ outcome }) => outcome === 'passed')) repository.green.add(tree)
  if (results.some(({ outcome }) => outcome === 'failed')) repository.red.add(tree)
  answer({ type: 'gates.ran', mergeRequest, tree, results })
}
