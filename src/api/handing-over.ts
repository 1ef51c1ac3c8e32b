// Handing work from one session to the next, whoever asks for it: the agent, or the town for it.

import { rigOf, sandboxOfSession, workerOf } from '../events/address.ts'
import type { Address } from '../events/record.ts'
import type { HandoffTrigger } from '../events/worker.ts'
import type { Repositories } from '../ports/repositories.ts'
import type { System } from '../system/types.ts'
import { Fault } from './fault.ts'
import type { Said } from './turn.ts'

/**
 * What is said to the owners, in one turn, once everything in the worktree is under a checkpoint. Null when that session
 * has no worktree in hand.
 * @throws {Fault} DAEMON_DOWN. {RepositoryError} WORKTREE_MISSING, GIT_FAILED, …
 */
export async function handOver(
  town: { readonly system: System; readonly repositories: Repositories | null },
  session: Address,
  { note, trigger }: { readonly note: string; readonly trigger: HandoffTrigger },
): Promise<Said[] | null> {
  if (workerOf(session) === null) return null
  const sandbox = sandboxOfSession(session)
  const context = town.system.owner(sandbox)?.context
  if (context === undefined || context.session !== session) return null
  const { path, branch, base } = context
  if (typeof path !== 'string' || path === '') return null
  if (town.repositories === null)
    throw new Fault('DAEMON_DOWN', 'The town is not up, so the work cannot be kept.')
  // The same commit as long as neither the branch nor a file has changed.
  const { commit: mark } = await town.repositories.checkpoint({
    rig: rigOf(sandbox) ?? '',
    path,
    branch: String(branch),
    name: sandbox.replaceAll('/', '.'),
    base: typeof base === 'string' ? base : null,
  })
  return [
    { to: session, message: { type: 'session.handOff' } },
    { to: sandbox, message: { type: 'sandbox.handOff', session, note, trigger, mark } },
  ]
}
