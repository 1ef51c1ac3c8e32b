// Going down and coming up: sessions are ended after a checkpoint, hooks stay, and work goes on later.

import { rigOf } from '../events/address.ts'
import type { Address } from '../events/record.ts'
import type { System } from '../system/types.ts'
import { keptAs } from './files.ts'
import type { OpenTown } from './open.ts'
import type { World } from './world.ts'

/** Where an attempt is at work, or may begin. */
const MAY_BEGIN: ReadonlySet<string> = new Set([
  'preparing',
  'working',
  'stalled',
  'cooling',
  'submitted',
  'reworking',
  'handingOff',
  'paused',
  'restoring',
])

/** Where a review has no session, and begins none. */
const RESTS: ReadonlySet<string> = new Set(['asking', 'idle'])

const OVER: ReadonlySet<string> = new Set(['shelving', 'shelved', 'removed', 'kept', 'failed'])

type Parts = { readonly town: OpenTown; readonly world: World }

/** Puts the uncommitted state of the worktree of a sandbox, or of a crew member, under a ref. Never rejects; what fails is a trouble to be shown. */
export const checkpointer =
  ({ town, world }: Parts) =>
  async (sandbox: Address): Promise<void> => {
    const context = town.system.owner(sandbox)?.context ?? {}
    const { path, branch } = context
    const rig = rigOf(sandbox)
    if (typeof path !== 'string' || path === '' || rig === null) return
    await world.repositories
      .checkpoint({
        rig,
        path,
        branch: String(branch),
        name: keptAs(sandbox, context),
      })
      .catch((error: unknown) => town.trouble('NOT_CHECKPOINTED', `${sandbox}: ${String(error)}`))
  }

/** Puts every worktree at work under a checkpoint ref, pauses its sandbox, and waits until its session has ended. */
export async function endSessions(parts: Parts): Promise<void> {
  const { town } = parts
  const { system } = town
  const checkpoint = checkpointer(parts)
  const live = sandboxesIn(system, ({ value, held }) => MAY_BEGIN.has(value) && !held.includes('town'))
  await Promise.all(
    live.map(async (sandbox) => {
      await system.take({
        id: `pause.${sandbox}.${system.owner(sandbox)?.seq}`,
        by: 'overseer',
        messages: [{ to: sandbox, message: { type: 'sandbox.pause', reason: 'town' } }],
      })
      await checkpoint(sandbox)
    }),
  )
  // Whom a person directs ends as well, and goes on when the town is up again.
  await Promise.all(
    ownersIn(system, 'crew', ({ value }) => value === 'working').map(async (crew) => {
      await checkpoint(crew)
      await system.take({
        id: `pause.${crew}.${system.owner(crew)?.seq}`,
        by: 'overseer',
        messages: [{ to: crew, message: { type: 'crew.pause', reason: 'town' } }],
      })
    }),
  )
  // A reviewer has nothing to keep, and looks again from the start.
  await Promise.all(
    ownersIn(system, 'review', ({ value, held }) => !RESTS.has(value) && !held.includes('town')).map(
      (review) =>
        system.take({
          id: `pause.${review}.${system.owner(review)?.seq}`,
          by: 'overseer',
          messages: [{ to: review, message: { type: 'review.pause', reason: 'town' } }],
        }),
    ),
  )
  await untilEnded(system, town)
}

/** Whatever rested because the town was down goes on, unless something else keeps it. */
export async function resumeSessions(system: System): Promise<void> {
  for (const sandbox of sandboxesIn(system, ({ value, held }) => !OVER.has(value) && held.includes('town'))) {
    await system.take({
      id: `resume.${sandbox}.${system.owner(sandbox)?.seq}`,
      by: 'overseer',
      messages: [{ to: sandbox, message: { type: 'sandbox.resume', reason: 'town' } }],
    })
  }
  for (const crew of ownersIn(system, 'crew', ({ held }) => held.includes('town'))) {
    await system.take({
      id: `resume.${crew}.${system.owner(crew)?.seq}`,
      by: 'overseer',
      messages: [{ to: crew, message: { type: 'crew.resume', reason: 'town' } }],
    })
  }
  for (const review of ownersIn(system, 'review', ({ held }) => held.includes('town'))) {
    await system.take({
      id: `resume.${review}.${system.owner(review)?.seq}`,
      by: 'overseer',
      messages: [{ to: review, message: { type: 'review.resume', reason: 'town' } }],
    })
  }
}

type Resting = { readonly value: string; readonly held: readonly string[] }

const sandboxesIn = (system: System, which: (sandbox: Resting) => boolean): Address[] =>
  ownersIn(system, 'sandbox', which)

function ownersIn(
  system: System,
  kind: 'sandbox' | 'crew' | 'review',
  which: (owner: Resting) => boolean,
): Address[] {
  return [...system.living(kind)]
    .filter(([, { value, context }]) =>
      which({ value: String(value), held: (context.held ?? []) as readonly string[] }),
    )
    .map(([address]) => address)
}

/** Waits for the records that say so: each session told to stop ends, or is killed by its own rules. */
function untilEnded(system: System, town: OpenTown): Promise<void> {
  const stopping = () =>
    [...system.living('session')].some(([, { value }]) => value === 'stopping' || value === 'starting')
  if (!stopping()) return Promise.resolve()
  return new Promise((resolve) => {
    const subscription = town.log.subscribe(system.seq, async () => {
      await system.idle()
      if (stopping()) return
      subscription.close()
      resolve()
    })
  })
}
