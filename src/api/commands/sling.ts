// Sling: hands beads over to workers, each in a turn of its own, in the order given.
//
//   Always:  a bead that is refused does not hold up the others; the answer is read from the log, so that a repeated
//            call is answered as the first one was.

import { z } from 'zod'
import { beadOwner, MAYOR, workerOf } from '../../events/address.ts'
import type { WaitingFor } from '../../events/define.ts'
import type { LogRecord } from '../../events/record.ts'
import { PLACES_DEFAULT } from '../../events/settings.ts'
import { recordOf } from '../../events/upcasters.ts'
import { hooks } from '../../projections/hooks.ts'
import { command } from '../command.ts'
import { Fault, problemOf } from '../fault.ts'
import { choosePreset } from '../presets.ts'
import { findAgent, findBead, findRig, shown } from '../resolve.ts'
import type { Caller, TownHandle } from '../town.ts'
import { take } from '../turn.ts'

const input = z.strictObject({
  beads: z.array(z.string().min(1).max(64)).min(1).max(500),
  /** Rig or agent. */
  to: z.string().min(1).max(200).optional(),
  max: z.number().int().min(1).max(50).optional(),
  now: z.boolean().default(false),
  agent: z.string().min(1).max(64).optional(),
  dryRun: z.boolean().default(false),
})
type Input = z.output<typeof input>

type Slung = { readonly bead: string; readonly agent: string }
type Queued = { readonly bead: string; readonly waitingFor: WaitingFor | null }
type Refused = { readonly bead: string; readonly code: string; readonly message: string }
/** `note`: what a person should know about the agent program. */
type Outcome = { slung?: Slung; queued?: Queued; seq?: number; note?: string | null }

/** Faults about the call itself: no bead could be slung, so the call is refused as a whole. */
const OF_THE_CALL = new Set(['TOWN_BUSY', 'TOWN_CLOSING', 'TURN_UNKNOWN', 'INTERNAL'])

const sling = command({
  name: 'sling',
  summary: 'Hands beads over to workers; what has no place or is blocked waits in the queue.',
  who: 'operator',
  input,
  async run({ town, caller, input, id }) {
    const place = placeOf(town, input.to)
    const slung: Slung[] = []
    const queued: Queued[] = []
    const refused: Refused[] = []
    const notes = new Set<string>()
    let seq = town.system.seq
    const free = new Map<string, number>()
    if (!input.dryRun) await town.lookAtDisk()
    for (const name of new Set(input.beads)) {
      try {
        const outcome = input.dryRun
          ? wouldBe(town, name, place, input, free)
          : await slingOne(town, caller, id, name, place, input)
        if (outcome.slung !== undefined) slung.push(outcome.slung)
        if (outcome.queued !== undefined) queued.push(outcome.queued)
        if (outcome.note != null) notes.add(outcome.note)
        seq = outcome.seq ?? seq
      } catch (error) {
        const { code, detail } = problemOf(error)
        if (OF_THE_CALL.has(code)) throw error
        refused.push({ bead: name, code, message: detail })
      }
    }
    return { slung, queued, refused, notes: [...notes], ...(input.dryRun && { dryRun: true }), seq }
  },
})

export const slingCommands = [sling]

type Place = { readonly rig: string | null; readonly agent: string | null }

/** @throws {Fault} RIG_NOT_FOUND, AGENT_NOT_FOUND, AMBIGUOUS. */
function placeOf(town: TownHandle, to: string | undefined): Place {
  if (to === undefined) return { rig: null, agent: null }
  if (town.projections.rigs.rows.has(to)) return { rig: to, agent: null }
  const address = findAgent(town.projections, to)
  const worker = workerOf(address)
  if (worker === null) throw new Fault('AGENT_NOT_FOUND', `${shown(to)} is not a polecat (worker).`)
  return { rig: worker.rig, agent: worker.name }
}

async function slingOne(
  town: TownHandle,
  caller: Caller,
  callId: string,
  name: string,
  place: Place,
  { now, agent, max }: Input,
): Promise<Outcome> {
  const row = findBead(town.projections, name)
  const bead = row.id
  const rig = findRig(town.projections, place.rig ?? row.rig).name
  const turn = `${callId}.${bead}`
  // What is wrong with the bead is said before what is missing in the town.
  const state = town.system.owner(beadOwner(bead))?.value
  const choice = state === 'open' || state === 'deferred' ? choosePreset(town, row.rig, agent) : null
  const { records } = await take(town, caller, turn, [
    { to: beadOwner(bead), message: { type: 'bead.queue', rig, now } },
    {
      to: MAYOR,
      message: {
        type: 'dispatch.request',
        bead,
        rig,
        priority: row.priority,
        agent: place.agent,
        preset: choice?.preset ?? null,
        now,
        maxAtOnce: max ?? null,
        group: callId,
      },
    },
  ])
  return { ...outcomeOf(bead, await correlated(town, records)), note: choice?.note ?? null }
}

/** All that came of a turn at once; a turn's tells are decided before it is answered. */
async function correlated(town: TownHandle, records: readonly LogRecord[]): Promise<LogRecord[]> {
  const [first] = records
  if (first === undefined) return []
  const all: LogRecord[] = []
  // A repeated call reads on from then; what a sling leads to at once is some ten records long.
  for await (const { line } of town.log.read({ after: first.seq - 1, limit: 500 })) {
    const record = recordOf(line)
    if (record.correlation === first.correlation) all.push(record)
  }
  return all
}

function outcomeOf(bead: string, records: readonly LogRecord[]): Outcome {
  const seq = records.at(-1)?.seq ?? 0
  const facts = records.flatMap((record) => record.facts).filter((fact) => fact.bead === bead)
  const hooked = facts.find(({ type }) => type === 'BeadHooked')
  if (hooked !== undefined) return { slung: { bead, agent: String(hooked.agent) }, seq }
  const waiting = facts.findLast(({ type, waitingFor }) => waits.has(type) && waitingFor != null)
  return { queued: { bead, waitingFor: (waiting?.waitingFor ?? null) as WaitingFor | null }, seq }
}

const waits: ReadonlySet<string> = new Set(['BeadQueued', 'DispatchWaiting'])

/** What a call would do now, without doing it. Who decides later may decide otherwise. */
function wouldBe(
  town: TownHandle,
  name: string,
  place: Place,
  asked: Input,
  free: Map<string, number>,
): Outcome {
  const { projections, clock } = town
  const row = findBead(projections, name)
  const bead = row.id
  if (place.rig !== null && place.rig !== row.rig)
    throw new Fault('BEAD_OF_ANOTHER_RIG', `${bead} belongs to rig ${row.rig}, not to ${place.rig}.`)
  const { note } = choosePreset(town, row.rig, asked.agent)
  if (row.status === 'closed') throw new Fault('BEAD_CLOSED', `${bead} is closed.`)
  if (row.stage === 'queued') throw new Fault('BEAD_QUEUED', `${bead} waits in the queue already.`)
  if (row.status !== 'open')
    throw new Fault('BEAD_HOOKED', `${bead} has ${row.assignee ?? 'a worker'} already.`)
  const since = new Date(clock.now()).toISOString()
  const [need] = row.openNeeds
  if (need !== undefined) {
    if (asked.now) throw new Fault('BEAD_BLOCKED', `${bead} waits for ${row.openNeeds.join(', ')}.`)
    return { queued: { bead, waitingFor: { kind: 'bead', id: need, since } }, note }
  }
  const rig = findRig(projections, row.rig)
  const places =
    free.get(rig.name) ??
    Math.min(
      (rig.limits.polecats ?? PLACES_DEFAULT) - hooks(projections.hooks.rows, { rig: rig.name }).length,
      asked.max ?? Number.POSITIVE_INFINITY,
    )
  free.set(rig.name, places - 1)
  if (places > 0) return { slung: { bead, agent: place.agent ?? '' }, note }
  if (asked.now) throw new Fault('NO_PLACE', `No polecat of ${rig.name} is free for ${bead}.`)
  return { queued: { bead, waitingFor: { kind: 'place', id: rig.name, since } }, note }
}
