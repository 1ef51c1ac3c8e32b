// Going down and coming up: sessions are ended after a checkpoint, hooks stay, and work goes on later.

import { ownerKind, workerOf } from '../events/address.ts'
import type { Address } from '../events/record.ts'
import type { System } from '../system/types.ts'
import { slug } from './files.ts'
import type { OpenTown } from './open.ts'
import type { World } from './world.ts'

/** Puts every worktree at work under a checkpoint ref, pauses its sandbox, and waits until its session has ended. */
export async function endSessions(parts: {
  readonly dir: string
  readonly town: OpenTown
  readonly world: World
}): Promise<void> {
  const { town, world } = parts
  const { system } = town
  const live = [...sandboxesIn(system, 'working')]
  await Promise.all(
    live.map(async (sandbox) => {
      const context = system.owner(sandbox)?.context ?? {}
      await system.take({
        id: `pause.${sandbox}.${system.owner(sandbox)?.seq}`,
        by: 'overseer',
        messages: [{ to: sandbox, message: { type: 'sandbox.pause' } }],
      })
      await world.repositories
        .checkpoint({
          rig: workerOf(sandbox)?.rig ?? '',
          path: String(context.path),
          branch: String(context.branch),
          name: slug(sandbox),
        })
        .catch((error: unknown) => town.trouble('NOT_CHECKPOINTED', `${sandbox}: ${String(error)}`))
    }),
  )
  await untilEnded(system, town)
}

/** Sends every paused sandbox back to work. */
export async function resumeSessions(system: System): Promise<void> {
  for (const sandbox of [...sandboxesIn(system, 'paused')]) {
    await system.take({
      id: `resume.${sandbox}.${system.owner(sandbox)?.seq}`,
      by: 'overseer',
      messages: [{ to: sandbox, message: { type: 'sandbox.resume' } }],
    })
  }
}

function* sandboxesIn(system: System, state: string): Iterable<Address> {
  for (const [address, { value }] of system.owners()) {
    if (ownerKind(address) === 'sandbox' && value === state) yield address
  }
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
