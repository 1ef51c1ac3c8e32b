// What a person tells the town and its workers: end, try again, this question is answered.

import { z } from 'zod'
import { MAYOR, refinery, refineryOf, workerOf } from '../../events/address.ts'
import { line } from '../../events/define.ts'
import { hookOf } from '../../projections/hooks.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { chooseRig, chooseTarget, findAgent, findMergeRequest, shown } from '../resolve.ts'
import { take } from '../turn.ts'

const down = command({
  name: 'down',
  summary: 'Ends every session after a checkpoint, then the daemon. Hooks stay.',
  who: 'operator',
  input: z.strictObject({}),
  async run({ town }) {
    if (town.daemon === null) throw new Fault('DAEMON_DOWN', 'The town is not up.')
    await town.shutDown()
    return { stopped: town.daemon.pid, seq: town.system.seq }
  },
})

const start = command({
  name: 'start',
  summary: 'Lets a worker go on that a person stopped, or that stopped for one.',
  who: 'operator',
  input: z.strictObject({ agent: z.string().min(1).max(200) }),
  async run({ town, caller, input, id }) {
    const agent = findAgent(town.projections, input.agent)
    const hook = hookOf(town.projections.hooks.rows, agent)
    if (workerOf(agent) === null)
      throw new Fault('AGENT_NOT_FOUND', `${shown(input.agent)} is not a polecat (worker).`)
    if (hook === null) throw new Fault('AGENT_HAS_NO_WORK', `${agent} has no bead to go on with.`)
    const { bead, sandbox } = hook
    const held = town.system.owner(sandbox)?.context.held
    const isStopped = Array.isArray(held) && held.includes('person')
    const message = isStopped
      ? ({ type: 'sandbox.resume', reason: 'person' } as const)
      : ({ type: 'sandbox.retry' } as const)
    const { seq } = await take(town, caller, id, [{ to: sandbox, message }])
    return { agent, bead, seq }
  },
})

const retry = command({
  name: 'mq.retry',
  summary: 'Lets the Refinery (merge queue) try again now what it waits with.',
  who: 'operator',
  input: z.strictObject({ rig: z.string().optional(), mergeRequest: z.string().min(1).max(200).optional() }),
  async run({ town, caller, input, id }) {
    const { projections } = town
    const named =
      input.mergeRequest === undefined
        ? chooseRig(projections, input.rig).name
        : projections.rigs.rows.get(input.mergeRequest)?.name
    const row = named === undefined ? findMergeRequest(projections, String(input.mergeRequest)) : null
    const to = row === null ? refinery(String(named)) : refineryOf(row.address)
    const { seq } = await take(town, caller, id, [{ to, message: { type: 'refinery.retry' } }])
    return { rig: row?.rig ?? named, seq }
  },
})

const rigOnly = {
  rig: z.string().min(1).max(64).optional(),
  /** An integration branch, by its name or its epic; the rig's own target when it is not given. */
  target: z.string().min(1).max(200).optional(),
}

const freeze = command({
  name: 'mq.freeze',
  summary: 'Lets nothing land on the target of a rig (project) until it is thawed, but what mends it.',
  who: 'operator',
  input: z.strictObject({ ...rigOnly, reason: line.default('') }),
  async run({ town, caller, input, id }) {
    const { rig, branch, epic } = chooseTarget(town.projections, input)
    const message = { type: 'refinery.freeze', reason: input.reason } as const
    const { seq } = await take(town, caller, id, [{ to: refinery(rig, epic), message }])
    return { rig, target: branch, frozen: true, seq }
  },
})

const thaw = command({
  name: 'mq.thaw',
  summary: 'Lets work land again on a target that was frozen.',
  who: 'operator',
  input: z.strictObject(rigOnly),
  async run({ town, caller, input, id }) {
    const { rig, branch, epic } = chooseTarget(town.projections, input)
    const message = { type: 'refinery.thaw' } as const
    const { seq } = await take(town, caller, id, [{ to: refinery(rig, epic), message }])
    return { rig, target: branch, frozen: false, seq }
  },
})

const retest = command({
  name: 'mq.retest',
  summary:
    'Tests a target that is red by itself now, also when it has not moved; work goes on when it is green.',
  who: 'operator',
  input: z.strictObject(rigOnly),
  async run({ town, caller, input, id }) {
    const { rig, branch, epic } = chooseTarget(town.projections, input)
    const message = { type: 'refinery.retest' } as const
    const { seq } = await take(town, caller, id, [{ to: refinery(rig, epic), message }])
    return { rig, target: branch, seq }
  },
})

const closeEscalation = command({
  name: 'escalation.close',
  summary: 'Says that a question to a person is answered.',
  who: 'operator',
  input: z.strictObject({ escalation: z.string().min(1).max(64), note: line.default('') }),
  async run({ town, caller, input, id }) {
    const { seq } = await take(town, caller, id, [
      { to: MAYOR, message: { type: 'escalation.close', id: input.escalation, note: input.note } },
    ])
    return { id: input.escalation, seq }
  },
})

export const townCommands = [down, start, retry, freeze, thaw, retest, closeEscalation]
