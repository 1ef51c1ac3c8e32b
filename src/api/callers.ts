// Who speaks, and whether they may.
//
// Owns:      reading the token; what a session's token may see; when a session's token has ended.
// Does not:  know tokens (the town's `authenticate` does).
// Always:    the caller is what the token says, never the body (P9).

import { keeperOf, rigOf, type SessionRole, sandboxOfSession, sessionRole } from '../events/address.ts'
import type { Previous } from '../events/define.ts'
import type { Address } from '../events/record.ts'
import type { HandoffTrigger } from '../events/worker.ts'
import { Fault } from './fault.ts'
import type { Caller, Scope, TownHandle } from './town.ts'

export type SessionCaller = Extract<Caller, { kind: 'session' }>

/** @throws {Fault} TOKEN_MISSING, TOKEN_UNKNOWN. */
export function callerOf(town: TownHandle, authorization: string | undefined): Caller {
  const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? []
  if (token === undefined) throw new Fault('TOKEN_MISSING', 'This needs a token.')
  const caller = town.authenticate(token)
  if (caller === null) throw new Fault('TOKEN_UNKNOWN', 'This token is not known here.')
  return caller
}

export function operatorOnly(caller: Caller): void {
  if (caller.kind !== 'operator') throw new Fault('FORBIDDEN', 'An agent may not do this.')
}

/** What a token was not given for, it may not. @throws {Fault} SCOPE_MISSING. */
export function inScope(caller: Caller, wanted: Scope | 'whole'): void {
  if (caller.kind !== 'operator' || caller.scopes === undefined) return
  if (wanted === 'whole') throw new Fault('SCOPE_MISSING', 'This needs the person’s own token.')
  if (!caller.scopes.includes(wanted))
    throw new Fault('SCOPE_MISSING', `This token is for ${caller.scopes.join(' and ')}, not for ${wanted}.`)
}

/** The person, and sessions of these roles. @throws {Fault} FORBIDDEN. */
export function mayCommand(caller: Caller, roles: readonly SessionRole[]): void {
  const role = caller.kind === 'session' ? sessionRole(caller.session) : null
  if (caller.kind === 'session' && (role === null || !roles.includes(role))) operatorOnly(caller)
}

/** @throws {Fault} NOT_IN_A_SESSION. */
export function sessionOnly(caller: Caller): SessionCaller {
  if (caller.kind !== 'session')
    throw new Fault('NOT_IN_A_SESSION', 'There is no session here that could say this.')
  return caller
}

export type SandboxFacts = {
  readonly bead: string
  readonly branch: string
  readonly path: string
  readonly base: string
  /** Whose integration branch its work goes to; absent in assignments of before there were any. */
  readonly epic?: string | null
  readonly preset: string | null
  readonly attempt: number
  readonly reason: string
  readonly previous: Previous
  /** What an earlier session left for the next one. */
  readonly handoff: {
    readonly note: string
    readonly session: Address
    readonly trigger: HandoffTrigger
    readonly at: string
  } | null
  readonly session: Address | null
}

/**
 * The assignment a session speaks for.
 * @throws {Fault} ASSIGNMENT_OVER: another session has it, or it has ended; AGENT_HAS_NO_WORK: a person directs it.
 */
export function assignmentOf(
  town: TownHandle,
  caller: SessionCaller,
): { sandbox: Address; facts: SandboxFacts } {
  if (sessionRole(caller.session) !== 'polecat')
    throw new Fault(
      'AGENT_HAS_NO_WORK',
      sessionRole(caller.session) === 'reviewer'
        ? `${caller.agent} has no bead of its own: it reviews the work of another agent.`
        : `${caller.agent} has no bead: a person directs it.`,
    )
  const sandbox = sandboxOfSession(caller.session)
  const facts = town.system.owner(sandbox)?.context as SandboxFacts | undefined
  const ended = town.system.owner(caller.session)?.value === 'ended'
  if (facts === undefined || facts.session !== caller.session || ended)
    throw new Fault('ASSIGNMENT_OVER', `The assignment of ${caller.agent} is over.`, {
      session: caller.session,
    })
  return { sandbox, facts }
}

/** Where a session works, whoever keeps it. */
export type Workplace = {
  readonly role: SessionRole
  readonly agent: Address
  /** Null: the Mayor is of no rig. */
  readonly rig: string | null
  /** Null: a person directs it. A reviewer has that of the work it looks at. */
  readonly bead: string | null
  readonly path: string
  readonly branch: string
}

/**
 * The workplace a session speaks for.
 * @throws {Fault} ASSIGNMENT_OVER: another session has it, or it has ended.
 */
export function workplaceOf(town: TownHandle, caller: SessionCaller): Workplace {
  const { agent, session } = caller
  const role = sessionRole(session) ?? 'polecat'
  const rig = rigOf(session)
  if (role === 'polecat') {
    const { bead, path, branch } = assignmentOf(town, caller).facts
    return { role, agent, rig, bead, path, branch }
  }
  const { context } = town.system.owner(keeperOf(session)) ?? {}
  const ended = town.system.owner(session)?.value === 'ended'
  if (context?.session !== session || ended)
    throw new Fault('ASSIGNMENT_OVER', `This session of ${agent} is over.`, { session })
  if (role === 'reviewer') {
    const { bead, worktree } = town.system.owner(session)?.context ?? {}
    return { role, agent, rig, bead: String(bead), path: String(worktree), branch: '' }
  }
  return { role, agent, rig, bead: null, path: String(context.path), branch: String(context.branch) }
}

/**
 * What an agent changes lies in its own rig. The person changes what they like.
 * @throws {Fault} ASSIGNMENT_OVER, FORBIDDEN.
 */
export function inOwnRig(town: TownHandle, caller: Caller, rig: string | undefined): void {
  if (caller.kind === 'operator') return
  const own = workplaceOf(town, caller)
  if (own.rig !== rig) throw new Fault('FORBIDDEN', 'An agent changes beads of its own rig only.')
}
