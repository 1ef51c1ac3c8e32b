// What the log says must be there, for whoever compares it with what is there (gt doctor).
//
// Always:    a look at states alone, live or folded: nothing is opened, decided or written for it.

import { z } from 'zod'
import type { EventLog } from '../../../eventlog/types.ts'
import { TOWN } from '../../events/address.ts'
import type { Address, Context, Json, StateValue } from '../../events/record.ts'
import { settingNamed } from '../../events/settings.ts'
import { recordOf } from '../../events/upcasters.ts'
import { createReplayedOwners } from '../../system/replayed-owners.ts'
import { read, several } from '../read.ts'

export type KnownRig = {
  readonly name: string
  readonly state: string
  readonly remote: { readonly kind: 'origin' | 'local'; readonly url: string }
  readonly target: string
  readonly parked: boolean
}

export type KnownWorktree = {
  /** Its sandbox, crew member or review. */
  readonly owner: Address
  readonly rig: string
  readonly path: string
  readonly bead: string | null
}

export type Known = {
  readonly seq: number
  readonly rigs: readonly KnownRig[]
  /** Those that somebody works in, or will go on in. */
  readonly worktrees: readonly KnownWorktree[]
  /** State of each owner that was asked for; null: the log has never heard of it. */
  readonly owners: Readonly<Record<Address, string | null>>
  readonly settings: Readonly<Record<string, Json>>
  /** Settings that this gt cannot read: of the town (`rig` null) and of its rigs. */
  readonly unreadable: readonly { readonly rig: string | null; readonly key: string; readonly why: string }[]
}

type State = { readonly value: StateValue; readonly context: Context }

/** Owners of a town, live or folded. */
export type States = {
  readonly seq: number
  owner(address: Address): State | null
  living(machine: string): Iterable<readonly [Address, State]>
}

/** States in which a worktree is needed. */
const IN_USE: ReadonlySet<string> = new Set([
  ...['working', 'handingOff', 'stalled', 'cooling', 'paused', 'submitted', 'reworking', 'parked'],
  ...['idle', 'ending'],
])

/** As the log has them after that record. */
export async function statesAt(log: Pick<EventLog, 'read'>, seq: number): Promise<States> {
  const owners = createReplayedOwners()
  for await (const { line } of log.read({ to: seq })) owners.fold(recordOf(line))
  const living = (machine: string) =>
    [...owners.all()].filter(([, owner]) => owner.machine.startsWith(`${machine}@`))
  return { seq, owner: owners.get, living }
}

export function knownIn(states: States, asked: readonly Address[]): Known {
  const settings = (states.owner(TOWN)?.context.settings ?? {}) as Readonly<Record<string, Json>>
  const rigs = [...states.living('rig')].filter(([, { value }]) => value !== 'absent')
  const worktrees = ['sandbox', 'crew'].flatMap((machine) => [...states.living(machine)])
  return {
    seq: states.seq,
    rigs: rigs.map(([, { value, context }]) => ({
      name: String(context.rig),
      state: String(value),
      remote: context.remote as KnownRig['remote'],
      target: String(context.target),
      parked: context.parked !== null,
    })),
    worktrees: worktrees.flatMap(([owner, { value, context }]) => {
      const { path, rig, bead } = context
      if (!IN_USE.has(String(value)) || typeof path !== 'string' || path === '' || typeof rig !== 'string')
        return []
      return [{ owner, rig, path, bead: typeof bead === 'string' && bead !== '' ? bead : null }]
    }),
    owners: Object.fromEntries(
      asked.map((owner) => {
        const state = states.owner(owner)
        return [owner, state === null ? null : String(state.value)]
      }),
    ),
    settings,
    unreadable: [
      ...unreadable(null, settings),
      ...rigs.flatMap(([, { context }]) =>
        unreadable(String(context.rig), (context.settings ?? {}) as Readonly<Record<string, Json>>),
      ),
    ],
  }
}

function unreadable(rig: string | null, settings: Readonly<Record<string, Json>>): Known['unreadable'] {
  return Object.entries(settings).flatMap(([key, value]) => {
    const setting = settingNamed(key)
    if (setting === null) return [{ rig, key, why: 'this gt has no such setting' }]
    const { error } = setting.value.safeParse(value)
    return error === undefined ? [] : [{ rig, key, why: error.issues[0]?.message ?? 'it does not fit' }]
  })
}

const known = read({
  path: '/v1/known',
  summary: 'What the log says must be there: rigs, worktrees in use, and the state of each named owner.',
  query: z.strictObject({ owner: several.optional() }),
  run: async ({ town: { system, log }, view, query }) =>
    knownIn(view.past ? await statesAt(log, view.seq) : system, query.owner ?? []),
})

export const knownReads = [known]
