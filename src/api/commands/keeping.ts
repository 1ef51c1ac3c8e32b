// What a person takes away from workers, and brings back.

import { z } from 'zod'
import { beadOwner, MAYOR, workerOf } from '../../events/address.ts'
import { line } from '../../events/define.ts'
import type { Address, LogRecord } from '../../events/record.ts'
import { targetOfWork } from '../../projections/epics.ts'
import { hookOf, hookWith } from '../../projections/hooks.ts'
import { type TrashRow, trash, trashRow } from '../../projections/trash.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { firstOf } from '../follow.ts'
import { findAgent, findBead, findTrash, reapedTrash, shown } from '../resolve.ts'
import type { TownHandle } from '../town.ts'
import { take } from '../turn.ts'

/** How long the answer waits until the session has ended and everything is kept, ms. */
const WAIT_MS = 60_000

const agentName = z.string().min(1).max(200)

const restore = command({
  name: 'trash.restore',
  summary: 'Makes a new branch, or a folder outside of the town, of what is kept. Overwrites nothing.',
  who: 'operator',
  input: z.strictObject({
    entry: z.string().min(1).max(200),
    /** Name of the branch; restored/<entry> when neither is given. */
    branch: z.string().min(1).max(200).optional(),
    /** Absolute path. */
    folder: z.string().min(1).max(4_096).optional(),
    /** One of its earlier checkpoints. */
    commit: z
      .string()
      .regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/, 'a whole commit id')
      .optional(),
  }),
  async run({ town, input }) {
    if (town.repositories === null) throw new Fault('DAEMON_DOWN', 'The town is not up.')
    if (input.branch !== undefined && input.folder !== undefined)
      throw new Fault('INPUT_INVALID', 'Name a branch or a folder, not both.')
    const reaped = reapedTrash(town.projections, input.entry)
    const { id, rig, branch, sandbox } = reaped ?? findTrash(town.projections, input.entry)
    const to =
      input.folder === undefined
        ? ({ kind: 'branch', name: input.branch ?? `restored/${id}` } as const)
        : ({ kind: 'folder', path: input.folder } as const)
    const commit = input.commit ?? null
    const made = await town.repositories.bringBack({
      rig,
      name: sandbox.replaceAll('/', '.'),
      branch,
      commit,
      ...(reaped?.gone != null && { reaped: reaped.gone.refs.map((ref) => ref.commit) }),
      to,
    })
    return { entry: id, ...to, ...made, seq: town.system.seq }
  },
})

const nuke = command({
  name: 'polecat.nuke',
  summary:
    'Ends the session of a polecat (worker), takes its worktree away, and opens its bead again; can be undone.',
  who: 'operator',
  input: z.strictObject({
    agent: agentName,
    reason: line.default('a person took it away'),
    /** Also when there is work that was never handed in. */
    yes: z.boolean().default(false),
  }),
  async run({ town, caller, input, id, signal }) {
    const { agent, bead, sandbox } = atWork(town, input.agent)
    if (!input.yes) await requireNothingUnsubmitted(town, agent, sandbox)
    const { records } = await take(town, caller, id, [
      { to: sandbox, message: { type: 'sandbox.nuke', reason: input.reason } },
    ])
    return { agent, bead, ...(await untilShelved(town, sandbox, records, signal)) }
  },
})

const unsling = command({
  name: 'unsling',
  summary: 'Takes a bead off its hook after a checkpoint; its worktree stays, and the bead is open again.',
  who: 'operator',
  input: z.strictObject({
    bead: z.string().min(1).max(64),
    reason: line.default('a person took it off the hook'),
  }),
  async run({ town, caller, input, id, signal }) {
    const { id: bead, stage } = findBead(town.projections, input.bead)
    if (stage === 'queued') {
      const { reason } = input
      const { seq } = await take(town, caller, id, [
        { to: MAYOR, message: { type: 'dispatch.withdraw', bead, reason } },
        { to: beadOwner(bead), message: { type: 'bead.unqueue', reason } },
      ])
      return { agent: null, bead, entry: null, worktree: null, files: null, seq }
    }
    const hook = hookWith(town.projections.hooks.rows, bead)
    if (hook === null) throw new Fault('BEAD_NOT_HOOKED', `${bead} is on no hook.`)
    const { agent, sandbox } = hook
    const { records } = await take(town, caller, id, [
      { to: sandbox, message: { type: 'sandbox.unsling', reason: input.reason } },
    ])
    return { agent, bead, ...(await untilShelved(town, sandbox, records, signal)) }
  },
})

const undo = command({
  name: 'polecat.undo',
  summary:
    'Brings back what was taken from a polecat (worker) last: worktree, branch and bead, as they were.',
  who: 'operator',
  input: z.strictObject({ agent: agentName }),
  async run({ town, caller, input, id }) {
    const agent = polecatNamed(town, input.agent)
    const last = lastTaken(town, agent)
    const { sandbox, rig } = last
    const bead = last.bead ?? ''
    const name = workerOf(agent)?.name ?? ''
    const { seq } = await take(town, caller, id, [
      { to: MAYOR, message: { type: 'dispatch.retake', bead, rig, name, sandbox } },
      { to: beadOwner(bead), message: { type: 'bead.rehook', agent, sandbox } },
      { to: agent, message: { type: 'polecat.rehook', bead, sandbox } },
      { to: sandbox, message: { type: 'sandbox.undo' } },
    ])
    return { agent, bead, entry: last.id, branch: last.branch, worktree: last.path, seq }
  },
})

const stop = command({
  name: 'stop',
  summary: 'Has a polecat (worker) rest, after a checkpoint; its hook stays, and gt start lets it go on.',
  who: 'operator',
  input: z.strictObject({ agent: agentName }),
  async run({ town, caller, input, id }) {
    const { agent, bead, sandbox } = atWork(town, input.agent)
    const { seq } = await take(town, caller, id, [
      { to: sandbox, message: { type: 'sandbox.pause', reason: 'person' } },
    ])
    return { agent, bead, seq }
  },
})

export const keepingCommands = [restore, nuke, unsling, undo, stop]

/** @throws {Fault} AGENT_NOT_FOUND, AMBIGUOUS. */
function polecatNamed({ projections }: TownHandle, name: string): Address {
  const agent = findAgent(projections, name)
  if (workerOf(agent) === null)
    throw new Fault('AGENT_NOT_FOUND', `${shown(name)} is not a polecat (worker).`)
  return agent
}

/** @throws {Fault} AGENT_NOT_FOUND, AGENT_HAS_NO_WORK. */
function atWork(town: TownHandle, name: string) {
  const agent = polecatNamed(town, name)
  const hook = hookOf(town.projections.hooks.rows, agent)
  if (hook === null) throw new Fault('AGENT_HAS_NO_WORK', `${agent} has no bead on its hook.`)
  return hook
}

/**
 * `owner` has the worktree: an assignment, or a crew member.
 * @throws {Fault} WORK_NOT_SUBMITTED: how much there is, or that nobody knows.
 */
export async function requireNothingUnsubmitted(
  town: TownHandle,
  agent: Address,
  owner: Address,
): Promise<void> {
  const { path, branch, rig, epic } = town.system.owner(owner)?.context ?? {}
  if (typeof path !== 'string' || path === '') return
  if (town.repositories === null) throw new Fault('DAEMON_DOWN', 'The town is not up.')
  const target = targetOfWork(town.projections, String(rig), epic)
  const state = await town.repositories
    .inspectWorktree({ rig: String(rig), path, branch: String(branch), target, unkept: true })
    .catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error)
      throw new Fault('WORK_NOT_SUBMITTED', `Nobody knows what ${agent} has not handed in: ${why}`)
    })
  const { commits, dirty, unkept } = state
  const lost = unkept !== undefined && unkept.count > 0 ? unkept : null
  if (commits === 0 && dirty.length === 0 && lost === null) return
  const many = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`
  throw new Fault(
    'WORK_NOT_SUBMITTED',
    [
      `${agent} has not handed in ${many(commits, 'commit')} and ${many(dirty.length, 'changed file')}.`,
      ...(lost === null
        ? []
        : [
            `${many(lost.count, 'file')} that git ignores (${megabytes(lost.bytes)}) would not be kept: ${lost.paths.slice(0, 3).join(', ')}${lost.count > 3 ? ', …' : ''}.`,
          ]),
    ].join(' '),
    { commits, dirty, ...(lost === null ? {} : { unkept: { ...lost } }) },
  )
}

async function untilShelved(
  town: TownHandle,
  sandbox: Address,
  records: readonly LogRecord[],
  signal: AbortSignal,
) {
  const after = (records[0]?.seq ?? town.system.seq) - 1
  const found = await firstOf(town, { after, timeoutMs: WAIT_MS, signal }, ({ facts }) => {
    const fact = facts.find((one) => one.type === 'SandboxShelved' && one.sandbox === sandbox)
    return fact === undefined ? null : { worktree: fact.worktree === true }
  })
  if (found === null)
    throw new Fault('TIMED_OUT', 'It is being taken away, and its session or its worktree takes long for it.')
  const row = trashRow(town.projections.trash.rows, sandbox)
  return {
    entry: row?.id ?? null,
    /** Where it still is, or null. */
    worktree: found.worktree ? (row?.path ?? null) : null,
    files: row?.checkpoint?.changed ?? row?.checkpoint?.files ?? null,
    seq: town.system.seq,
  }
}

/** @throws {Fault} NOTHING_TO_UNDO, with what there is instead. */
function lastTaken({ projections }: TownHandle, agent: Address): TrashRow {
  const own = trash(projections.trash.rows).filter((row) => row.agent === agent)
  const last = own.find(({ kind }) => kind !== 'checkpoint')
  if (last?.undo === true) return last
  const instead = last === undefined ? '' : `; gt trash restore ${last.id} brings back its files`
  const why = last?.landed === true ? `its last work, ${last.bead}, has landed` : 'nothing was taken from it'
  throw new Fault('NOTHING_TO_UNDO', `There is nothing to undo for ${agent}: ${why}${instead}.`)
}

const megabytes = (bytes: number): string => `${(bytes / (1024 * 1024)).toFixed(1)} MB`
