// What a review decides: who looks, what becomes of a verdict, and what of a try that came to none.
//
//   Always:  yes is said by the reviewer's own session, or by a person; all else is no answer.

import { decisionOwner, lastPart, reviewSession } from '../../events/address.ts'
import type { Finding } from '../../events/review.ts'
import type { Event } from '../machine.ts'
import { askOf, type ReviewContext, type To, TRIES_MAX, whose } from './review.context.ts'

/** What is asked now takes the place of what was asked before. */
export function take(_: ReviewContext, event: Event<'review.ask'>, to: To): void {
  const { meta: _meta, type: _type, ...ask } = event
  to.set({ ask, missed: 0, why: '' })
}

export function withdraw(_: ReviewContext, __: unknown, to: To): void {
  to.set({ ask: null, missed: 0, why: '' })
}

export function close(_: ReviewContext, __: unknown, to: To): void {
  to.set({ ask: null, missed: 0, why: '', over: true })
}

export const mayBegin = ({ ask, held }: ReviewContext): boolean => ask !== null && held.length === 0

export function prepare({ review, rig, ...context }: ReviewContext, _: unknown, to: To): void {
  const { base, commit } = askOf({ review, rig, ...context })
  to.set({ checkedOut: commit })
  to.effect('review.checkout', { rig, review, base, commit })
}

/** What is checked out is what is asked for, and somebody may look at it. */
export const isReady = (context: ReviewContext): boolean =>
  mayBegin(context) && context.ask?.commit === context.checkedOut

export function begin(context: ReviewContext, { path }: Event<'review.ready'>, to: To): void {
  const { bead, base, review: spec } = askOf(context)
  const sessions = context.sessions + 1
  const session = reviewSession(context.review, sessions)
  const attempt = context.missed + 1
  to.set({ sessions, session })
  to.fact({ type: 'ReviewBegan', ...whose(context), session, attempt })
  to.tell({
    to: session,
    message: {
      type: 'session.open',
      bead,
      worktree: path,
      branch: '',
      base,
      preset: spec.preset,
      attempt,
      reason: 'first',
    },
  })
}

/** Whoever speaks, or ends, is the one that looks now. */
export const isOwn = (context: ReviewContext, { session }: { readonly session: string }): boolean =>
  context.session === session

export function stop(
  { session }: ReviewContext,
  { reason, graceMs }: { readonly reason: string; readonly graceMs?: number | undefined },
  to: To,
): void {
  if (session === null) return
  const message = { type: 'session.stop', reason } as const
  to.tell({ to: session, message: graceMs === undefined ? message : { ...message, graceMs } })
}

export function give(context: ReviewContext, event: Event<'review.verdict'>, to: To): void {
  const { session, ok, note, findings, runtime, model } = event
  const { commit } = askOf(context)
  const ran = { runtime, model }
  to.fact({ type: 'ReviewGiven', ...whose(context), session, by: session, ok, note, findings, ...ran })
  const by = `the reviewer${runtime === null ? '' : ` (${model ?? runtime})`}`
  answer(context, { ok, said: saidBy(by, ok, note, findings), by: session }, to)
  // It ends by itself, as after `gt done`, so that all that it used is counted.
  to.tell({
    to: session,
    message: { type: 'session.done', status: 'COMPLETED', head: commit, commits: 0, note: '' },
  })
}

/** What a worker reads of it, as it would read what a gate wrote. */
function saidBy(by: string, ok: boolean, note: string, findings: readonly Finding[]): string {
  const listed = findings.map(({ path, line, text }) => `${path}${line === null ? '' : `:${line}`}: ${text}`)
  const head = `${ok ? 'passed' : 'refused'} by ${by}${note === '' ? '' : `: ${note}`}`
  return [head, ...listed].join('\n').slice(0, 18_000)
}

function answer(
  context: ReviewContext,
  verdict: { readonly ok: boolean; readonly said: string; readonly by: string },
  to: To,
): void {
  const { gate, commit, refinery } = askOf(context)
  to.set({ ask: null, missed: 0, why: '' })
  to.tell({
    to: refinery,
    message: { type: 'review.judged', review: context.review, gate, commit, ...verdict },
  })
}

/** Nobody looked, or nobody said anything: that is no yes. After the last try an advice is left out, and a person asked. */
export function miss(
  context: ReviewContext,
  { code, message }: { readonly code: string; readonly message: string },
  to: To,
): void {
  if (context.ask === null) return
  const missed = context.missed + 1
  const last = missed >= TRIES_MAX
  const { session } = context
  const why = message.slice(0, 1_000)
  to.set({ missed, why })
  to.fact({
    type: 'ReviewMissed',
    ...whose(context),
    session,
    attempt: missed,
    last,
    code,
    message: why,
  })
  if (last && !context.ask.required)
    answer(context, { ok: false, said: `no verdict: ${why}`, by: context.review }, to)
}

/** Nobody is left to look: a person says what becomes of it. */
export const isForPerson = ({ ask, missed }: ReviewContext): boolean => ask !== null && missed >= TRIES_MAX

const CHOICES = ['pass', 'send back', 'review again'] as const

export function askPerson(context: ReviewContext, _: unknown, to: To): void {
  const { bead, commit, gate, target } = askOf(context)
  const { review, rig, mergeRequest, why } = context
  const decisions = context.decisions + 1
  const decision = `d-${rig}-${lastPart(review)}-r${decisions}`
  to.set({ decisions, decision })
  to.tell({
    to: decisionOwner(decision),
    message: {
      type: 'decision.open',
      kind: 'approval',
      session: review,
      agent: review,
      rig,
      bead,
      question: `Nobody reviewed bead ${bead} for ${gate}. May it land on ${target}?`,
      choices: [...CHOICES],
      context: {
        tool: null,
        command: null,
        files: [],
        why: `${commit.slice(0, 12)}: ${TRIES_MAX} tries without a verdict; ${why}`.slice(0, 1_900),
        cwd: null,
      },
      waitMs: 0,
      otherwise: 'send back',
    },
  })
  const message = `${gate}: there is no verdict (${why}), so a person says what becomes of it.`
  to.tell({
    to: mergeRequest,
    message: { type: 'mr.wait', code: 'REVIEW_UNDECIDED', message: message.slice(0, 1_900) },
  })
}

export const isAnswered = (context: ReviewContext, { decision }: Event<'session.answered'>): boolean =>
  context.decision === decision

export const isAgain = (context: ReviewContext, event: Event<'session.answered'>): boolean =>
  isAnswered(context, event) && event.choice === CHOICES[2]

export function again(context: ReviewContext, _: unknown, to: To): void {
  to.set({ decision: null, missed: 0, why: '' })
  const message = `${askOf(context).gate}: a person wants it reviewed again.`
  to.tell({ to: context.mergeRequest, message: { type: 'mr.wait', code: 'REVIEW_NEEDED', message } })
}

export function decide(context: ReviewContext, event: Event<'session.answered'>, to: To): void {
  const { choice, note = '', by = '' } = event
  const ok = choice === CHOICES[0]
  to.set({ decision: null })
  const none = { session: null, findings: [], runtime: null, model: null }
  to.fact({ type: 'ReviewGiven', ...whose(context), ...none, by, ok, note })
  answer(context, { ok, said: `no reviewer gave a verdict; ${saidBy(by, ok, note, [])}`, by }, to)
}

export function askNoMore({ decision }: ReviewContext, reason: string, to: To): void {
  to.set({ decision: null })
  if (decision !== null)
    to.tell({ to: decisionOwner(decision), message: { type: 'decision.withdraw', reason } })
}

export function hold({ held }: ReviewContext, { reason }: Event<'review.pause'>, to: To): void {
  if (!held.includes(reason)) to.set({ held: [...held, reason] })
}

export function letGo({ held }: ReviewContext, { reason }: Event<'review.resume'>, to: To): void {
  if (held.includes(reason)) to.set({ held: held.filter((each) => each !== reason) })
}

export function remove({ rig, review }: ReviewContext, _: unknown, to: To): void {
  to.effect('review.remove', { rig, review })
}
