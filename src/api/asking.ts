// An agent asks whether it may: rules answer at once, else a person is asked, and the agent waits.
//
// Owns:      from a runtime's question to its answer, however often the connection between breaks.
// Does not:  know runtimes (presets do), or decide (the rules and the decision's machine do).
// Always:    the answer follows a durable record; whoever asks again with the same call joins what is open, or gets the
//            answer of then; a caller that goes away leaves the decision as it is.

import { createHash } from 'node:crypto'
import { decisionOwner } from '../events/address.ts'
import type { AskedKind } from '../events/decision.ts'
import { shownFile } from '../events/permission-rules.ts'
import type { Address } from '../events/record.ts'
import type { HookReply, PermissionAsk } from '../ports/presets.ts'
import { decision as decisionRow } from '../projections/decisions.ts'
import type { System } from '../system/types.ts'
import type { SessionCaller } from './callers.ts'
import { Fault } from './fault.ts'
import { firstOf } from './follow.ts'
import { deniedByRule, ruled } from './permissions.ts'
import type { TownHandle } from './town.ts'
import { take } from './turn.ts'

export type Asking = {
  readonly town: TownHandle
  readonly caller: SessionCaller
  readonly ask: PermissionAsk
  /** The launcher's name for this call, for runtimes that give it none. */
  readonly call?: string | undefined
  /** Aborted when the runtime no longer waits. */
  readonly signal: AbortSignal
}

/** How a decision was settled. */
export type Settled = {
  readonly state: 'answered' | 'expired' | 'withdrawn'
  readonly choice: string | null
  readonly note: string
  readonly reason: string
}

/** @throws {Fault} ASSIGNMENT_OVER; {LogError} when the town closes: ask again. */
export async function askPerson({ town, caller, ask, call, signal }: Asking): Promise<HookReply> {
  const { permissions, worktree, bead, by } = ruled(town, caller, ask)
  const { rig, mode, waitMs } = permissions
  if (by?.verdict === 'deny') return { kind: 'deny', reason: deniedByRule(rig, by.rule) }
  // A question that is let through would only show its dialog, where nobody looks.
  if (ask.what !== 'question' && (by?.verdict === 'allow' || mode === 'bypass')) return { kind: 'allow' }
  const id = idFor(town, caller.session, ask, call)
  try {
    await openDecision(
      town,
      caller,
      id,
      { ...shownTo(ask, caller, worktree), rig: rig === '' ? null : rig, bead, waitMs },
      true,
    )
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { kind: 'deny', reason: `Nobody could be asked: ${error.message} Go on another way.` }
  }
  const settled = await whenSettled(town, id, signal)
  return settled === null ? { kind: 'none' } : replyTo(ask.what, settled, waitMs)
}

/** What rules deny, for the moment before a tool runs: they hold in every mode. @throws {Fault} ASSIGNMENT_OVER. */
export function guard(town: TownHandle, caller: SessionCaller, ask: PermissionAsk): HookReply {
  const { permissions, by } = ruled(town, caller, ask, { rulesOnly: true })
  return by?.verdict === 'deny'
    ? { kind: 'deny', reason: deniedByRule(permissions.rig, by.rule) }
    : { kind: 'none' }
}

export type Asked = {
  readonly kind: AskedKind
  readonly question: string
  readonly choices: readonly string[]
  readonly otherwise: string
  readonly context: {
    readonly tool: string | null
    readonly command: string | null
    readonly files: readonly string[]
    readonly why: string | null
    readonly cwd: string | null
  }
  readonly rig: string | null
  readonly bead: string | null
  readonly waitMs: number
}

/** Opens the decision unless it is there; `waits`: its session stands still until it is settled. */
export async function openDecision(
  town: TownHandle,
  caller: SessionCaller,
  id: string,
  asked: Asked,
  waits: boolean,
): Promise<void> {
  const { session, agent } = caller
  const { kind, context } = asked
  const open = {
    to: decisionOwner(id),
    message: {
      type: 'decision.open' as const,
      ...asked,
      session,
      agent,
      choices: [...asked.choices],
      context: { ...context, files: [...context.files] },
    },
  }
  const stand = {
    to: session,
    message: { type: 'session.asked' as const, decision: id, kind, tool: context.tool ?? '' },
  }
  const known = town.system.owner(decisionOwner(id))
  if (known === null) await take(town, caller, `ask ${id}`, waits ? [open, stand] : [open])
  else if (known.value === 'open' && waits) await take(town, caller, `wait ${id}`, [stand])
}

/** An id that the same question of the same session has again. */
export const decisionId = (session: Address, key: string): string => {
  const digest = createHash('sha256').update(`${session}\0${key}`).digest()
  return `d-${[...digest.subarray(0, ID_LETTERS)].map((byte) => LETTERS[byte % LETTERS.length]).join('')}`
}

/** Without digits, so that a number is never the beginning of an id. */
const LETTERS = 'abcdefghjkmnpqrstvwxyz'
const ID_LETTERS = 10

/** How many wait for it here and now: the agent behind them has the answer in a moment. */
export const listenersTo = (town: TownHandle, id: string): number => listening.get(town.system)?.get(id) ?? 0

const listening = new WeakMap<System, Map<string, number>>()

/** Waits for the record that settles it; null when `signal` is aborted, or after `timeoutMs`. */
export async function whenSettled(
  town: TownHandle,
  id: string,
  signal: AbortSignal,
  timeoutMs = HOLD_MS,
): Promise<Settled | null> {
  const counts = listening.get(town.system) ?? new Map<string, number>()
  listening.set(town.system, counts)
  counts.set(id, (counts.get(id) ?? 0) + 1)
  try {
    // Looked at together: what is settled up to here is in the rows, what comes after is in the records that follow.
    const settled = settledAs(town, id)
    if (settled !== null) return settled
    const owner = decisionOwner(id)
    const look = ({ actor }: { readonly actor: Address }) => (actor === owner ? settledAs(town, id) : null)
    return await firstOf(town, { after: town.system.seq, timeoutMs, signal }, look)
  } finally {
    const left = (counts.get(id) ?? 1) - 1
    if (left > 0) counts.set(id, left)
    else counts.delete(id)
  }
}

/** Longer than any decision: its own time ends it. */
const HOLD_MS = 2 ** 31 - 1

/** From what is durable. */
function settledAs(town: TownHandle, id: string): Settled | null {
  const row = decisionRow(town.projections.decisions.rows, id)
  if (row !== null) {
    if (row.state === 'open') return null
    const { state, answer, reason } = row
    return { state, choice: answer?.choice ?? null, note: answer?.note ?? '', reason: reason ?? '' }
  }
  // So old that its row is gone.
  const owner = town.system.owner(decisionOwner(id))
  if (owner === null || owner.value === 'open') return null
  const { choice, note } = owner.context as { choice?: string | null; note?: string }
  return { state: owner.value as Settled['state'], choice: choice ?? null, note: note ?? '', reason: '' }
}

/** A call that has no name of its own is known by what it asks, for as long as that is open. */
function idFor(town: TownHandle, session: Address, ask: PermissionAsk, call: string | undefined): string {
  const name = ask.callId ?? call
  if (name !== undefined) return decisionId(session, `call ${name}`)
  const what = JSON.stringify([ask.what, ask.tool, ask.command, ask.files])
  for (let n = 1; ; n += 1) {
    const id = decisionId(session, `${n} ${what}`)
    const known = town.system.owner(decisionOwner(id))
    if (known === null || known.value === 'open') return id
  }
}

const LINE_MAX = 2_000

function shownTo(
  ask: PermissionAsk,
  { agent }: SessionCaller,
  worktree: string,
): Pick<Asked, 'kind' | 'question' | 'choices' | 'otherwise' | 'context'> {
  const name = agent.slice(agent.lastIndexOf('/') + 1)
  const { what, tool, cwd } = ask
  const questions = {
    permission: `May ${name} use ${tool}?`,
    plan: `May ${name} go on by this plan?`,
    question: `${name} has a question.`,
  }
  return {
    kind: what,
    question: questions[what].slice(0, LINE_MAX),
    choices: what === 'question' ? FREE_CHOICES : ['allow', 'deny'],
    otherwise: what === 'question' ? NO_ANSWER : 'deny',
    context: {
      tool: tool.slice(0, LINE_MAX),
      command: ask.command?.slice(0, 10_000) ?? null,
      files: ask.files.slice(0, 50).map((file) => shownFile(file, { cwd, worktree }).slice(0, LINE_MAX)),
      why: ask.why?.slice(0, LINE_MAX) ?? null,
      cwd: cwd?.slice(0, LINE_MAX) ?? null,
    },
  }
}

/** What a question without choices can be answered with; `note` stands for what is said in words. */
export const FREE_CHOICES: readonly string[] = ['yes', 'no', 'note']
export const NO_ANSWER = 'no answer'

/** What the agent reads. */
function replyTo(
  what: PermissionAsk['what'],
  { state, choice, note, reason }: Settled,
  waitMs: number,
): HookReply {
  const words = note.replace(/[.\s]+$/, '')
  const more = words === '' ? '' : `: ${words}`
  if (state === 'answered' && what !== 'question' && choice === 'allow') return { kind: 'allow' }
  if (state === 'answered')
    return {
      kind: 'deny',
      reason:
        what === 'question'
          ? `The person who runs this town answered${choice === 'note' ? '' : ` ${choice}`}${more}. Go on by that.`
          : `The person who runs this town said no${more}. Go on another way.`,
    }
  if (state === 'withdrawn')
    return {
      kind: 'deny',
      reason: `Nobody waits for an answer to this any more${reason === '' ? '' : `: ${reason}`}.`,
    }
  const time = waitMs < 60_000 ? `${Math.ceil(waitMs / 1_000)} s` : `${Math.round(waitMs / 60_000)} min`
  return {
    kind: 'deny',
    reason:
      what === 'question'
        ? `Nobody answered in ${time}. Decide by yourself and say so in your work, ${ESCALATE}`
        : `Nobody answered in ${time}, so the answer is no. Go on another way, ${ESCALATE}`,
  }
}

const ESCALATE = 'or hand the work back: gt done --status ESCALATED --note "<what you need>".'
