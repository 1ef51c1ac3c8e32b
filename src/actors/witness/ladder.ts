// The ladder: what is done about work that does not go on, one step after the other.
//
// Owns:      which step comes next, and where each assignment stands on its ladder (`ladder/<sandbox>`).
// Does not:  say who has stalled (the session does), end or begin anything (the sandbox does).
// Always:    a step is about the session that stalled; of an earlier session nothing counts. What nobody could look at
//            is ended by nobody.

import { DEACON, lastPart, MAYOR, nudgeOwner } from '../../events/address.ts'
import type { LadderStep, StallKind } from '../../events/health.ts'
import type { NudgeMode } from '../../events/nudge.ts'
import { nudgeLine } from '../../events/nudge-line.ts'
import type { Json } from '../../events/record.ts'
import type { Deciding, Event } from '../machine.ts'
import { askAbout, isToJudge } from './judging.ts'

/** Nudges of one assignment before a person is asked: each costs a turn. */
export const NUDGES_MAX = 20
/** How often an agent is told that a limit should be over, before a person is asked. */
export const LIMIT_NUDGES_MAX = 8
/** How long a nudge may wait to be typed before it counts as not taken, ms. */
const NUDGE_WAIT_MS = 5 * 60_000

type WitnessContext = { readonly [key: string]: Json | undefined; readonly rig: string }
type To = Deciding<WitnessContext>

/** How far an assignment is. Plain JSON. */
export type Ladder = {
  bead: string
  agent: string
  session: string
  /** Steps taken since it got on last, 0 to 5. */
  step: number
  /** Steps taken in all, and the nudges among them. */
  n: number
  nudges: number
  /** The nudge that was sent last. */
  nudge: string | null
  /** As its worktree was. */
  mark: string | null
  /** Its session gives no sign as of now. */
  stalled: boolean
  kind: StallKind
  what: string
  /** A person was told that nobody can look into its worktree. */
  told: boolean
  /** What a model was asked about it since it got on last. */
  asked?: string | null
}

const STEPS: readonly LadderStep[] = ['nudge', 'secondNudge', 'freshSession', 'redispatch', 'decision']
const keyOf = (sandbox: string) => `ladder/${sandbox}` as const

const ladderOf = (context: WitnessContext, sandbox: string): Ladder | null =>
  (context[keyOf(sandbox)] ?? null) as Ladder | null

/** Number of a session in its assignment: `shop/polecats/nux/sessions/2.3` is 3. */
const generationOf = (session: string): number => Number(lastPart(session).split('.').at(-1))

export function workStalled(context: WitnessContext, event: Event<'WORK_STALLED'>, to: To): void {
  const { bead, sandbox, agent, session, kind, evidence, mark } = event
  const before = ladderOf(context, sandbox)
  if (before !== null && generationOf(session) < generationOf(before.session)) return
  const news = { bead, agent, session, mark, kind, what: evidence.what, stalled: true }
  const ladder: Ladder =
    before === null
      ? { ...news, step: 0, n: 0, nudges: 0, nudge: null, told: false }
      : {
          ...before,
          ...news,
          ...(gotOn(before, event) && { step: 0, asked: null }),
          mark: mark ?? before.mark,
        }
  if (isToJudge(context, ladder))
    return to.set({ [keyOf(sandbox)]: askAbout(context, sandbox, ladder, event, to) })
  climb(context, sandbox, ladder, { seq: event.meta.seq, looked: mark !== null }, to)
}

/** Something in its worktree changed, a tool came to an end where none seemed to, or somebody else spoke to it. */
const gotOn = (before: Ladder, { mark, progressed, spoken, kind }: Event<'WORK_STALLED'>): boolean =>
  (mark !== null && before.mark !== null && mark !== before.mark) ||
  (progressed && (kind === 'silent' || kind === 'tool')) ||
  (spoken !== null && spoken !== before.nudge)

/** It gave a sign: what is still said about it comes too late. */
export function workGoesOn(
  context: WitnessContext,
  { sandbox, session }: Event<'WORK_GOES_ON'>,
  to: To,
): void {
  const ladder = ladderOf(context, sandbox)
  if (ladder?.session === session && ladder.stalled)
    to.set({ [keyOf(sandbox)]: { ...ladder, stalled: false } })
}

/** One that was not taken helps nobody: the next step comes at once. */
export function nudgeOver(context: WitnessContext, event: Event<'NUDGE_OVER'>, to: To): void {
  const { about, nudge, taken, code, meta } = event
  const ladder = ladderOf(context, about)
  if (ladder?.nudge !== nudge || taken || !ladder.stalled || ladder.kind === 'limit') return
  if (ENDED_OTHERWISE.has(code)) return
  climb(context, about, ladder, { seq: meta.seq, looked: ladder.mark !== null }, to)
}

/** What a model was asked about, unless it gave a sign meanwhile. To wait is to wait until it is found so again. */
export function judgementGiven(context: WitnessContext, event: Event<'judgement.given'>, to: To): void {
  const { judgement, choice, meta } = event
  const sandbox = judgement.slice(0, judgement.lastIndexOf(' '))
  const ladder = ladderOf(context, sandbox)
  if (ladder?.asked !== judgement || !ladder.stalled || ladder.step > 0) return
  if (choice === 'wait') to.set({ [keyOf(sandbox)]: { ...ladder, stalled: false } })
  else climb(context, sandbox, ladder, { seq: meta.seq, looked: ladder.mark !== null }, to)
}

/** Its session ended, or whoever sent it took it back. */
const ENDED_OTHERWISE: ReadonlySet<string> = new Set(['AGENT_HAS_NO_SESSION', 'NUDGE_WITHDRAWN'])

/** The sandbox had gone on, or was held, when the step was to be taken: it was not. */
export function notIntervened(context: WitnessContext, event: Event<'tell.refused'>, to: To): void {
  const { to: sandbox, messages } = event
  const ladder = ladderOf(context, sandbox)
  if (ladder === null || !messages.some(({ message }) => message.type === 'sandbox.intervene')) return
  to.set({ [keyOf(sandbox)]: { ...ladder, step: Math.max(0, ladder.step - 1), stalled: false } })
}

/** Its assignment is over. When that was for its stalls, the bead is to be given to somebody else. */
export function givenBack({ rig }: WitnessContext, event: Event<'WORK_GIVEN_BACK'>, to: To): void {
  const { bead, sandbox, agent, stalled, reason, preset } = event
  to.set({ [keyOf(sandbox)]: undefined })
  if (stalled)
    to.tell({ to: DEACON, message: { type: 'RECOVERED_BEAD', bead, rig, agent, sandbox, reason, preset } })
}

/** It was handed in: that is progress. */
export const handedIn = (context: WitnessContext, sandbox: string, to: To): void => {
  if (ladderOf(context, sandbox) !== null) to.set({ [keyOf(sandbox)]: undefined })
}

function climb(
  context: WitnessContext,
  sandbox: string,
  ladder: Ladder,
  { seq, looked }: { readonly seq: number; readonly looked: boolean },
  to: To,
): void {
  const step = nextStep(ladder)
  if (ENDS_SESSION.has(step) && !looked) return hold(sandbox, ladder, to)
  const { bead, agent, session, kind, what } = ladder
  const n = ladder.n + 1
  const nudge = NUDGES.has(step) ? nudgeId(seq) : null
  const reason = storyOf(ladder, step, n)
  const next: Ladder = {
    ...ladder,
    n,
    step: STEPS.indexOf(step) + 1,
    nudges: ladder.nudges + (nudge === null ? 0 : 1),
    nudge: nudge ?? ladder.nudge,
    told: false,
  }
  // Where a person decides it begins at the foot again.
  to.set({ [keyOf(sandbox)]: step === 'decision' ? undefined : next })
  to.fact({
    type: 'LadderClimbed',
    sandbox,
    session,
    agent,
    bead,
    step,
    n,
    generation: generationOf(session),
    kind,
    reason: what,
    nudge,
  })
  if (nudge !== null) send(context, sandbox, ladder, { nudge, second: step === 'secondNudge' }, to)
  else if (step === 'freshSession' || step === 'redispatch' || step === 'decision')
    to.tell({ to: sandbox, message: { type: 'sandbox.intervene', session, step, reason } })
}

const NUDGES: ReadonlySet<LadderStep> = new Set(['nudge', 'secondNudge'])
const ENDS_SESSION: ReadonlySet<LadderStep> = new Set(['freshSession', 'redispatch', 'decision'])

/** What only a person can set right: another session would stand before the same. */
const FOR_A_PERSON = /^it was stuck: (loggedOut|trustDialog|settingsDialog|quota)\b/

/** Pure: what comes after what was done. */
export function nextStep({
  step,
  kind,
  what,
  nudges,
}: Pick<Ladder, 'step' | 'kind' | 'what' | 'nudges'>): LadderStep {
  if (kind === 'stuck' && FOR_A_PERSON.test(what)) return 'decision'
  // The provider lets it go on or does not: another session is limited like this one.
  if (kind === 'limit') return nudges < LIMIT_NUDGES_MAX ? 'nudge' : 'decision'
  const next = STEPS[Math.min(step, STEPS.length - 1)] ?? 'decision'
  if (!NUDGES.has(next)) return next
  // Nobody can type to a program that does not take input.
  if (kind === 'start') return 'freshSession'
  return nudges < NUDGES_MAX ? next : 'decision'
}

/** Its worktree could not be looked at, so nobody knows whether it got on. A person is told once. */
function hold(sandbox: string, ladder: Ladder, to: To): void {
  const { bead, agent, session, what, told } = ladder
  to.set({ [keyOf(sandbox)]: { ...ladder, told: true } })
  if (told) return
  const reason = `It does not go on (${what}), and its worktree cannot be looked at; nothing is ended on a guess.`
  to.fact({ type: 'LadderHeld', sandbox, session, agent, bead, reason })
  to.tell({
    to: MAYOR,
    message: { type: 'escalation.raise', bead, agent, code: 'STALLED', reason },
  })
}

function send(
  { rig }: WitnessContext,
  sandbox: string,
  { agent, session, kind }: Ladder,
  { nudge, second }: { readonly nudge: string; readonly second: boolean },
  to: To,
): void {
  const text = TEXTS[kind]
  to.tell({
    to: nudgeOwner(nudge),
    message: {
      type: 'nudge.send',
      to: agent,
      session,
      text,
      line: nudgeLine(nudge, `${rig}/witness`, text),
      mode: modeFor(kind, second),
      waitMs: NUDGE_WAIT_MS,
      report: { to: `${rig}/witness`, about: sandbox },
    },
  })
}

/** The first waits for the end of a turn that goes on; the second stops what gives no sign. */
function modeFor(kind: StallKind, second: boolean): NudgeMode {
  if (kind === 'silent' || kind === 'tool') return second ? 'immediate' : 'queue'
  return kind === 'stuck' ? 'immediate' : 'idle'
}

const DONE =
  'If it is finished and committed, run: gt done. If a person must decide, run: gt done --status ESCALATED'
const TEXTS: Readonly<Record<StallKind, string>> = {
  start: `Nothing was heard of your work. Go on with it. ${DONE}`,
  silent: `Nothing was heard of your work for a while. Go on with it. ${DONE}`,
  tool: `The tool you run has shown nothing for long. Leave it if it hangs, and go on. ${DONE}`,
  idle: `Your work is not handed in. Go on with it. ${DONE}`,
  limit: `Your limit should be over. Go on with your work. ${DONE}`,
  stuck: `Go on with your work. ${DONE}`,
}

/** Seven places of the number of a record: no id of a person's is as short, and no two records have one number. */
const nudgeId = (seq: number): string => `n-${seq.toString(36).padStart(7, '0').slice(-7)}`

function storyOf({ what, nudges, session }: Ladder, step: LadderStep, n: number): string {
  const told = nudges === 0 ? '' : ` It was told ${nudges === 1 ? 'once' : `${nudges} times`} to go on.`
  const fresh = generationOf(session) > 1 && step !== 'freshSession' ? ' A fresh session did not help.' : ''
  return `It made no progress: ${what}.${told}${fresh} This is step ${n}.`.slice(0, 1_900)
}
