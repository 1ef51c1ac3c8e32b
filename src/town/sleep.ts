// Going down and coming up: sessions are ended after a checkpoint, hooks stay, and work goes on later.

import { ownerKind, workerOf } from '../events/address.ts'
import type { Address } from '../events/record.ts'
import type { System } from '../system/types.ts'
import { slug } from './files.ts'
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
  'paused',
])

const OVER: ReadonlySet<string> = new Set(['removed', 'kept', 'failed'])

type Parts = { readonly town: OpenTown; readonly world: World }

/** Puts the uncommitted state of a sandbox's worktree under a ref. Never rejects; what fails is a trouble to be shown. */
export const checkpointer =
  ({ town, world }: Parts) =>
  async (sandbox: Address): Promise<void> => {
    const { path, branch } = town.system.owner(sandbox)?.context ?? {}
    if (typeof path !== 'string' || path === '') return
    await world.repositories
      .checkpoint({
        rig: workerOf(sandbox)?.rig ?? '',
        path,
        branch: String(branch),
        name: slug(sandbox),
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
}

type Resting = { readonly value: string; readonly held: readonly string[] }

function sandboxesIn(system: System, which: (sandbox: Resting) => boolean): Address[] {
  return [...system.owners()]
    .filter(
      ([address, { value, context }]) =>
        ownerKind(address) === 'sandbox' &&
        which({ value: String(value), held: (context.held ?? []) as readonly string[] }),
    )
    .map(([address]) => address)
}

/** Waits for the records that say so: each session told to stop ends, or is killed by its own rules. */
function untilEnded(system: System, town: OpenTown): Promise<void> {
  const stopping = () =>
    [...system.owners()].some(
      ([address, { value }]) =>
        ownerKind(address) === 'session' && (value === 'stopping' || value === 'starting'),
    )
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
