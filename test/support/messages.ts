// Samples of each message there is, all about one worker of one rig. A message without a sample does not compile.

import type { Heard } from '../../src/events/hearing.ts'
import type { Message, MessageOf } from '../../src/events/index.ts'
import { objectName } from './records.ts'

export const RIG = 'shop'
export const BEAD = 'sh-1'
export const AGENT = 'shop/polecats/nux'
export const SANDBOX = 'shop/polecats/nux/sandboxes/1'
export const SESSION = 'shop/polecats/nux/sessions/1.1'
export const MERGE_REQUEST = 'shop/merge-requests/mr-1'
export const PULL = 'shop/pulls/mr-1'
export const REVIEW = 'shop/reviews/mr-1'
export const REVIEW_SESSION = 'shop/reviews/mr-1/sessions/1'
export const HEAD = objectName('a')
export const BASE = objectName('b')
export const COMMIT = objectName('c')
export const TREE = objectName('d')
export const BRANCH = 'polecat/nux/sh-1.1'
export const REMOTE = { kind: 'origin', url: 'https://example.org/shop.git' } as const

export const gateResult = (outcome: 'passed' | 'failed' | 'timedOut' | 'notStarted', name = 'test') => ({
  name,
  command: ['npm', 'test'],
  exitCode: outcome === 'passed' ? 0 : outcome === 'failed' ? 1 : null,
  durationMs: 120,
  logTail: outcome === 'passed' ? 'ok 1' : 'not ok 1',
  outcome,
})

const gate = { name: 'test', command: ['npm', 'test'], timeoutMs: 600_000 }
const failure = { code: 'GIT_FAILED', message: 'the disk is full' }
const work = { bead: BEAD, sandbox: SANDBOX, agent: AGENT, branch: BRANCH, head: HEAD }
const request = { mergeRequest: MERGE_REQUEST }
const resolved = { by: 'rerere' as const, files: ['cart.js'] }
const exited = { kind: 'exited', exitCode: 1 } as const

/** What the rig tells its Refinery when one gate is set. */
export const configured: MessageOf<'refinery.configure'> = {
  type: 'refinery.configure',
  remote: REMOTE,
  target: 'main',
  gates: [gate],
  setup: null,
  ungated: false,
  attemptsMax: 2,
}

export const reviewAsk: Omit<MessageOf<'review.ask'>, 'type'> = {
  mergeRequest: MERGE_REQUEST,
  refinery: `${RIG}/refinery`,
  gate: 'quality',
  bead: BEAD,
  target: 'main',
  base: BASE,
  commit: COMMIT,
  tree: TREE,
  required: true,
  review: { preset: 'claude', timeoutMs: 900_000, instructions: 'look for money' },
  results: [],
}
const verdict: Omit<MessageOf<'review.verdict'>, 'type' | 'ok' | 'note'> = {
  session: REVIEW_SESSION,
  findings: [],
  runtime: 'claude',
  model: 'm-1',
}

export const DOG = 'deacon/dogs/argos'
/** A Witness cannot say whether a tool that is silent still runs. */
export const judgement: Omit<MessageOf<'judgement.ask'>, 'type'> = {
  judgement: 'j-1',
  asker: `${RIG}/witness`,
  about: AGENT,
  rig: RIG,
  bead: BEAD,
  code: 'SILENT_IN_TOOL',
  question: 'Does the tool still get on?',
  choices: ['wait', 'nudge'],
  safe: 'wait',
  evidence: ['Bash has run for 30 min.'],
  session: SESSION,
}
const tokens = {
  model: 'm-1',
  input: 900,
  output: 20,
  cacheRead: 0,
  cacheWrite: 0,
  costUsd: 0.02,
  requests: 1,
}

/** A pull request at the forge that may be merged. */
export const pullSeen: MessageOf<'pull.seen'>['seen'] = {
  state: 'open',
  draft: false,
  head: COMMIT,
  mergeable: 'yes',
  checks: [{ name: 'build', state: 'passed', said: 'success' }],
  reviews: [{ by: 'ada', verdict: 'approved', said: 'good' }],
}

export const FORK_REMOTE = { kind: 'origin', url: '/fork/rigs/shop/origin.git' } as const
export const PARENT = {
  townId: 't1',
  name: 'demo',
  dir: '/town',
  seq: 41,
  chain: '0'.repeat(64),
  at: '2027-03-01T07:00:00.000Z',
} as const

const since = '2027-03-01T08:00:00.000Z'
const standing = { state: 'thinking', since, reason: '', tool: null, until: null } as const
const stall = {
  session: SESSION,
  kind: 'idle',
  since,
  n: 1,
  evidence: { seq: 41, what: 'its turn was over and nothing was handed in' },
  progressed: false,
  spoken: null,
} as const
const stalled = { bead: BEAD, sandbox: SANDBOX, agent: AGENT, ...stall } as const
const patience = { start: 1_000, silent: 4_000, tool: 8_000, idle: 1_000, cooldown: 2_000, program: null }
const ofTown = { scope: 'town', id: 'town' } as const
const meter = (usd: number) => ({ usd, tokens: usd * 1_000, unpriced: 0 })
const DAY = '2027-03-02T00:00:00.000Z'
const NEXT_DAY = '2027-03-03T00:00:00.000Z'
const activity = { turns: 1, tools: 3, failedTools: 1, byTool: { Bash: 2, Edit: 1 }, lastTool: 'Edit' }
const usage = {
  model: 'm-1',
  input: 11,
  output: 42,
  cacheRead: 5_000,
  cacheWrite: 700,
  costUsd: 0.02,
  requests: 1,
}
const via = 'hook'
/** One of each kind, in the order of a life. */
const HEARD: readonly Heard[] = [
  { kind: 'ready', via, runtimeSession: 'u-1', transcript: '/h/u-1.jsonl', model: 'm-1', source: 'startup' },
  { kind: 'turnStarted', via, nudge: null },
  { kind: 'turnStarted', via, nudge: 'n-1' },
  { kind: 'toolStarted', via, tool: 'Bash' },
  { kind: 'toolEnded', via, tool: 'Bash', failed: false },
  { kind: 'toolDenied', via, tool: 'Bash' },
  { kind: 'asks', via: 'screen', what: 'permission', tool: '', message: 'Do you want to proceed?' },
  { kind: 'asks', via, what: 'question', tool: 'AskUserQuestion', message: 'Which way?' },
  { kind: 'compacting', via, trigger: 'auto' },
  { kind: 'compacted', via },
  { kind: 'subagentEnded', via },
  { kind: 'limited', via: 'screen', until: since, message: 'resets 7:01am' },
  { kind: 'interrupted', via: 'screen' },
  { kind: 'looksIdle', via: 'screen' },
  { kind: 'looksBusy', via: 'screen' },
  { kind: 'stuck', via: 'screen', name: 'loggedOut', message: 'Please run /login' },
  { kind: 'turnEnded', via, background: 0 },
  { kind: 'turnEnded', via, background: 1 },
  { kind: 'turnFailed', via, error: 'rate_limit', message: '429' },
  { kind: 'ends', via, reason: 'other' },
]
const asked: Without<MessageOf<'decision.open'>> = {
  kind: 'permission',
  session: SESSION,
  agent: AGENT,
  rig: RIG,
  bead: BEAD,
  question: 'May nux run npm install?',
  choices: ['allow', 'deny'],
  context: { tool: 'Bash', command: 'npm install', files: [], why: null, cwd: '/town/shop/nux' },
  waitMs: 600_000,
  otherwise: 'deny',
}

export const CREW = 'shop/crew/ada'
export const CREW_SESSION = 'shop/crew/ada/sessions/1'
export const PLAN = 'p-abcdefgh'
export const planned = (key: string, needs: readonly string[]) => ({
  key,
  bead: `sh-${key}`,
  rig: RIG,
  title: `Do ${key}`,
  description: 'All of it.',
  acceptance: ['it works'],
  priority: 2,
  needs: needs.map((each) => `sh-${each}`),
  labels: [],
  preset: null,
})

type Without<T> = T extends unknown ? Omit<T, 'type'> : never
type Samples = {
  readonly [T in Message['type']]: readonly [Without<MessageOf<T>>, ...Without<MessageOf<T>>[]]
}

const samples: Samples = {
  'town.forked': [{ townId: 'f1', name: 'fork', parent: PARENT, cancelled: ['7.0', '9.1'] }],
  'rig.forked': [
    { remote: FORK_REMOTE, head: BASE, why: '', resumptions: [] },
    { remote: null, head: null, why: 'its target is gone', resumptions: [] },
  ],
  'sandbox.forked': [{ path: '/fork/rigs/shop/polecats/nux/1', from: 'checkpoint', commit: HEAD, why: '' }],
  'crew.forked': [{ path: '/fork/rigs/shop/crew/ada', from: 'branch', commit: HEAD, why: 'no checkpoint' }],
  'rig.park': [{ reason: 'a release' }],
  'rig.unpark': [{}],
  'rig.rejoin': [{}],
  'rig.openBranch': [{ epic: 'sh-1', branch: 'integration/sh-1' }],
  'rig.closeBranch': [{ epic: 'sh-1' }],
  'integration.create': [{ branch: 'integration/sh-1', prefix: 'sh' }],
  'integration.land': [{ method: 'merge' }],
  'integration.advanced': [{ bead: 'sh-2' }],
  'branch.created': [{ head: BASE, base: BASE }],
  'branch.notCreated': [{ code: 'BRANCH_EXISTS', message: 'There is a branch of that name.' }],
  'branch.seen': [
    { head: HEAD, reasons: [] },
    { head: HEAD, reasons: ['sh-2 is open.'] },
  ],
  'branch.notSeen': [{ code: 'REMOTE_UNREACHABLE', message: 'Nobody answers.' }],
  'branch.removed': [{ head: HEAD }],
  'branch.kept': [{ code: 'NOT_PROVED', message: 'Not all of it is in main.' }],
  'refinery.seal': [{ epic: 'sh-1' }],
  'refinery.unseal': [{}],
  'refinery.retire': [{}],
  'owner.resume': [{ value: 'nowhere', asked: [{ kind: 'timer', event: 'x', delayMs: 5 }] }],
  'town.install': [
    { townId: 't1', name: 'farm', owner: { name: 'Ada', email: 'ada@example.org' }, settings: {} },
  ],
  'town.woke': [{ sleptMs: 28_800_000 }],
  'town.start': [{ version: '0.1.0', downMs: 4_000 }],
  'town.stop': [{ reason: 'gt down' }],
  'town.giveToken': [{ token: '0a1b2c3d4e', name: '', scopes: ['read', 'write'], until: null }],
  'town.revokeToken': [{ token: '0a1b2c3d4e' }],
  'town.erase': [{ reason: 'a password', records: [{ seq: 3, digest: 'ab'.repeat(32) }] }],
  'town.estop': [{ reason: 'what is going on?' }],
  'town.thaw': [{}],
  'dispatch.hold': [
    { why: 'estop', scope: 'town', id: 'town' },
    { why: 'budget', scope: 'rig', id: RIG },
  ],
  'dispatch.letGo': [
    { why: 'estop', scope: 'town', id: 'town' },
    { why: 'budget', scope: 'rig', id: RIG },
  ],
  'budget.set': [
    {
      ...ofTown,
      usd: 40,
      tokens: null,
      per: 'day',
      total: meter(90),
      spent: meter(10),
      record: 7,
      until: DAY,
    },
    {
      ...ofTown,
      usd: 5,
      tokens: null,
      per: 'total',
      total: meter(90),
      spent: meter(90),
      record: 7,
      until: null,
    },
    {
      ...ofTown,
      usd: null,
      tokens: null,
      per: 'day',
      total: meter(0),
      spent: meter(0),
      record: 7,
      until: DAY,
    },
  ],
  'budget.unset': [ofTown],
  'budget.spent': [
    { ...ofTown, total: meter(95), record: 8, until: DAY },
    { ...ofTown, total: meter(125), record: 9, until: DAY },
    { ...ofTown, total: meter(126), record: 10, until: NEXT_DAY },
  ],
  'budget.day': [{ until: NEXT_DAY }],
  'town.set': [
    { key: 'agents.default', value: 'claude' },
    { key: 'agents.default', value: null },
  ],
  'rig.add': [
    {
      rig: RIG,
      prefix: 'sh',
      remote: REMOTE,
      source: '/home/you/shop',
      target: 'main',
      settings: { 'gates.test': { command: ['npm', 'test'] } },
    },
  ],
  'rig.cloned': [{ head: BASE }],
  'rig.notCloned': [failure],
  'rig.set': [
    { key: 'limits.polecats', value: 1 },
    { key: 'gates.none', value: true },
    { key: 'gates.test', value: null },
  ],
  'rig.addRule': [
    { rule: { tool: 'Bash', pattern: 'npm install', verdict: 'allow' } },
    { rule: { tool: 'Bash', pattern: 'npm install', verdict: 'deny' } },
  ],
  'bead.create': [
    {
      rig: RIG,
      title: 'Add a cart',
      description: '',
      beadType: 'task',
      priority: 2,
      labels: [],
      parent: null,
      needs: [],
    },
  ],
  'bead.update': [{ title: 'Add the cart' }],
  'bead.neededBy': [{ bead: 'sh-3' }],
  'bead.unneededBy': [{ bead: 'sh-3' }],
  'bead.addNeed': [{ need: 'sh-2' }, { need: BEAD }],
  'bead.dropNeed': [{ need: 'sh-2' }],
  'bead.needMet': [{ need: 'sh-2' }],
  'bead.needReopened': [{ need: 'sh-2' }],
  'bead.queue': [
    { rig: RIG, now: false },
    { rig: RIG, now: true },
    { rig: 'farm', now: false },
  ],
  'bead.unqueue': [{ reason: 'gt unsling' }],
  'bead.hook': [{ agent: AGENT, sandbox: SANDBOX }],
  'bead.rehook': [{ agent: AGENT, sandbox: SANDBOX }],
  'bead.unhook': [{ reason: 'no worktree' }],
  'bead.start': [{ session: SESSION, attempt: 1 }],
  'bead.submit': [{ head: HEAD }],
  'bead.test': [request],
  'bead.rework': [{ reason: 'gateFailed' }],
  'bead.block': [{ reason: 'a question' }],
  'bead.unblock': [{}],
  'bead.defer': [{ reason: 'later' }],
  'bead.land': [{ commit: COMMIT, ...request, agent: AGENT }],
  'bead.handIn': [{ head: HEAD }],
  'bead.revert': [{ commit: COMMIT, mergeRequest: MERGE_REQUEST, reason: 'it breaks the checkout' }],
  'bead.close': [{ reason: 'not needed' }],
  'bead.reopen': [{ reason: 'it came back' }],
  'bead.comment': [{ text: 'See the other one.' }],
  'dispatch.openRig': [
    { rig: RIG, placesMax: 1 },
    { rig: RIG, placesMax: 3 },
  ],
  'dispatch.closeRig': [{ rig: RIG }],
  'dispatch.request': [
    dispatchOf(BEAD),
    dispatchOf('sh-2'),
    { ...dispatchOf('sh-3'), agent: 'nux', priority: 0 },
    { ...dispatchOf('sh-4'), now: true },
    { ...dispatchOf('sh-5'), maxAtOnce: 1 },
  ],
  'dispatch.ready': [{ bead: BEAD }, { bead: 'sh-2' }, { bead: 'sh-3' }, { bead: 'sh-5' }],
  'dispatch.unready': [{ bead: BEAD }, { bead: 'sh-2' }],
  'dispatch.withdraw': [{ bead: BEAD, reason: 'closed' }],
  'dispatch.look': [{}],
  'disk.seen': [
    { freeBytes: 1e8, floorBytes: 1e9, totalBytes: 1e11 },
    { freeBytes: 2e9, floorBytes: 1e9, totalBytes: 1e11 },
  ],
  'dispatch.retake': [{ bead: BEAD, rig: RIG, name: 'nux', sandbox: SANDBOX }],
  'dispatch.freePlace': [{ rig: RIG, name: 'nux' }],
  'escalation.raise': [{ bead: BEAD, agent: AGENT, code: 'GAVE_UP', reason: 'It died too often.' }],
  'escalation.close': [
    { id: 'e-2', note: 'seen' },
    { id: 'e-999', note: 'seen' },
  ],
  'escalation.settle': [{ bead: BEAD, note: 'begun again' }],
  RECOVERY_NEEDED: [
    { bead: BEAD, sandbox: SANDBOX, agent: AGENT, reason: 'it was killed' },
    { bead: BEAD, sandbox: SANDBOX, agent: AGENT, reason: 'nobody saw its program end', ending: 'lost' },
  ],
  RECOVERED_BEAD: [
    {
      bead: BEAD,
      rig: RIG,
      agent: AGENT,
      sandbox: SANDBOX,
      reason: 'it did not get on',
      priority: 1,
      preset: null,
    },
  ],
  'deacon.forget': [{ bead: BEAD }, { bead: BEAD, outcome: 'landed' }],
  'deacon.townStarted': [{}],
  'deacon.due': [{}],
  'deacon.release': [{ agent: AGENT }],
  'deacon.letGo': [{}],
  'boot.found': [
    { role: 'deacon', overdue: [{ id: '7.0', what: 'deacon.due', lateMs: 300_000 }] },
    { role: 'mayor', overdue: [{ id: `dispatch/${BEAD}`, what: `dispatch of ${BEAD}`, lateMs: 300_000 }] },
  ],
  'role.restarted': [{ role: 'deacon', again: ['7.0'], over: [] }],
  'polecat.hook': [{ bead: BEAD, sandbox: SANDBOX, preset: null }],
  'polecat.rehook': [{ bead: BEAD, sandbox: SANDBOX }],
  'polecat.asked': [
    {
      session: SESSION,
      bead: BEAD,
      runtime: 'claude',
      question: 'Why by hand?',
      answered: true,
      usage: [
        { model: 'm-1', input: 1, output: 42, cacheRead: 0, cacheWrite: 0, costUsd: 0.01, requests: 1 },
      ],
    },
  ],
  'polecat.release': [{ bead: BEAD, outcome: 'landed' }],
  'sandbox.open': [{ bead: BEAD, preset: null }],
  'worktree.added': [{ base: BASE, head: BASE, path: '/town/shop/nux' }],
  'worktree.notAdded': [failure],
  'sandbox.sessionStarted': [{ session: SESSION }],
  'sandbox.sessionEnded': [
    { session: SESSION, ending: exited, done: false },
    { session: 'shop/polecats/nux/sessions/1.2', ending: { kind: 'killed', signal: 'SIGKILL' }, done: false },
    { session: SESSION, ending: { kind: 'lost', survivors: [] }, done: true },
  ],
  'sandbox.done': [
    { session: SESSION, head: HEAD, commits: 1 },
    { session: 'shop/polecats/nux/sessions/1.2', head: HEAD, commits: 2 },
  ],
  'sandbox.handOff': [
    { session: SESSION, note: 'The parser is done, its tests are not.', trigger: 'asked', mark: TREE },
    { session: SESSION, note: '', trigger: 'full', mark: HEAD },
  ],
  'sandbox.giveBack': [
    { session: SESSION, status: 'ESCALATED', note: 'Which way?' },
    { session: SESSION, status: 'DEFERRED', note: '' },
  ],
  'sandbox.rework': [
    {
      reason: 'rework',
      previous: { conflictFiles: ['cart.js'], note: 'The target changed the same lines.' },
    },
    { reason: 'gateFailed', previous: { gate: 'test', logTail: 'not ok 1' } },
  ],
  'sandbox.recover': [{ waitMs: 0 }, { waitMs: 300_000 }],
  'worktree.checkpointed': [{ ref: 'refs/gt/checkpoints/nux', commit: COMMIT, files: 2, changed: 3 }],
  'worktree.notCheckpointed': [failure],
  'sandbox.checkpointed': [{ ref: 'refs/gt/checkpoints/nux', commit: COMMIT, files: 2, changed: null }],
  'sandbox.stalled': [stall],
  'sandbox.goesOn': [{ session: SESSION }],
  'sandbox.intervene': [
    { session: SESSION, step: 'freshSession', reason: 'it made no progress' },
    { session: SESSION, step: 'redispatch', reason: 'it made no progress' },
    { session: SESSION, step: 'decision', reason: 'it made no progress' },
  ],
  'sandbox.nuke': [{ reason: 'it went astray' }],
  'sandbox.unsling': [{ reason: 'not now' }],
  'worktree.shelved': [{ ref: 'refs/gt/checkpoints/nux', commit: COMMIT, files: 2, changed: 3, head: HEAD }],
  'sandbox.undo': [{}],
  'sandbox.reject': [{ reason: 'it is not wanted any more' }],
  'sandbox.giveUp': [{ reason: '3 recoveries did not help' }],
  'sandbox.retry': [{}],
  'sandbox.pause': [{}, { reason: 'estop', graceMs: 1_000 }, { reason: 'budget', keepTurn: true }],
  'sandbox.resume': [{}, { reason: 'estop' }, { reason: 'budget' }],
  'sandbox.close': [{ commit: COMMIT, head: HEAD }],
  'worktree.removed': [{ checkpoint: null }],
  'worktree.kept': [{ code: 'NOT_PROVED', message: 'The patch is not in the target.' }],
  'crew.add': [{ branch: 'crew/ada' }],
  'crew.start': [
    { preset: null, fresh: false, path: null },
    { preset: 'claude', fresh: true, path: '/town/mayor' },
  ],
  'crew.stop': [{ reason: 'gt crew stop' }],
  'crew.pause': [{ reason: 'town' }, { reason: 'estop', graceMs: 700 }],
  'crew.resume': [{ reason: 'town' }, { reason: 'estop' }],
  'crew.checkpointed': [{ ref: 'refs/gt/checkpoints/ada', commit: COMMIT, files: 2, changed: null }],
  'crew.remove': [
    { reason: 'gt crew remove', yes: false },
    { reason: 'gt crew remove', yes: true },
  ],
  'crew.sessionEnded': [
    { session: CREW_SESSION, ending: exited },
    { session: CREW_SESSION, ending: exited, resume: 'u-1' },
    { session: 'shop/crew/ada/sessions/2', ending: exited },
  ],
  'plan.propose': [
    { title: 'A cart', beads: [planned('a', []), planned('b', ['a'])], agent: 'mayor', session: null },
    {
      title: '',
      beads: [{ ...planned('a', []), preset: 'claude', acceptance: [] }],
      agent: 'mayor',
      session: 'mayor/sessions/1',
    },
  ],
  'plan.replace': [{ by: 'p-bcdfghjk' }],
  'plan.filed': [{}],
  'session.open': [
    {
      bead: BEAD,
      worktree: '/town/shop/nux',
      branch: BRANCH,
      base: BASE,
      preset: null,
      attempt: 1,
      reason: 'first',
    },
    {
      bead: null,
      worktree: '/town/mayor',
      branch: '',
      base: null,
      preset: null,
      attempt: 2,
      reason: 'handoff',
      resume: 'u-1',
    },
  ],
  'session.started': [
    { pid: 41, command: ['claude'] },
    { pid: 41, command: ['claude'], runtime: 'claude', patience },
  ],
  'session.notStarted': [{ code: 'NOT_STARTED', message: 'There is no such program.' }],
  'session.done': [
    { status: 'COMPLETED', head: HEAD, commits: 1, note: '' },
    { status: 'ESCALATED', head: HEAD, commits: 1, note: 'Which way?' },
  ],
  'session.exited': [{ ending: exited }, { ending: { kind: 'killed', signal: 'SIGKILL' } }],
  'session.stopped': [{ ending: { kind: 'killed', signal: 'SIGTERM' } }],
  'session.stop': [{ reason: 'the town goes down' }],
  'session.handOff': [{}],
  'session.report': [{ report: { type: 'progress', data: { text: 'half way' } } }],
  'session.heard': HEARD.map((heard) => ({ heard, activity: null })) as unknown as Samples['session.heard'],
  'session.overdue': [{}],
  'session.active': [{ standing, activity }],
  'session.used': [
    { from: '0', upTo: '4096', usage: [usage] },
    { source: 'agent-1.jsonl', from: '0', upTo: '512', usage: [usage] },
  ],
  'session.asked': [{ decision: 'd-1', kind: 'permission', tool: 'Bash' }],
  'session.answered': [
    { decision: 'd-1', choice: 'allow' },
    { decision: 'd-abcdefgh', choice: 'sling' },
    { decision: 'd-abcdefgh', choice: 'file', note: 'good' },
    { decision: 'd-abcdefgh', choice: 'no', note: 'smaller, please' },
    { decision: 'd-shop-1', choice: 'approve', by: 'overseer' },
    { decision: 'd-shop-1', choice: 'refuse', by: 'overseer', note: 'not before the release' },
  ],
  'session.deliver': [
    { nudge: 'n-1', mode: 'idle' },
    { nudge: 'n-2', mode: 'queue' },
    { nudge: 'n-3', mode: 'immediate' },
  ],
  'session.delivered': [{ nudge: 'n-1' }, { nudge: 'n-9' }],
  'nudge.send': [
    {
      to: AGENT,
      session: SESSION,
      text: 'Look at the cart.',
      line: 'gt n-1: …',
      mode: 'idle',
      waitMs: 600_000,
    },
    {
      to: AGENT,
      session: SESSION,
      text: 'Go on.',
      line: 'gt n-1: …',
      mode: 'queue',
      waitMs: 600_000,
      report: { to: `${RIG}/witness`, about: SANDBOX },
    },
  ],
  'nudge.go': [{}],
  'nudge.written': [{}],
  'nudge.held': [
    { reason: 'a dialog is open', lineAt: 'untyped' },
    { reason: 'it does not read', lineAt: 'unseen' },
    { reason: 'a dialog is open', lineAt: 'composer' },
    { reason: 'it is queued by the runtime', lineAt: 'queued' },
    { reason: 'it is in the composer no more', lineAt: 'gone' },
  ],
  'nudge.notWritten': [{ code: 'INPUT_REFUSED', message: 'The program ended.' }],
  'nudge.accepted': [{ via: 'hook' }],
  'nudge.turnEnded': [{ how: 'ended' }],
  'nudge.fail': [{ code: 'AGENT_HAS_NO_SESSION', message: 'It has ended.' }],
  'nudge.withdraw': [{}],
  'decision.open': [
    asked,
    {
      ...asked,
      kind: 'approval',
      session: `${RIG}/refinery`,
      agent: `${RIG}/refinery`,
      question: 'May bead sh-1 land on main? (review)',
      choices: ['approve', 'refuse'],
      context: { tool: null, command: null, files: [], why: 'c on b, passed test', cwd: null },
      waitMs: 0,
      otherwise: 'refuse',
    },
  ],
  'decision.answer': [
    { choice: 'allow', always: false, note: '' },
    { choice: 'allow', always: true, note: '' },
    { choice: 'deny', always: false, note: 'Not here.' },
    { choice: 'maybe', always: false, note: '' },
    { choice: 'approve', always: false, note: '' },
  ],
  'decision.withdraw': [{ reason: 'its session has ended' }],
  'notice.sent': [
    { decision: 'd-1', ways: ['command'], failed: [] },
    { decision: 'e-2', ways: ['command'], failed: ['webhook: no answer'] },
  ],
  'notice.notSent': [{ decision: 'd-1', code: 'NOTICE_FAILED', message: 'no such program' }],
  POLECAT_DONE: [{ ...work, worktree: '/town/shop/nux', attempt: 1 }],
  'worktree.verified': [
    { sandbox: SANDBOX, head: HEAD, dirty: [], commits: 1 },
    { sandbox: SANDBOX, head: BASE, dirty: [], commits: 1 },
    { sandbox: SANDBOX, head: HEAD, dirty: ['cart.js'], commits: 1 },
    { sandbox: SANDBOX, head: HEAD, dirty: [], commits: 0 },
  ],
  'worktree.notVerified': [{ sandbox: SANDBOX, ...failure }],
  MERGED: [{ ...work, ...request, commit: COMMIT }],
  MERGE_FAILED: [
    { ...work, ...request, gate: 'test', logTail: 'not ok 1', attempts: 1, last: false },
    { ...work, ...request, gate: 'test', logTail: 'not ok 1', attempts: 2, last: true },
  ],
  MERGE_REJECTED: [{ ...work, ...request, reason: 'it is not wanted any more' }],
  REWORK_REQUEST: [
    { ...work, ...request, conflictFiles: ['cart.js'], note: 'same lines', attempts: 1, last: false },
    { ...work, ...request, conflictFiles: ['cart.js'], note: 'same lines', attempts: 2, last: true },
  ],
  SESSION_DIED: [{ bead: BEAD, sandbox: SANDBOX, agent: AGENT, reason: 'it was killed', ending: 'killed' }],
  WORK_STALLED: [
    { ...stalled, mark: COMMIT },
    { ...stalled, kind: 'silent', mark: null },
    { ...stalled, kind: 'start', mark: COMMIT },
    { ...stalled, kind: 'limit', mark: COMMIT },
    { ...stalled, kind: 'stuck', mark: COMMIT },
  ],
  WORK_GOES_ON: [{ sandbox: SANDBOX, session: SESSION }],
  NUDGE_OVER: [
    { nudge: 'n-1', about: SANDBOX, taken: true, code: '', message: '' },
    { nudge: 'n-0000001', about: SANDBOX, taken: false, code: 'NUDGE_NOT_TAKEN', message: 'nobody took it' },
  ],
  WORK_GIVEN_BACK: [
    { bead: BEAD, sandbox: SANDBOX, agent: AGENT, stalled: true, reason: 'no progress', preset: null },
  ],
  'refinery.configure': [
    withoutType(configured),
    { ...withoutType(configured), gates: [] },
    { ...withoutType(configured), gates: [], ungated: true },
    { ...withoutType(configured), gates: [gate, { ...gate, name: 'lint' }] },
    { ...withoutType(configured), approvals: [{ name: 'review', again: false }] },
    { ...withoutType(configured), gates: [], approvals: [{ name: 'review', again: true }] },
    { ...withoutType(configured), batch: 4, batchWaitSeconds: 30 },
    { ...withoutType(configured), batch: 1, ahead: true },
    {
      ...withoutType(configured),
      gates: [
        { ...gate, paths: ['src/**'], kind: 'test', outputMax: 4_096, junit: 'out/*.xml' },
        { ...gate, name: 'style', required: false, parallel: true },
        { ...gate, name: 'last', after: ['test'] },
      ],
    },
    { ...withoutType(configured), landing: { method: 'rebase', through: 'pull-request', approvals: 1 } },
  ],
  MERGE_READY: [
    { ...work, attempt: 1 },
    {
      ...work,
      bead: 'sh-2',
      sandbox: 'shop/polecats/toast/sandboxes/1',
      agent: 'shop/polecats/toast',
      attempt: 1,
    },
  ],
  'refinery.freeze': [{ reason: 'the release is being cut' }, { reason: '' }],
  'refinery.thaw': [{}],
  'refinery.fixes': [
    { bead: BEAD, fixes: true },
    { bead: BEAD, fixes: false },
  ],
  'refinery.bead': [
    { bead: BEAD, priority: 0, needs: ['sh-2'] },
    { bead: BEAD, priority: 2, needs: [] },
  ],
  'refinery.reject': [
    { ...request, reason: 'it is not wanted any more' },
    { mergeRequest: 'shop/merge-requests/mr-9', reason: '' },
  ],
  'refinery.revert': [
    {
      bead: 'sh-9',
      of: [{ mergeRequest: 'shop/merge-requests/mr-0', bead: 'sh-0', base: BASE, commit: HEAD }],
      reason: 'it breaks the checkout',
    },
  ],
  'refinery.retest': [{}],
  'target.seen': [{ head: BASE }, { head: TREE }],
  'target.notSeen': [failure],
  'merge.built': [
    { ...request, commit: COMMIT, tree: TREE, base: BASE },
    { ...request, commit: COMMIT, tree: TREE, base: BASE, resolved },
  ],
  'merge.conflicted': [{ ...request, base: BASE, files: ['cart.js'] }],
  'merge.empty': [{ ...request, base: BASE }],
  'merge.notBuilt': [{ ...request, ...failure }],
  'gates.ran': [
    { ...request, tree: TREE, results: [gateResult('passed')] },
    { ...request, tree: TREE, results: [gateResult('failed')] },
    { ...request, tree: TREE, results: [gateResult('timedOut')] },
    { ...request, tree: TREE, results: [gateResult('notStarted')] },
    { ...request, tree: BASE, results: [gateResult('passed')] },
    { mergeRequest: null, tree: BASE, results: [gateResult('passed')] },
    { mergeRequest: null, tree: BASE, results: [gateResult('failed')] },
    { ...request, tree: TREE, results: [] },
    {
      ...request,
      tree: TREE,
      results: [
        { ...gateResult('passed'), outcome: 'skipped', exitCode: null },
        { ...gateResult('failed', 'style'), required: false, version: 'v1' },
        {
          ...gateResult('passed', 'last'),
          cached: { at: '2027-03-01T08:00:00.000Z', durationMs: 120 },
          tests: { ran: 3, red: [], skipped: 1, complete: true },
        },
      ],
    },
  ],
  'gates.notRun': [{ ...request, ...failure }],
  'target.advanced': [
    { ...request, head: COMMIT, patchId: 'p1', proof: 'patch-id p1' },
    { ...request, head: HEAD, patchId: 'p1', proof: 'patch-id p1', merged: { commit: HEAD, tree: TREE } },
  ],
  'target.moved': [{ ...request, head: TREE }],
  'target.dirty': [{ ...request, path: '/home/ada/shop', files: ['cart.js'] }],
  'target.refused': [{ ...request, ...failure }],
  'deacon.tidy': [{}],
  'kennel.aging': [{}],
  'kennel.set': [
    { key: 'keep.trash', value: 86_400_000 },
    { key: 'judgements.mode', value: 'on' },
    { key: 'limits.dogs', value: 1 },
  ],
  'kennel.clean': [{ chore: 'empty-1', what: 'trash', olderThanMs: 0 }],
  'kennel.recalled': [{ session: SESSION }],
  'kennel.done': [
    { dog: DOG, chore: 'clean-1', ok: true, reason: '', nextMs: 86_400_000, usd: null },
    { dog: DOG, chore: 'clean-2', ok: true, reason: '', nextMs: null, usd: null },
    { dog: DOG, chore: 'empty-1', ok: false, reason: 'the disk is full', nextMs: null, usd: null },
  ],
  'judgement.ask': [judgement],
  'dog.do': [
    { chore: { kind: 'clean', id: 'clean-1', what: 'all', olderThanMs: null } },
    { chore: { kind: 'judge', id: 'judge-1', waitMs: 120_000, ...judgement } },
  ],
  'chore.cleaned': [
    {
      recordings: { sessions: [SESSION], bytes: 900, until: '2027-03-08T08:00:00.000Z' },
      gone: { count: 1, bytes: 700 },
      trash: [
        {
          rig: RIG,
          entries: [{ sandbox: SANDBOX, refs: [{ ref: 'refs/gt/removed/b', commit: HEAD }] }],
          bytes: 0,
          stays: [],
          notes: 1,
        },
      ],
      nextMs: 86_400_000,
    },
    {
      recordings: { sessions: [], bytes: 0, until: null },
      gone: { count: 0, bytes: 0 },
      trash: [],
      nextMs: null,
    },
  ],
  'chore.notDone': [failure],
  'chore.judged': [
    { choice: 'wait', why: 'a build runs', runtime: 'claude', usage: [tokens], seen: '$ make' },
    { choice: null, why: 'it answered "perhaps"', runtime: 'claude', usage: [], seen: '' },
  ],
  'judgement.given': [{ judgement: judgement.judgement, choice: 'wait', by: 'model', why: 'a build runs' }],
  'witness.judge': [{ on: true }, { on: false }],
  'ahead.begin': [
    {
      target: 'main',
      onto: COMMIT,
      date: '2027-03-01T08:00:00.000Z',
      requests: [{ ...request, bead: BEAD, agent: AGENT, branch: 'polecat/nux/sh-1', head: HEAD }],
      batch: 8,
      gates: [gate],
      setup: null,
    },
  ],
  'ahead.drop': [{ reason: 'the target moved' }],
  'ahead.over': [
    { tree: TREE, cached: true },
    { tree: BASE, cached: true },
    {
      tree: TREE,
      cached: true,
      stack: { commit: COMMIT, mergeRequests: [request.mergeRequest] },
      next: true,
    },
  ],
  'ahead.ran': [
    { outcome: 'passed', commit: COMMIT, tree: TREE, mergeRequests: [request.mergeRequest] },
    { outcome: 'red', commit: COMMIT, tree: TREE, mergeRequests: [request.mergeRequest] },
    { outcome: 'conflicted', commit: null, tree: null, mergeRequests: [] },
    {
      ...{ outcome: 'red', commit: HEAD, tree: BASE, mergeRequests: [] },
      below: [{ commit: COMMIT, tree: TREE, mergeRequests: [request.mergeRequest], durationMs: 7 }],
    },
  ],
  'ahead.notRun': [failure],
  'pull.propose': [
    {
      ...request,
      bead: BEAD,
      remote: REMOTE,
      target: 'main',
      base: BASE,
      commit: COMMIT,
      results: [gateResult('passed')],
      checks: ['build'],
      approvals: 1,
    },
    {
      ...request,
      bead: BEAD,
      remote: REMOTE,
      target: 'main',
      base: BASE,
      commit: COMMIT,
      results: [],
      checks: [],
      approvals: 0,
      revert: { of: [{ base: BASE, commit: HEAD, bead: 'sh-0' }], reason: 'it breaks' },
    },
  ],
  'pull.withdraw': [{}],
  'pull.landed': [{ commit: COMMIT }],
  'pull.opened': [{ number: 7, url: 'https://github.com/acme/shop/pull/7' }],
  'pull.notOpened': [failure, { code: 'FORGE_BUSY', message: 'later', waitMs: 900_000 }],
  'pull.seen': [
    { seen: pullSeen },
    { seen: { ...pullSeen, checks: [] } },
    { seen: { ...pullSeen, state: 'closed' } },
  ],
  'pull.notSeen': [failure, { code: 'FORGE_BUSY', message: 'later', waitMs: 900_000 }],
  'review.ask': [reviewAsk, { ...reviewAsk, commit: TREE, required: false }],
  'review.withdraw': [{}],
  'review.close': [{}],
  'review.ready': [{ path: '/town/rigs/shop/reviews/mr-1' }],
  'review.notReady': [failure],
  'review.removed': [{}],
  'review.notRemoved': [failure],
  'review.verdict': [
    { ...verdict, ok: true, note: 'it does what is asked' },
    {
      ...verdict,
      ok: false,
      note: 'it drops an item',
      findings: [{ path: 'src/cart.ts', line: 12, text: 'the last one' }],
    },
  ],
  'review.sessionEnded': [
    { session: REVIEW_SESSION, ending: exited },
    { session: REVIEW_SESSION, ending: { kind: 'notStarted', message: 'there is no such agent' } },
  ],
  'review.pause': [{ reason: 'estop', graceMs: 700 }, { reason: 'budget' }],
  'review.resume': [{ reason: 'estop' }, { reason: 'budget' }],
  'review.judged': [
    { review: REVIEW, gate: 'quality', commit: COMMIT, ok: true, said: 'passed', by: REVIEW_SESSION },
    { review: REVIEW, gate: 'quality', commit: COMMIT, ok: false, said: 'refused', by: REVIEW_SESSION },
  ],
  'pull.judged': [
    { pull: PULL, commit: COMMIT, number: 7, ok: true, what: 'pull request', said: 'passed build' },
    { pull: PULL, commit: COMMIT, number: 7, ok: false, what: 'build', said: 'it fell' },
  ],
  'pull.notMerged': [{ ...request, code: 'PULL_NOT_MERGEABLE', message: 'the forge says no' }],
  'refinery.retry': [{}],
  'refinery.hold': [{ reason: 'everybody is stopped' }],
  'refinery.letGo': [{}],
  'mr.submit': [{ ...work, rig: RIG, target: 'main', attempt: 1 }],
  'mr.build': [{}],
  'mr.test': [
    { commit: COMMIT, tree: TREE, base: BASE },
    { commit: COMMIT, tree: TREE, base: BASE, resolved },
  ],
  'mr.push': [{ results: [gateResult('passed')] }],
  'mr.resume': [{}],
  'mr.wait': [failure],
  'mr.requeue': [{ reason: 'the target moved' }],
  'mr.reject': [{ reason: 'it is not wanted any more' }],
  'mr.supersede': [{ by: 'shop/merge-requests/mr-2' }],
  'mr.conflict': [{ files: ['cart.js'] }],
  'mr.fail': [{ gate: 'test', results: [gateResult('failed')], message: 'test ended with exit code 1.' }],
  'mr.land': [{ commit: COMMIT, tree: TREE, patchId: 'p1', proof: 'patch-id p1' }],
  'effect.failed': [{ kind: 'merge.build', ...failure, params: { sandbox: SANDBOX } }],
  'owner.migrated': [{ machine: 'bead@1' }],
  'tell.refused': [
    {
      to: `beads/${BEAD}`,
      code: 'UNEXPECTED',
      message: 'This is not the time for bead.hook.',
      messages: [
        { to: `beads/${BEAD}`, message: { type: 'bead.hook', agent: AGENT, sandbox: SANDBOX } },
        { to: AGENT, message: { type: 'polecat.hook', bead: BEAD, sandbox: SANDBOX, preset: null } },
      ],
    },
    {
      to: `beads/${BEAD}`,
      code: 'BEAD_QUEUED',
      message: 'sh-1 is in the dispatch queue already.',
      messages: [{ to: `beads/${BEAD}`, message: { type: 'bead.queue', rig: RIG, now: false } }],
    },
    {
      to: SANDBOX,
      code: 'STALL_OVER',
      message: 'It has gone on.',
      messages: [
        {
          to: SANDBOX,
          message: {
            type: 'sandbox.intervene',
            session: SESSION,
            step: 'freshSession',
            reason: 'no progress',
          },
        },
      ],
    },
  ],
}

function dispatchOf(bead: string) {
  return {
    bead,
    rig: RIG,
    priority: 2,
    agent: null,
    preset: null,
    now: false,
    maxAtOnce: null,
    group: 'g1',
  }
}

function withoutType<T extends Message>({ type: _type, ...rest }: T) {
  return rest
}

/** All samples of one type of message. */
export const samplesOf = (type: string): readonly Message[] =>
  (samples[type as Message['type']] ?? []).map((fields) => ({ type, ...fields }) as Message)

export const ALL_SAMPLES: readonly Message[] = Object.keys(samples).flatMap(samplesOf)

/** The first sample of a type, with some fields changed. */
export function message<T extends Message['type']>(
  type: T,
  changed: Partial<MessageOf<T>> = {},
): MessageOf<T> {
  return { ...samplesOf(type)[0], ...changed } as MessageOf<T>
}
