// A town in memory behind the real routes: the real system, machines and projections; git and processes are answered
// by a table.

import { createMemoryLog } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import { createServer } from '../../src/api/server.ts'
import type { Caller, TownHandle } from '../../src/api/town.ts'
import { masker } from '../../src/events/mask.ts'
import type { AnyMessage } from '../../src/events/record.ts'
import { type Repositories, RepositoryError, type WorktreeState } from '../../src/ports/repositories.ts'
import { applyAll, createProjections } from '../../src/projections/index.ts'
import { presets } from '../../src/pty/presets/index.ts'
import { openSystem } from '../../src/system/system.ts'
import type { OpenEffect } from '../../src/system/types.ts'
import { createHearing } from '../../src/town/agents/hearing.ts'
import { lookUpRuntime } from '../../src/town/agents/runtimes.ts'
import { pastHere } from '../../src/town/past/here.ts'

export const OPERATOR = 'operator-token'
export const HEAD = 'a'.repeat(40)
export const BASE = 'b'.repeat(40)
const AGENT = 'shop/polecats/nux'
export const FIRST_SESSION = `${AGENT}/sessions/1.1`
export const tokenOf = (session: string): string => `session:${session}`

export type TestTown = Awaited<ReturnType<typeof createTown>>

/** `rig`: begins with the rig `shop` and an agent program. */
export async function createTown({ rig = true }: { rig?: boolean } = {}) {
  const log = createMemoryLog()
  const projections = createProjections()
  const worktree: { state: WorktreeState; gone: boolean } = {
    state: { head: HEAD, branch: null, dirty: [], commits: 1, target: BASE },
    gone: false,
  }
  const operatorEnv: Record<string, string> = { PATH: '/nowhere', HOME: '/nowhere' }
  let random = 0
  const system = await openSystem({
    log,
    machines: machineAt,
    clock: { now: () => Date.now(), after },
    perform: (effect) => perform(effect),
    onRecord: (record) => applyAll(projections, record),
  })
  const clock = { now: () => Date.now(), after }
  const ids = { random: (length: number) => (random++).toString(36).padStart(length, '0').slice(-length) }
  const hearing = createHearing({ dir: '/towns/test', system, clock, ids, presets, onTrouble: () => {} })
  const town: TownHandle = {
    dir: '/towns/test',
    name: 'test',
    townId: 't1',
    system,
    projections,
    log,
    clock,
    ids,
    repositories: repositories(worktree),
    terminals: null,
    presets,
    findRuntime: (wanted) => lookUpRuntime(presets, wanted, operatorEnv),
    recordedLines: (session, _lines, until) =>
      Promise.resolve(
        `recorded of ${session}${until === undefined ? '' : ` as of ${new Date(until).toISOString()}`}`,
      ),
    recallRecording: (session) => Promise.resolve(!session.includes('/sessions/9.')),
    masker: masker(['an-operators-own-secret']),
    priceOf: ({ model, input }) => (model === 'in-the-table' ? input / 1_000 : null),
    hearing,
    authenticate,
    tokens: { draft: () => unused(), list: () => [], revoke: () => false },
    web: null,
    daemon: { pid: 1, startedAt: new Date().toISOString(), version: '0.0.0', recoveredMs: 1, program: null },
    shutDown: () => Promise.resolve(),
    replay: () => Promise.reject(new Error('not here')),
    bisect: () => Promise.reject(new Error('not here')),
    backUp: () => Promise.reject(new Error('not here')),
    past: pastHere({ dir: '/town', name: 'test', townId: 't1', log, priceOf: () => null }, { keeps: false })
      .past,
    lookAtDisk: () => Promise.resolve(),
    troubles: () => [],
  }
  const server = createServer(town)

  const ask = async (method: 'GET' | 'POST', url: string, body?: object, token: string | null = OPERATOR) => {
    const answer = await server.inject({
      method,
      url,
      ...(token !== null && { headers: { authorization: `Bearer ${token}` } }),
      ...(body !== undefined && { payload: body }),
    })
    // biome-ignore lint/suspicious/noExplicitAny: any JSON
    return { status: answer.statusCode, body: (answer.payload === '' ? null : answer.json()) as any }
  }
  const command = (name: string, body: object = {}, token?: string) =>
    ask('POST', `/v1/commands/${name}`, body, token)

  if (rig) {
    await command('rig.add', { name: 'shop', source: '/code/shop' })
    await command('config.set', { key: 'agents.mine.command', value: ['/bin/true'] })
    await command('config.set', { key: 'agents.default', value: 'mine' })
  }
  return {
    town,
    server,
    worktree,
    /** Which programs are found, and who is logged in. */
    operatorEnv,
    ask,
    get: (url: string, token?: string) => ask('GET', url, undefined, token),
    command,
    async bead(title: string, more: object = {}): Promise<string> {
      return (await command('bead.create', { title, ...more })).body.id
    },
    /** Waits until the worker of a bead is at work. */
    async working(bead: string): Promise<void> {
      await ask('GET', `/v1/beads/${bead}?until=started&waitMs=5000`)
    },
    async close() {
      await server.close()
      await system.close()
      await log.close()
    },
  }
}

const unused = (): never => {
  throw new Error('not here')
}

function after(ms: number, fire: () => void): () => void {
  // Longer than a timer of Node can be, which would fire at once; and than any test.
  if (ms > 2 ** 31 - 1) return () => {}
  const timer = setTimeout(fire, ms)
  return () => clearTimeout(timer)
}

function authenticate(token: string): Caller | null {
  if (token === OPERATOR) return { kind: 'operator', actor: 'overseer' }
  const session = /^session:(.+)$/.exec(token)?.[1]
  const agent = session?.replace(/\/sessions\/.*$/, '')
  return session === undefined || agent === undefined
    ? null
    : { kind: 'session', actor: agent, agent, session }
}

/** What a dog took away: one entry of the trash, and one recording. */
export const cleaned = {
  type: 'chore.cleaned',
  recordings: { sessions: [FIRST_SESSION], bytes: 900, until: '2090-01-01T00:00:00.000Z' },
  gone: { count: 0, bytes: 0 },
  trash: [
    {
      rig: 'shop',
      entries: [
        { sandbox: `${AGENT}/sandboxes/1`, refs: [{ ref: 'refs/gt/removed/b', commit: 'c'.repeat(40) }] },
      ],
      bytes: 13,
      stays: [{ sandbox: `${AGENT}/sandboxes/2`, why: 'It stays: there is a branch b.' }],
      notes: 0,
    },
  ],
  nextMs: null,
}

/** What needs nothing of the world is answered at once; gates and merges stay open. */
async function perform({ kind, signal }: OpenEffect): Promise<{ message: AnyMessage; by: string }> {
  const answers: { readonly [kind: string]: AnyMessage } = {
    'rig.clone': { type: 'rig.cloned', head: BASE },
    'worktree.add': { type: 'worktree.added', base: BASE, head: BASE, path: '/towns/test/w' },
    'worktree.checkpoint': {
      type: 'worktree.checkpointed',
      ref: 'refs/x',
      commit: HEAD,
      files: 2,
      changed: 3,
    },
    'worktree.shelve': {
      type: 'worktree.shelved',
      ref: 'refs/x',
      commit: HEAD,
      files: 2,
      changed: 3,
      head: BASE,
    },
    'worktree.restore': { type: 'worktree.added', base: BASE, head: BASE, path: '/towns/test/w' },
    'session.start': { type: 'session.started', pid: 7, command: ['/bin/true'] },
    'review.checkout': { type: 'review.ready', path: '/towns/test/r' },
    'review.remove': { type: 'review.removed' },
    'chore.clean': cleaned,
  }
  const message = answers[kind]
  if (message !== undefined) return { message, by: 'worker' }
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('over'))))
}

function repositories(worktree: { state: WorktreeState; gone: boolean }): Repositories {
  const unused = () => Promise.reject(new Error('not asked here'))
  return {
    async inspectRig({ source, target }) {
      if (source.includes('nothing'))
        throw new RepositoryError('NOT_A_REPOSITORY', `${source} is no git repository.`)
      if (source.includes('empty')) throw new RepositoryError('REPOSITORY_EMPTY', `${source} has no commit.`)
      const proposedTest = source.includes('untested')
        ? null
        : { command: ['npm', 'test'], source: 'package.json' }
      return {
        remote: { kind: 'local', url: source },
        source,
        target: target ?? 'main',
        head: BASE,
        proposedTest,
        branches: ['main'],
      }
    },
    async inspectWorktree({ branch }) {
      if (worktree.gone) throw new RepositoryError('WORKTREE_MISSING', 'The worktree is gone.')
      return { ...worktree.state, branch }
    },
    cloneRig: unused,
    targetHead: unused,
    addWorktree: unused,
    async checkpoint({ name }) {
      if (worktree.gone) throw new RepositoryError('WORKTREE_MISSING', 'The worktree is gone.')
      const { head } = worktree.state
      return { ref: `refs/gt/checkpoints/${name}`, commit: head, files: 0, changed: 0, isNew: false }
    },
    shelveWorktree: unused,
    showKept: ({ against }) =>
      Promise.resolve({
        commit: HEAD,
        head: against ?? BASE,
        files: [{ path: 'a.txt', added: 1, removed: 0 }],
        changed: 1,
        checkpoints: [],
      }),
    blameLine: ({ path, line }) =>
      line > 40
        ? Promise.reject(
            new RepositoryError('LINE_NOT_FOUND', `There is no line ${line} of ${path} on the target.`),
          )
        : Promise.resolve({
            commit: line === 1 ? BASE : 'c'.repeat(40),
            text: 'const total = sum(items)',
            author: { name: 'Ada', email: 'ada@example.org' },
            at: '2027-01-01T00:00:00.000Z',
            subject: 'Sum the cart',
            bead: null,
            receipt: null,
          }),
    auditTarget: ({ head, since, receipts }) =>
      Promise.resolve({
        head: head ?? HEAD,
        stale: null,
        from: since,
        rewritten: false,
        walked: receipts.length,
        unreceipted: [],
        unreceiptedCount: 0,
        gone: [],
        goneCount: 0,
      }),
    showChange: () =>
      Promise.resolve({ files: [{ path: 'a.txt', added: 1, removed: 0 }], changed: 1, added: 1, removed: 0 }),
    addReviewTree: ({ path }) => Promise.resolve({ path }),
    removeReviewTree: () => Promise.resolve({ removed: true }),
    reapKept: async () => ({ reaped: [], stays: [], notes: 0 }),
    bringBack: ({ reaped }) =>
      Promise.resolve({
        ...(reaped !== undefined && { reaped }),
        commit: HEAD,
        repository: '/towns/test/rigs/shop/repo.git',
        files: 4,
      }),
    finishWorktree: unused,
    buildMerge: unused,
    runGates: unused,
    runAhead: unused,
    endAhead: unused,
    pushTarget: unused,
    createBranch: unused,
    lookAtBranch: () => Promise.resolve({ head: HEAD, base: BASE, ahead: 2, behind: 1 }),
    removeBranch: unused,
    removeWorktree: unused,
  }
}
