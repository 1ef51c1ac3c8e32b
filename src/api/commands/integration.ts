// Integration branches: made for an epic, and landed as a whole.

import { z } from 'zod'
import { beadOwner, integrationOwner, refinery } from '../../events/address.ts'
import { BRANCH_TEMPLATE, type MergeMethod } from '../../events/integration-settings.ts'
import type { AnyFact, LogRecord } from '../../events/record.ts'
import type { BeadRow } from '../../projections/beads.ts'
import { reasonsAgainst } from '../../projections/epics.ts'
import { type IntegrationRow, integration } from '../../projections/integrations.ts'
import { mergeRequests } from '../../projections/merge-queue.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { firstOf } from '../follow.ts'
import { checkName, findBead, findRig } from '../resolve.ts'
import type { TownHandle } from '../town.ts'
import { recordsOfId, take } from '../turn.ts'

/** How long the remote may take before the caller is told to look later, ms. */
const REMOTE_WAIT_MS = 5 * 60_000

const create = command({
  name: 'integration.create',
  summary: 'Makes an integration branch for an epic: the work below it lands there first.',
  who: 'operator',
  input: z.strictObject({ epic: z.string().min(1).max(64), branch: z.string().min(1).max(200).optional() }),
  async run({ town, caller, input, id, signal }) {
    const before = await recordsOfId(town, caller, id)
    const epic = findBead(town.projections, input.epic)
    const rig = findRig(town.projections, epic.rig)
    if (before.length === 0) mayHaveBranch(town, epic)
    const template = String(rig.settings['integration.branch'] ?? BRANCH_TEMPLATE)
    const branch = input.branch ?? template.replaceAll('{epic-id}', epic.id)
    checkName('branch', branch)
    const owner = integrationOwner(rig.name, epic.id)
    const message = { type: 'integration.create', branch, prefix: rig.prefix } as const
    const { records } = await take(town, caller, id, [{ to: owner, message }])
    const made = await outcome(town, owner, records, signal, ['IntegrationCreated', 'IntegrationNotCreated'])
    if (made.fact.type === 'IntegrationNotCreated')
      throw new Fault(String(made.fact.code), String(made.fact.message))
    const { base } = made.fact
    return { epic: epic.id, rig: rig.name, branch: String(made.fact.branch), base, seq: made.seq }
  },
})

const land = command({
  name: 'integration.land',
  summary:
    'Hands an integration branch in: it is merged into the target, tested and landed like any request.',
  who: 'operator',
  input: z.strictObject({ epic: z.string().min(1).max(64) }),
  async run({ town, caller, input, id, signal }) {
    const { projections } = town
    const before = await recordsOfId(town, caller, id)
    const row = findIntegration(town, input.epic)
    const { rig, epic, branch, head } = row
    if (before.length === 0) mayLandNow(town, row)
    const set = findRig(projections, rig).settings['integration.method']
    const method = (set ?? 'merge') as MergeMethod
    const { records } = await take(town, caller, id, [
      { to: beadOwner(epic), message: { type: 'bead.handIn', head } },
      { to: integrationOwner(rig, epic), message: { type: 'integration.land', method } },
      { to: refinery(rig, epic), message: { type: 'refinery.seal', epic } },
    ])
    const found = await outcome(town, row.address, records, signal, [
      'IntegrationNotLanded',
      'MergeRequested',
    ])
    if (found.fact.type === 'IntegrationNotLanded')
      throw new Fault(String(found.fact.code), String(found.fact.message))
    const request = mergeRequests(projections.mergeQueue.rows, { rig, bead: epic }).at(-1)
    const target = request?.target ?? findRig(projections, rig).target.branch
    return { epic, rig, branch, target, method, mergeRequest: request?.id ?? null, seq: found.seq }
  },
})

export const integrationCommands = [create, land]

/** The integration branch of an epic. @throws {Fault} BEAD_NOT_FOUND, INTEGRATION_NOT_FOUND */
export function findIntegration(town: Pick<TownHandle, 'projections'>, name: string): IntegrationRow {
  const epic = findBead(town.projections, name)
  const row = integration(town.projections.integrations.rows, epic.rig, epic.id)
  if (row !== null) return row
  throw new Fault('INTEGRATION_NOT_FOUND', `${epic.id} has no integration branch.`, { epic: epic.id })
}

function mayHaveBranch({ projections }: TownHandle, epic: BeadRow): void {
  if (epic.type !== 'epic')
    throw new Fault('NOT_AN_EPIC', `${epic.id} is a ${epic.type}; an integration branch is made for an epic.`)
  if (epic.status === 'closed')
    throw new Fault('BEAD_CLOSED', `${epic.id} is closed; open it again first (gt bead reopen ${epic.id}).`)
  const { name, state } = findRig(projections, epic.rig)
  if (state !== 'active') throw new Fault('RIG_NOT_READY', `Rig ${name} is ${state}.`)
}

/** @throws {Fault} INTEGRATION_NOT_READY, with each reason; INTEGRATION_NOT_FOUND when it has landed */
function mayLandNow({ projections }: TownHandle, row: IntegrationRow): void {
  const { epic, branch, state, landed } = row
  if (state === 'landed')
    throw new Fault('INTEGRATION_NOT_FOUND', `${branch} has landed as ${landed?.commit.slice(0, 12)}.`)
  const bead = findBead(projections, epic)
  const reasons = [
    ...(bead.status === 'open' || state === 'landing' ? [] : [`${epic} is not open (${bead.status}).`]),
    ...reasonsAgainst(projections, row),
  ]
  if (reasons.length > 0)
    throw new Fault('INTEGRATION_NOT_READY', `${branch} may not land yet: ${reasons.join(' ')}`, { reasons })
}

/** What came of a turn, as its owner or the Refinery says. */
async function outcome(
  town: TownHandle,
  owner: string,
  records: readonly LogRecord[],
  signal: AbortSignal,
  types: readonly string[],
): Promise<{ fact: AnyFact; seq: number }> {
  const first = records[0]
  if (first === undefined) throw new Fault('UNEXPECTED', 'Nothing came of it.')
  const concerns = (actor: string, fact: AnyFact): boolean =>
    types.includes(fact.type) && (actor === owner || fact.sandbox === owner)
  const found = await firstOf(
    town,
    { after: first.seq - 1, timeoutMs: REMOTE_WAIT_MS, signal },
    ({ actor, seq, facts }) => {
      const fact = facts.find((each) => concerns(actor, each))
      return fact === undefined ? null : { fact, seq }
    },
  )
  if (found === null)
    throw new Fault(
      'TIMED_OUT',
      'The remote has not answered yet; gt mq integration status says what comes of it.',
    )
  return found
}
