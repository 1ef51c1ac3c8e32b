// The first turn of a fork: who is told what.
//
// Owns:      the messages, from what was known then and what could be restored.
// Does not:  decide what comes of them: the machines do, so that a replay of the fork knows it.
// Always:    pure. The town is told first; nothing in it names a place outside of the fork but what the parent is called.

import { MAYOR, ownerKind, rigOf, rigOwner, TOWN } from '../../events/address.ts'
import type { Parent, Resumption } from '../../events/fork.ts'
import type { Message, MessageOf } from '../../events/index.ts'
import type { Address, Json } from '../../events/record.ts'
import type { RestoredWorktree } from '../../git/forks.ts'
import type { Remote } from '../../ports/repositories.ts'
import type { OwnerState, SystemCheckpoint } from '../../system/types.ts'
import { inOwnPlace, placeOf } from './outside.ts'

/** A rig as it could be made in the fork; `remote` null: it could not, and `why`. */
export type RigThen = {
  readonly remote: Remote | null
  readonly head: string | null
  readonly why: string
}

export type ForkTurn = {
  readonly dir: string
  readonly townId: string
  readonly name: string
  readonly parent: Parent
  readonly folded: SystemCheckpoint
  readonly rigs: ReadonlyMap<string, RigThen>
  readonly worktrees: ReadonlyMap<Address, RestoredWorktree>
}

type Told = { readonly to: Address; readonly message: Message }

/** States in which an assignment is over, or has not begun. */
const OVER: ReadonlySet<string> = new Set(['absent', 'removed', 'kept', 'failed', 'ended'])

export function forkMessages(fork: ForkTurn): readonly Told[] {
  const { townId, name, parent, folded, dir, worktrees } = fork
  const { effects, timers } = folded.ledger
  const cancelled = [...effects, ...timers].map(({ id }) => id)
  const told: Told[] = [{ to: TOWN, message: { type: 'town.forked', townId, name, parent, cancelled } }]
  const resumptions = resumptionsOf(fork)
  const alive = folded.owners.filter(([, { value }]) => !OVER.has(String(value)))
  for (const [address, { value }] of folded.owners) {
    if (ownerKind(address) !== 'rig' || value === 'absent') continue
    const rig = address.slice(rigOwner('').length)
    const then = fork.rigs.get(rig) ?? { remote: null, head: null, why: 'It had no clone then.' }
    const message: MessageOf<'rig.forked'> = {
      type: 'rig.forked',
      ...then,
      resumptions: then.remote === null ? [] : (resumptions.get(rig) ?? []),
    }
    told.push({ to: address, message }, ...keepsStill(rig, then, folded))
  }
  for (const [address] of alive) {
    const kind = ownerKind(address)
    const restored = worktrees.get(address) ?? {
      path: placeOf(dir, address),
      from: 'nothing',
      commit: null,
      why: '',
    }
    if (kind === 'sandbox') told.push({ to: address, message: { type: 'sandbox.forked', ...restored } })
    if (kind === 'crew') told.push({ to: address, message: { type: 'crew.forked', ...restored } })
  }
  for (const [address] of alive) {
    if (ownerKind(address) !== 'session') continue
    const ending = { kind: 'lost' as const, survivors: [] }
    told.push({ to: address, message: { type: 'session.exited', ending } })
  }
  return told
}

/**
 * In the same turn as the rig, and not by it: what was told before the fork is heard right after this, and nobody may
 * begin or push anything by what held in the parent.
 */
function keepsStill(rig: string, { remote }: RigThen, { owners }: SystemCheckpoint): Told[] {
  const told: Told[] = [
    { to: MAYOR, message: { type: 'dispatch.hold', why: 'parked', scope: 'rig', id: rig } },
  ]
  for (const [to, { context }] of owners) {
    if (ownerKind(to) !== 'refinery' || rigOf(to) !== rig || context.settings === undefined) continue
    told.push({ to, message: { type: 'refinery.hold', reason: 'the rig is parked' } })
    if (remote === null) continue
    const configured = { ...(context.settings as object), remote } as Omit<
      MessageOf<'refinery.configure'>,
      'type'
    >
    told.push({ to, message: { type: 'refinery.configure', ...configured } })
  }
  return told
}

/** Effects of those who stay behind, or that the first turn itself makes needless. */
const NOT_AGAIN: ReadonlySet<string> = new Set([
  'worktree.checkpoint',
  'session.start',
  'session.stop',
  'nudge.write',
  'nudge.enter',
  'notice.send',
  'rig.clone',
])

/** What was open and is asked once more when the rig is unparked, by rig; in terms of the fork's own places. */
function resumptionsOf({ folded, dir, rigs }: ForkTurn): ReadonlyMap<string, Resumption[]> {
  const states = new Map(folded.owners)
  const byOwner = new Map<Address, Resumption['asked']>()
  const add = (owner: Address, one: Resumption['asked'][number]): void => {
    const before = byOwner.get(owner)
    if (before === undefined) byOwner.set(owner, [one])
    else before.push(one)
  }
  for (const { actor, kind, params } of folded.ledger.effects) {
    const rig = rigAbout(actor, states.get(actor))
    const remote = rig === null ? null : rigs.get(rig)?.remote
    if (NOT_AGAIN.has(kind) || remote == null) continue
    add(actor, { kind, params: inFork(params as { readonly [key: string]: Json }, dir, remote) })
  }
  for (const { actor, event, delayMs } of folded.ledger.timers)
    if (ownerKind(actor) !== 'session') add(actor, { kind: 'timer', event, delayMs })
  const byRig = new Map<string, Resumption[]>()
  for (const [owner, asked] of byOwner) {
    const state = states.get(owner)
    const rig = rigAbout(owner, state)
    if (rig === null || state === undefined) continue
    byRig.set(rig, [...(byRig.get(rig) ?? []), { owner, value: state.value as never, asked }])
  }
  return byRig
}

/** The rig that an owner is of, or is about. */
function rigAbout(owner: Address, state: OwnerState | undefined): string | null {
  const { rig, agent } = state?.context ?? {}
  if (typeof rig === 'string' && rig !== '') return rig
  return rigOf(owner) ?? (typeof agent === 'string' ? rigOf(agent) : null)
}

function inFork(params: { readonly [key: string]: Json }, dir: string, remote: Remote) {
  const own = inOwnPlace('remote' in params ? { ...params, remote } : params, dir)
  return structuredClone(own) as Extract<Resumption['asked'][number], { params: unknown }>['params']
}
