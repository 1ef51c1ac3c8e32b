// Boot: who watches the watchers. What an owner has open past its time is kept anew, then a person is told.
// Rules: SPEC.md beside this file.
//
// In the context: `role/<address>` is what was done about an owner in the last hour.

import { setup } from 'xstate'
import { MAYOR } from '../../events/address.ts'
import type { Json } from '../../events/record.ts'
import {
  ACTIONS,
  type Deciding,
  type Event,
  type MachineDef,
  OPTIONS,
  typesOf,
  UNEXPECTED,
  writing,
} from '../machine.ts'

type BootContext = { readonly [key: string]: Json | undefined }
type Role = {
  /** When it was restarted, in the last hour. */
  restarts: readonly string[]
  /** Promises that it was restarted for. */
  kept: readonly string[]
  /** Since when it is left alone; null while it may be restarted. */
  givenUpAt: string | null
}

/** Restarts of one owner in `WINDOW_MS`; more would only be the same again. */
const RESTARTS_MAX = 3
const WINDOW_MS = 60 * 60_000
/** Promises that are remembered as kept anew. */
const KEPT_MAX = 100
/** What the watch calls a bead that nothing keeps from its place. */
const DISPATCH = 'dispatch/'

const { does } = writing<BootContext>()

const machine = setup({ types: typesOf<BootContext>(), actions: ACTIONS }).createMachine({
  id: 'boot',
  options: OPTIONS,
  initial: 'watching',
  context: {},
  states: { watching: {} },
  on: {
    'boot.found': { actions: does('boot.found', found) },
    'role.restarted': {
      actions: does('role.restarted', (_, { role, again, over }, to) =>
        to.fact({ type: 'RoleRestarted', role, again: again.length, over: over.length }),
      ),
    },
    'effect.failed': {
      actions: does('effect.failed', (_, { code, message, params }, to) =>
        to.fact({
          type: 'RoleNotRestarted',
          role: String(params.role),
          code,
          message: message.slice(0, 1_900),
        }),
      ),
    },
    '*': UNEXPECTED,
  },
})

export const boot: MachineDef = { name: 'boot', version: 1, machine, live: true }

function found(
  context: BootContext,
  { role, overdue, meta }: Event<'boot.found'>,
  to: Deciding<BootContext>,
) {
  const before = context[`role/${role}`] as Role | undefined
  const isRecent = (at: string) => Date.parse(meta.at) - Date.parse(at) < WINDOW_MS
  const givenUpAt = before?.givenUpAt ?? null
  // A person was told; until the hour is over it is theirs.
  if (givenUpAt !== null && isRecent(givenUpAt)) return
  const restarts = (before?.restarts ?? []).filter(isRecent)
  const kept = restarts.length === 0 ? [] : (before?.kept ?? [])
  const what = [...new Set(overdue.map((one) => one.what))]
  const lateMs = Math.max(...overdue.map((one) => one.lateMs))
  const isStuck = overdue.some(({ id }) => kept.includes(id))
  if (isStuck || restarts.length >= RESTARTS_MAX) {
    const code = isStuck ? 'ROLE_STUCK' : 'ROLE_QUARANTINED'
    const reason = isStuck
      ? `${role} was restarted and still has not done what is due: ${what.join(', ')}.`
      : `${role} was restarted ${restarts.length} times within an hour and is late again: ${what.join(', ')}.`
    to.set({ [`role/${role}`]: { restarts, kept, givenUpAt: meta.at } })
    to.fact({ type: 'RoleGivenUp', role, code, reason: reason.slice(0, 1_900) })
    to.tell({
      to: MAYOR,
      message: { type: 'escalation.raise', bead: null, agent: role, code, reason: reason.slice(0, 1_900) },
    })
    return
  }
  const ids = overdue.map(({ id }) => id)
  to.set({
    [`role/${role}`]: {
      restarts: [...restarts, meta.at],
      kept: [...kept, ...ids].slice(-KEPT_MAX),
      givenUpAt: null,
    },
  })
  to.fact({ type: 'RoleStale', role, what: what.slice(0, 100), lateMs })
  const promises = ids.filter((id) => !id.startsWith(DISPATCH))
  if (promises.length < ids.length) to.tell({ to: MAYOR, message: { type: 'dispatch.look' } })
  if (promises.length > 0) to.effect('role.restart', { role, promises })
}
