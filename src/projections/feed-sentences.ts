// The feed's sentences: what each fact is called in plain words. A fact that is not here is noise:
// another record of the same turn says the same, or only a machine wants to know.

import { agentOf, lastPart, ownerKind, sessionRole, workerOf } from '../events/address.ts'
import { sizeText } from '../events/disk-floor.ts'
import type { Fact, FactOf, LogRecord } from '../events/index.ts'
import type { Address, AnyFact } from '../events/record.ts'
import { isInReview } from './merge-queue.ts'

export type Sentence = { readonly text: string; readonly problem: boolean }

export function sentence(fact: AnyFact, record: LogRecord): Sentence | null {
  const text = folds.get(fact.type)?.(fact, record) ?? null
  return text === null ? null : { text: cut(text), problem: PROBLEMS.has(fact.type) }
}

type Sayings = { readonly [T in Fact['type']]?: (fact: FactOf<T>, record: LogRecord) => string | null }

const sayings: Sayings = {
  TownInstalled: ({ name }) => `town ${name} is made`,
  TownStarted: ({ version, downMs }) =>
    downMs > 0
      ? `the town starts (${version}) after ${duration(downMs)} of rest`
      : `the town starts (${version})`,
  TownWoke: ({ sleptMs }) => `the machine has slept for ${duration(sleptMs)}`,
  TownStopped: ({ reason }) => `the town stops${because(reason)}`,
  RecordsErased: ({ records, reason }) =>
    `texts of ${records.length === 1 ? `record ${records[0]?.seq}` : `${records.length} records`} are erased${because(reason)}`,
  TokenGiven: ({ name, scopes, until }) =>
    `${name === '' ? 'a token' : `token ${name}`} is given out: it may ${scopes.join(', ')}${until === null ? '' : ` until ${until.slice(0, 10)}`}`,
  TokenRevoked: ({ token }) => `token ${token} is worth nothing any more`,
  TownSettingChanged: ({ key, value }) => `the town's ${key} is ${setTo(value)}`,

  RigAdded: ({ rig, remote, target }) =>
    `rig ${rig} is added from ${remote.url}; work will land on ${target}`,
  RigReady: ({ rig, head }) => `rig ${rig} is ready at ${short(head)}`,
  RigFailed: ({ rig, message }) => `rig ${rig} could not be cloned: ${message}`,
  RigSettingChanged: ({ rig, key, value }) => `rig ${rig}: ${key} is ${setTo(value)}`,

  TownForked: ({ parent, cancelled }) =>
    `this town is a fork of ${parent.name} at record ${parent.seq}; ${cancelled} effects and timers of it are cancelled`,
  RigForked: ({ rig, remote, why }) =>
    remote === null
      ? `rig ${rig} is not in the fork: ${why}`
      : `rig ${rig} lands in a clone inside of the fork: ${remote.url}`,
  RigParked: ({ rig, reason }) => `rig ${rig} is parked${because(reason)}`,
  RigUnparked: ({ rig }) => `rig ${rig} is unparked`,
  RigRejoined: ({ rig, remote }) => `rig ${rig} of this fork lands in ${remote.url} again`,
  RigNotRejoined: ({ rig, message }) => `rig ${rig} could not be rejoined: ${message}`,
  WorktreeForked: ({ sandbox, from, why }) =>
    from === 'checkpoint' || why === '' ? null : `the worktree of ${who(sandbox)} is not as it was: ${why}`,

  BeadCreated: ({ bead, title }) => `bead ${bead} is made: ${title}`,
  BeadUpdated: (fact) => `bead ${fact.bead}: ${changedParts(fact)} changed`,
  BeadNeedAdded: ({ bead, need }) => `bead ${bead} needs bead ${need}`,
  BeadNeedDropped: ({ bead, need }) => `bead ${bead} no longer needs bead ${need}`,
  BeadNeedsChanged: ({ bead, open }) =>
    open.length === 0 ? `bead ${bead} waits for no other bead any more` : null,
  BeadQueued: ({ bead, rig }) => `bead ${bead} is queued in rig ${rig}`,
  BeadUnqueued: ({ bead, reason }) => `bead ${bead} is taken out of the queue${because(reason)}`,
  BeadHooked: ({ bead, agent }) => `${who(agent)} takes bead ${bead}`,
  BeadUnhooked: ({ bead, agent, reason }) => `${who(agent)} gives bead ${bead} back${because(reason)}`,
  BeadStarted: ({ bead, agent, attempt }) =>
    `${who(agent)} works on bead ${bead}${attempt > 1 ? ` (attempt ${attempt})` : ''}`,
  BeadSubmitted: ({ bead, agent, head }) => `${who(agent)} submits bead ${bead} at ${short(head)}`,
  BeadReworked: ({ bead, agent, reason }) => `${who(agent)} is to rework bead ${bead}${because(reason)}`,
  BeadBlocked: ({ bead, reason }) => `bead ${bead} is blocked and needs a person${because(reason)}`,
  BeadUnblocked: ({ bead }) => `bead ${bead} is no longer blocked`,
  BeadDeferred: ({ bead, reason }) => `bead ${bead} is deferred${because(reason)}`,
  BeadLanded: ({ bead, agent, commit }) => `bead ${bead} by ${who(agent)} has landed as ${short(commit)}`,
  // A landing closes the bead in the same record, and has said so already.
  BeadClosed: ({ bead, reason }, { facts }) =>
    facts.some(({ type }) => type === 'BeadLanded') ? null : `bead ${bead} is closed${because(reason)}`,
  BeadReopened: ({ bead, reason }) => `bead ${bead} is open again${because(reason)}`,
  BeadNeedTakenBack: ({ bead, need, agent }) =>
    `bead ${need} was taken back, and bead ${bead}${agent === null ? '' : ` of ${who(agent)}`} was begun on the ground of it`,
  BeadCommented: ({ bead, text }) => `bead ${bead}, a comment: ${text}`,

  DispatchWaiting: ({ bead, waitingFor }) => `bead ${bead} waits for ${awaited(waitingFor)}`,
  DiskLow: ({ freeBytes, floorBytes }) =>
    `the disk has ${sizeText(freeBytes)} free, less than ${sizeText(floorBytes)}: no new work begins`,
  DiskFree: ({ freeBytes }) => `the disk has ${sizeText(freeBytes)} free: work begins again`,
  EscalationRaised: ({ reason, code }) => `a person is needed (${code}): ${reason}`,
  EscalationClosed: ({ id, note }) => `question ${id} is answered${because(note)}`,
  DecisionOpened: ({ agent, question, context }) =>
    `${who(agent)} asks: ${question} ${context.command ?? listed(context.files)}`.trimEnd(),
  DecisionAnswered: ({ agent, choice, always, note }) =>
    `${who(agent)} is answered ${choice}${always ? ' for always' : ''}${because(note)}`,
  DecisionExpired: ({ agent, choice }) =>
    `nobody answered ${who(agent)} in time: ${choice === 'deny' ? 'the answer is no' : choice}`,
  DecisionWithdrawn: ({ agent }) => `${who(agent)} no longer waits for an answer`,
  OperatorNotified: ({ agent, failed }) =>
    failed.length === 0 ? null : `not every way told you that ${who(agent)} asks: ${failed.join('; ')}`,
  OperatorNotNotified: ({ agent, message }) => `you could not be told that ${who(agent)} asks: ${message}`,
  RecoveryGranted: ({ bead, agent, n, waitMs }) =>
    `${who(agent)} may begin bead ${bead} again (${nth(n)} time)${waitMs > 0 ? ` in ${duration(waitMs)}` : ''}`,
  RecoveryRefused: ({ bead, agent, n }) => `${who(agent)} may not begin bead ${bead} again after ${n} times`,
  RedispatchGranted: ({ bead, n, waitMs, reason }) =>
    `bead ${bead} is given out again (${nth(n)} time)${waitMs > 0 ? ` in ${duration(waitMs)}` : ''}${because(reason)}`,
  BeadRedispatched: ({ bead }) => `bead ${bead} is back in the queue`,
  RedispatchRefused: ({ bead, n }) => `bead ${bead} is not given out again after ${n} times; it stays open`,
  RedispatchDropped: ({ bead, message }) => `bead ${bead} is not given out again: ${message}`,
  AgentQuarantined: ({ agent, deaths, ms }) =>
    `${who(agent)} gets no bead for ${duration(ms)}: it died ${deaths} times`,
  AgentReleased: ({ agent, by }) =>
    `${who(agent)} may get beads again${by === 'person' ? ', a person says' : ''}`,
  RoleStale: ({ lateMs }) =>
    `a part of gt was ${duration(lateMs)} late with what it had to do; it is begun again`,
  RoleRestarted: ({ again }) =>
    again === 0
      ? 'the part of gt that was late has done it by itself'
      : 'the part of gt that was late does it now',
  RoleNotRestarted: ({ message }) => `the part of gt that was late could not be begun again: ${message}`,
  RoleGivenUp: () => 'a part of gt does not do what it has to do, and beginning it again does not help',
  DispatchPaused: ({ deaths, withinMs }) =>
    `no bead is given out: ${deaths} agents died within ${duration(withinMs)}`,
  DispatchResumed: ({ by }) =>
    by === 'quiet' ? 'beads are given out again: it was quiet' : 'beads are given out again, a person says',

  SeanceHeld: ({ agent, question, answered }) =>
    `${who(agent)} is asked about earlier work${answered ? '' : ', without an answer'}: ${question}`,
  PolecatNamed: ({ agent, rig }) => `polecat ${workerOf(agent)?.name ?? agent} joins rig ${rig}`,
  CrewAdded: ({ agent, rig }) => `${who(agent)} joins rig ${rig}`,
  CrewNotAdded: ({ agent, message }) => `no worktree could be made for ${who(agent)}: ${message}`,
  CrewPaused: ({ agent, reason }) => `${who(agent)} rests ${RESTS[reason]}`,
  CrewNotCheckpointed: ({ agent, message }) => notKept(agent, message),
  CrewRemoved: ({ agent, reason }) => `${who(agent)} is removed; what it had is kept${because(reason)}`,
  CrewNotRemoved: ({ agent, message }) => `${who(agent)} could not be removed: ${message}`,
  PlanProposed: ({ agent, plan, title, beads }) =>
    `${who(agent)} proposes plan ${plan} of ${beads.length} beads${because(title)}`,
  PlanFiled: ({ plan, beads, slung }) =>
    `plan ${plan} is filed${slung ? ' and handed over' : ''}: ${listed(beads)}`,
  PlanNotFiled: ({ plan, message }) => `plan ${plan} could not be filed: ${message}`,
  PlanRefused: ({ plan, reason }) => `plan ${plan} is not taken${because(reason)}`,
  PlanReplaced: ({ plan, by }) => `plan ${by} stands in the place of plan ${plan}`,
  PlannedBeadNotSlung: ({ bead, message }) => `bead ${bead} could not be handed over: ${message}`,
  WorktreeFailed: ({ bead, message }) => `no worktree could be made for bead ${bead}: ${message}`,
  WorktreeKept: ({ sandbox, message }) => `the worktree of ${who(sandbox)} is kept: ${message}`,
  WorktreeNotCheckpointed: ({ agent, message }) => notKept(agent, message),
  SandboxShelved: ({ agent, bead, how, reason }) =>
    `bead ${bead} is taken from ${who(agent)}${how === 'unslung' ? '' : ', with its worktree'}${because(reason)}`,
  SandboxRestored: ({ agent, bead }) => `bead ${bead} is brought back to ${who(agent)} as it was`,
  SandboxPaused: ({ sandbox, bead, reason = 'town' }) =>
    `${who(sandbox)} rests with bead ${bead} ${RESTS[reason]}`,
  WorkHandedOff: ({ agent, bead, trigger }) =>
    `${who(agent)} leaves a note and goes on with bead ${bead} afresh${HANDED[trigger]}`,
  SandboxParked: ({ sandbox, bead, reason }) =>
    `${who(sandbox)} stops working on bead ${bead}${because(reason)}`,
  SessionFailed: ({ agent, bead, message }) =>
    `${who(agent)} could not be started${bead === null ? '' : ` for bead ${bead}`}: ${message}`,
  SessionStopping: ({ agent, reason }) => `${who(agent)} is told to stop${because(reason)}`,
  SessionEnded: ({ agent, bead, ending, done }, { from }) =>
    // One that was told to stop, or handed its work over, surprises nobody.
    done || from === 'stopping' || from === 'finishing'
      ? null
      : `${who(agent)} ended${bead === null ? '' : ` before bead ${bead} was done`}: ${howEnded(ending)}`,
  // What is asked of a person is said by the decision itself.
  AgentStands: ({ agent, bead, standing }, { message }) =>
    message.type === 'session.asked' ? null : held(who(agent), bead, standing),
  AgentStalled: ({ agent, bead, evidence, since, n }, { at }) =>
    `${who(agent)} does not go on${bead === null ? '' : ` with bead ${bead}`}${n > 1 ? ` (${nth(n)} time)` : ''}: ` +
    `${evidence.what}, ${ago(since, at)}`,
  AgentGoesOn: ({ agent, bead }) => `${who(agent)} goes on${bead === null ? '' : ` with bead ${bead}`}`,
  SessionNotStopped: ({ agent, message }) =>
    `${who(agent)} could not be stopped, and is told again every 10 s: ${message}`,
  LadderClimbed: ({ agent, bead, step, n }) => `${CLIMBS[step](who(agent), bead)} (step ${n})`,
  LadderHeld: ({ agent, bead, reason }) => `nothing is done about ${who(agent)} on bead ${bead}: ${reason}`,
  AgentDone: ({ agent, bead, status, note }) =>
    status === 'COMPLETED'
      ? null
      : `${who(agent)} hands bead ${bead} over as ${status.toLowerCase()}${because(note)}`,
  AgentReported: ({ agent, bead, report }) =>
    `${who(agent)}${bead === null ? '' : ` on bead ${bead}`}, ${report.type}: ${reported(report.data)}`,
  WorkNotVerified: ({ bead, agent, message }) =>
    `the work of ${who(agent)} on bead ${bead} is not taken: ${message}`,

  NudgeAccepted: ({ nudge, to }) => `${who(to)} has taken message ${nudge}`,
  NudgeUnconfirmed: ({ nudge, to, message }) =>
    `nobody knows yet whether ${who(to)} has taken message ${nudge}: ${message}`,
  NudgeFailed: ({ nudge, to, message }) => `message ${nudge} did not reach ${who(to)}: ${message}`,
  NudgeWithdrawn: ({ nudge, to }) => `message ${nudge} to ${who(to)} is taken back`,

  MergeRequested: ({ bead, target, reverts, reason = '' }) =>
    reverts === undefined
      ? `the Refinery gets bead ${bead} to land on ${target}`
      : `the Refinery is to take ${listed(reverts.map((one) => `bead ${one.bead}`))} out of ${target}${because(reason)}`,
  MergeRejected: ({ bead, agent, reason }) =>
    `the work of ${who(agent)} on bead ${bead} is rejected${because(reason)}`,
  MergeSuperseded: ({ mergeRequest, bead, by }) =>
    `${lastPart(by)} stands in the place of ${lastPart(mergeRequest)} for bead ${bead}`,
  MergeReverted: ({ bead, commit, as, reason }) =>
    `bead ${bead}, landed as ${short(commit)}, is taken back by ${short(as)}${because(reason)}`,
  RevertFailed: ({ bead, beads, message }) =>
    `${listed(beads.map((one) => `bead ${one}`))} could not be taken back: ${message} Bead ${bead} is open for it`,
  MergeTesting: ({ bead, base, resolved }) => {
    const how =
      resolved === undefined
        ? ''
        : `, its conflict in ${resolved.files.length} files settled by ${resolved.by}`
    return `the Refinery tests bead ${bead} on top of ${short(base)}${how}`
  },
  MergeWaiting: ({ bead, code, message }) =>
    // The decision says so.
    code === 'APPROVAL_NEEDED' || code === 'PULL_OPENING' || code === 'PULL_OPEN' || isInReview(code)
      ? null
      : `the Refinery waits with bead ${bead}: ${message}`,
  PullOpened: ({ bead, number, url }) => `bead ${bead} is shown as pull request ${number}: ${url}`,
  // The merge request says these.
  PullNotOpened: () => null,
  PullWaits: () => null,
  PullJudged: ({ bead, number, ok, what, said }) =>
    ok
      ? `pull request ${number} of bead ${bead} may be merged: ${said}`
      : `pull request ${number} of bead ${bead} is refused by ${what}: ${said}`,
  ReviewBegan: ({ bead, gate, attempt }) =>
    `a reviewer looks at bead ${bead} for ${gate}${attempt > 1 ? ` (try ${attempt})` : ''}`,
  ReviewGiven: ({ bead, gate, session, by, ok, note, findings }) =>
    `${session === null ? who(by) : 'the reviewer'} ${ok ? 'lets' : 'does not let'} bead ${bead} pass ${gate}${because(note)}${findings.length === 0 ? '' : ` (${findings.length} findings)`}`,
  ReviewMissed: ({ bead, gate, last, message }) =>
    `bead ${bead} got no verdict for ${gate}: ${message}; ${last ? 'it is not tried again' : 'it is tried once more'}`,
  MergeRequeued: ({ bead, reason }) => `the Refinery takes bead ${bead} up again${because(reason)}`,
  MergeConflicted: ({ bead, files }) => `bead ${bead} conflicts with the target in ${listed(files)}`,
  MergeFailed: ({ bead, gate, message }) => `bead ${bead} did not pass ${gate}: ${message}`,
  TargetAdvanced: ({ rig, target, from, to }) =>
    `${target} of rig ${rig} moves from ${short(from)} to ${short(to)}`,
  BatchBegan: ({ target, beads }) =>
    `the Refinery tests ${beads.length} beads together for ${target}: ${listed(beads)}`,
  BatchNarrowed: ({ target, suspects, testing }) =>
    `what is to land on ${target} is red together: the Refinery looks for the fault among ${suspects.length}, and tests the first ${testing.length}`,
  // They decide nothing; `gt gates report` counts them.
  StackTestedAhead: () => null,
  // What comes of a chore is said by itself.
  ChoreBegun: () => null,
  ChoreDone: () => null,
  ChoreFailed: ({ kind, message, againMs }) =>
    `${kind === 'clean' ? 'what is old could not be taken away' : 'a question could not be answered'}: ${message}${againMs === null ? '' : `; again in ${duration(againMs)}`}`,
  RecordingsReaped: ({ count, bytes, until }) =>
    `${count} recording${count === 1 ? ' is' : 's are'} taken away (${megabytes(bytes)})${until === null ? '' : `, and can be brought back until ${until.slice(0, 10)}`}`,
  RecordingsGone: ({ count, bytes }) =>
    `${count} recording${count === 1 ? ' is' : 's are'} gone for good (${megabytes(bytes)})`,
  RecordingRecalled: ({ session }) => `the recording of ${session} is back`,
  TrashReaped: ({ rig, count, bytes }) =>
    count === 0
      ? null
      : `what was kept of ${count} landed worktree${count === 1 ? '' : 's'} of ${rig} is taken away${bytes === 0 ? '' : ` (${megabytes(bytes)})`}`,
  JudgementGiven: ({ about, choice, by, why, costUsd }) =>
    `${by === 'model' ? 'a model' : 'nobody'} judges ${who(about)}: ${choice}${because(why)}${costUsd === null ? '' : ` ($${costUsd.toFixed(2)})`}`,
  StackAheadUsed: () => null,
  CulpritFound: ({ bead, gate, of }) =>
    `bead ${bead} is what makes ${gate} red, of ${of} that were tested together`,
  GateFlaky: ({ gate, tree }) => `${gate} is flaky: red and then green on the same tree ${short(tree)}`,
  IntegrationCreated: ({ epic, branch, base }) =>
    `work below epic ${epic} lands on ${branch}, which begins at ${short(base)}`,
  IntegrationNotCreated: ({ epic, branch, message }) => `${branch} was not made for epic ${epic}: ${message}`,
  IntegrationLandingAsked: ({ epic, branch }) => `${branch} of epic ${epic} is to land`,
  IntegrationNotLanded: ({ epic, branch, message, rework }) =>
    `${branch} of epic ${epic} does not land: ${message}${rework === null ? '' : ` (bead ${rework})`}`,
  IntegrationLanded: ({ epic, branch, commit }) => `${branch} of epic ${epic} has landed as ${short(commit)}`,
  IntegrationBranchRemoved: ({ branch }) => `${branch} is removed: the target has all of it`,
  IntegrationBranchKept: ({ branch, message }) => `${branch} is kept: ${message}`,
  TargetFrozen: ({ rig, target, reason }) =>
    `${target} of rig ${rig} is frozen: nothing lands${because(reason)}`,
  TargetThawed: ({ rig, target }) => `${target} of rig ${rig} is thawed`,
  TargetRed: ({ rig, target, commit, first, message }) =>
    `${target} of rig ${rig} is red by itself at ${short(commit)}${first === commit ? '' : ` (since ${short(first)})`}, so work waits: ${message}`,
  TargetMended: ({ rig, target, commit, reason }) =>
    `${target} of rig ${rig} is red no more${commit === null ? '' : ` at ${short(commit)}`}: ${reason}`,
  TargetNotTested: ({ rig, target, message }) => `${target} of rig ${rig} could not be tested: ${message}`,
  LandingResumed: ({ rig }) => `the Refinery of rig ${rig} goes on`,

  BudgetSet: (fact) =>
    `the budget of ${budgeted(fact)} is ${amount(fact)} ${fact.per === 'day' ? 'a day' : 'in all'}`,
  BudgetUnset: (fact) => `${budgeted(fact)} has no budget any more`,
  BudgetReached: (fact) => `the budget of ${budgeted(fact)} is used up: ${used(fact)}`,
  BudgetOverrun: (fact) => `a turn in hand went beyond the budget of ${budgeted(fact)}: ${used(fact)}`,
  BudgetLifted: (fact) => `work goes on for ${budgeted(fact)}: its budget ${LIFTED[fact.reason]}`,
  EverybodyStopped: ({ reason }) => `everybody is stopped${because(reason)}`,
  EverybodyThawed: () => 'everybody goes on',
}

// The saying under a type takes just that type's fact; records are trusted, so the name is the proof.
const folds = new Map(Object.entries(sayings)) as unknown as ReadonlyMap<
  string,
  (fact: AnyFact, record: LogRecord) => string | null
>

/** Facts that have a sentence, at least sometimes. */
export const TOLD: readonly string[] = [...folds.keys()]

const PROBLEMS: ReadonlySet<string> = new Set<Fact['type']>([
  'RigFailed',
  'BeadBlocked',
  'DiskLow',
  'EscalationRaised',
  'RecoveryRefused',
  'DecisionOpened',
  'DecisionExpired',
  'OperatorNotNotified',
  'WorktreeFailed',
  'CrewNotAdded',
  'CrewNotCheckpointed',
  'CrewNotRemoved',
  'PlanNotFiled',
  'PlannedBeadNotSlung',
  'WorktreeKept',
  'WorktreeNotCheckpointed',
  'SandboxParked',
  'SessionFailed',
  'SessionEnded',
  'AgentStands',
  'WorkNotVerified',
  'NudgeUnconfirmed',
  'NudgeFailed',
  'MergeWaiting',
  'ReviewMissed',
  'BeadNeedTakenBack',
  'RevertFailed',
  'IntegrationNotLanded',
  'IntegrationBranchKept',
  'TargetFrozen',
  'TargetRed',
  'TargetNotTested',
  'CulpritFound',
  'GateFlaky',
  'MergeConflicted',
  'MergeFailed',
  'BudgetReached',
  'EverybodyStopped',
])

const HANDED = {
  asked: '',
  compact: ', because its context would be compacted',
  full: ', because its context is full',
  stalled: ', because it did not go on',
} as const
const CLIMBS = {
  nudge: (agent: string, bead: string) => `${agent} is asked to go on with bead ${bead}`,
  secondNudge: (agent: string, bead: string) => `${agent} is asked once more to go on with bead ${bead}`,
  freshSession: (agent: string, bead: string) => `${agent} is to begin afresh with bead ${bead}`,
  redispatch: (agent: string, bead: string) => `bead ${bead} is to be given to somebody else than ${agent}`,
  decision: (agent: string, bead: string) => `a person is asked about ${agent} and bead ${bead}`,
} as const
/** Between two times of records. */
function ago(since: string, at: string): string {
  const ms = Date.parse(at) - Date.parse(since)
  return ms >= 1_000 ? `${duration(ms)} ago` : 'just now'
}
const RESTS = {
  town: 'while the town is down',
  estop: 'while everybody is stopped',
  budget: 'until its budget allows more',
  parked: 'while its rig is parked',
  person: 'until a person starts it again',
} as const
const LIFTED = { raised: 'allows more', unset: 'is taken away', day: 'begins anew with the day' } as const

const budgeted = ({ scope, id }: { scope: string; id: string }): string =>
  scope === 'town' ? 'the town' : scope === 'agent' ? who(id) : `${scope} ${id}`

const amount = ({ usd, tokens }: { usd: number | null; tokens: number | null }): string =>
  [usd !== null && `$${usd.toFixed(2)}`, tokens !== null && `${tokens} tokens`]
    .filter((part) => part !== false)
    .join(' and ')

const used = ({
  spentUsd,
  spentTokens,
  capUsd,
  capTokens,
  unpriced,
}: Omit<FactOf<'BudgetReached'>, 'type'>): string =>
  [
    `${amount({ usd: capUsd === null ? null : spentUsd, tokens: capTokens === null ? null : spentTokens })} of ${amount({ usd: capUsd, tokens: capTokens })}`,
    unpriced > 0 && `and ${unpriced} requests of which nobody knows the price`,
  ]
    .filter((part) => part !== false)
    .join(', ')

const TEXT_MAX = 300
/** Most sentences are one line as they are: looking is quicker than making them anew. */
const NOT_ONE_LINE = /\p{Cc}|[^\S ]| {2}|^ | $/u

/** One line of at most 300 characters; `\s` and control characters become one space. */
function cut(text: string): string {
  const line = NOT_ONE_LINE.test(text) ? text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim() : text
  return line.length <= TEXT_MAX ? line : `${line.slice(0, TEXT_MAX - 1)}…`
}

function who(address: Address): string {
  const worker = workerOf(address)
  if (worker !== null) return `polecat ${worker.name}`
  const role = sessionRole(address)
  if (role === 'mayor') return 'the dispatcher'
  if (ownerKind(address) === 'refinery') return 'the Refinery'
  if (role === 'reviewer') return 'the reviewer'
  const agent = role === 'crew' ? agentOf(address) : null
  return agent === null ? address : `your agent ${agent.slice(agent.lastIndexOf('/') + 1)}`
}

const notKept = (agent: Address, message: string): string =>
  `what ${who(agent)} has not committed could not be kept: ${message}`

const short = (objectName: string): string => objectName.slice(0, 7)

const megabytes = (bytes: number): string => `${(bytes / (1024 * 1024)).toFixed(1)} MB`

const because = (reason: string): string => (reason === '' ? '' : `: ${reason}`)

const setTo = (value: unknown): string =>
  value === null ? 'no longer set' : `set to ${JSON.stringify(value)}`

const listed = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`

function changedParts(fact: FactOf<'BeadUpdated'>): string {
  const parts = [
    fact.title !== undefined && 'title',
    fact.description !== undefined && 'description',
    fact.beadType !== undefined && 'type',
    fact.priority !== undefined && 'priority',
    fact.labels !== undefined && 'labels',
  ]
  return parts.filter((part) => part !== false).join(', ')
}

function awaited({ kind, id }: FactOf<'DispatchWaiting'>['waitingFor']): string {
  switch (kind) {
    case 'bead':
      return `bead ${id}`
    case 'place':
      return 'a free place'
    case 'rig':
      return `rig ${id}`
    case 'person':
      return 'a person'
    case 'recovery':
      return 'its next try'
    case 'budget':
      return `the budget of ${id === 'town' ? 'the town' : id}`
    case 'thaw':
      return 'gt thaw'
    case 'disk':
      return 'room on the disk'
    case 'massDeath':
      return 'quiet, after many agents died at once'
    case 'quarantine':
      return `the end of the quarantine of ${id}`
    case 'gate':
    case 'target':
      return `the ${kind} (${id})`
  }
}

/** Said when a person cares; else it is at work, and that is no news. */
function held(name: string, bead: string | null, standing: FactOf<'AgentStands'>['standing']): string | null {
  const { state, tool, until, reason } = standing
  const about = bead === null ? '' : ` on bead ${bead}`
  switch (state) {
    case 'waitingForPermission':
      return `${name} asks for a permission${about}${tool === null ? '' : ` (${tool})`}${because(reason)}`
    case 'waitingForPerson':
      return `${name} waits for a person${about}${because(reason)}`
    case 'limited':
      return `${name} is limited${about}${until === null ? '' : ` until ${until}`}${because(reason)}`
    case 'stuck':
      return `${name} is stuck${about}${because(reason)}`
    default:
      return null
  }
}

function howEnded(ending: FactOf<'SessionEnded'>['ending']): string {
  switch (ending.kind) {
    case 'exited':
      return `exit code ${ending.exitCode}${because(ending.said ?? '')}`
    case 'killed':
      return `signal ${ending.signal}`
    case 'notStarted':
      return ending.message
    case 'lost':
      return 'nobody saw how'
  }
}

/** The text of a report that has one, else its data. */
function reported(data: unknown): string {
  const { text } = (data ?? {}) as { text?: unknown }
  return typeof text === 'string' ? text : JSON.stringify(data)
}

const nth = (n: number): string => (n === 1 ? 'first' : n === 2 ? 'second' : n === 3 ? 'third' : `${n}th`)

function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${Math.round(ms / 1_000)} s`
  return ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 360_000) / 10} h`
}
