// Who speaks, and whether they may.
//
// Owns:      reading the token; what a session's token may see; when a session's token has ended.
// Does not:  know tokens (the town's `authenticate` does).
// Always:    the caller is what the token says, never the body (P9).

import { rigOf, sandboxOfSession } from '../events/address.ts'
import type { Address } from '../events/record.ts'
import { Fault } from './fault.ts'
import type { Caller, TownHandle } from './town.ts'

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
  readonly preset: string | null
  readonly attempt: number
  readonly reason: string
  readonly previous: Readonly<Record<string, unknown>>
  readonly session: Address | null
}

/**
 * The assignment a session speaks for.
 * @throws {Fault} ASSIGNMENT_OVER: another session has it, or it has ended.
 */
export function assignmentOf(
  town: TownHandle,
  caller: SessionCaller,
): { sandbox: Address; facts: SandboxFacts } {
  const sandbox = sandboxOfSession(caller.session)
  const facts = town.system.owner(sandbox)?.context as SandboxFacts | undefined
  const ended = town.system.owner(caller.session)?.value === 'ended'
  if (facts === undefined || facts.session !== caller.session || ended)
    throw new Fault('ASSIGNMENT_OVER', `The assignment of ${caller.agent} is over.`, {
      session: caller.session,
    })
  return { sandbox, facts }
}

/** What a session may read: its own bead, hook, mail and rig. */
export function ownOf(
  town: TownHandle,
  caller: SessionCaller,
): { bead: string; agent: Address; rig: string } {
  return {
    bead: assignmentOf(town, caller).facts.bead,
    agent: caller.agent,
    rig: rigOf(caller.agent) ?? '',
  }
}
