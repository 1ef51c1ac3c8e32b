// Which branch the work of an assignment goes to, and went to, as its owners know it.

import { integrationOwner } from '../events/address.ts'
import type { System } from '../system/types.ts'
import { rigView } from './settings.ts'

/** Where it goes: what has no branch of its own, or none any more, goes to the rig's target. */
export function targetOfWork(system: System, rig: string, sandbox: string): string {
  const owner = ofEpic(system, rig, sandbox)
  const isOver = owner === null || OVER.has(owner.value)
  return isOver ? rigView(system, rig).target : String(owner.context.branch)
}

/** Where it went: also a branch that has landed since. */
export function targetOfLanded(system: System, rig: string, sandbox: string): string {
  const branch = ofEpic(system, rig, sandbox)?.context.branch
  return typeof branch === 'string' && branch !== '' ? branch : rigView(system, rig).target
}

const OVER: ReadonlySet<unknown> = new Set(['absent', 'creating', 'removing', 'landed'])

function ofEpic(system: System, rig: string, sandbox: string) {
  const epic = system.owner(sandbox)?.context.epic
  return typeof epic === 'string' ? system.owner(integrationOwner(rig, epic)) : null
}
