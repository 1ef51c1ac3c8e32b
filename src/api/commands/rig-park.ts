// Rigs (projects) that rest, and the rigs of a fork that land where its parent's do again.

import { z } from 'zod'
import { rigOwner } from '../../events/address.ts'
import { line } from '../../events/define.ts'
import { recordOf } from '../../events/upcasters.ts'
import { mergeRequests } from '../../projections/merge-queue.ts'
import { town as townRow } from '../../projections/town.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { firstOf } from '../follow.ts'
import { findRig } from '../resolve.ts'
import type { TownHandle } from '../town.ts'
import { take } from '../turn.ts'

/** How long the other remote may take to be read before the caller is told to look later, ms. */
const REJOIN_WAIT_MS = 10 * 60_000

const rig = z.string().min(1).max(64)

const park = command({
  name: 'rig.park',
  summary: 'Lets a rig (project) rest: nothing new begins in it, and whoever works in it stops.',
  who: 'operator',
  input: z.strictObject({ rig, reason: line.default('') }),
  async run({ town, caller, input, id }) {
    const { name } = findRig(town.projections, input.rig)
    const message = { type: 'rig.park', reason: input.reason } as const
    const { seq } = await take(town, caller, id, [{ to: rigOwner(name), message }])
    return { rig: name, parked: true, seq }
  },
})

const unpark = command({
  name: 'rig.unpark',
  summary: 'Lets a rig (project) go on that was parked.',
  who: 'operator',
  input: z.strictObject({ rig }),
  async run({ town, caller, input, id }) {
    const { name } = findRig(town.projections, input.rig)
    const { seq } = await take(town, caller, id, [{ to: rigOwner(name), message: { type: 'rig.unpark' } }])
    return { rig: name, parked: false, seq }
  },
})

const rejoin = command({
  name: 'rig.rejoin',
  summary: 'Lets a rig of a fork land again where its parent’s does; `url` says where that is.',
  who: 'operator',
  input: z.strictObject({ rig, url: z.string().min(1).max(2_000) }),
  async run({ town, caller, input, id, signal }) {
    const row = findRig(town.projections, input.rig)
    const { name, apart } = row
    if (apart === null)
      throw new Fault(
        'RIG_NOT_APART',
        `The rig ${name} lands in ${row.remote.url}, and is apart from nothing.`,
      )
    // What a person has confirmed is what it comes to.
    if (apart.url !== input.url)
      throw new Fault('REJOIN_DIFFERS', `The rig ${name} would rejoin ${apart.url}, not ${input.url}.`)
    if (town.repositories === null)
      throw new Fault('DAEMON_DOWN', 'The town is not up, so that nobody can look at the remote.')
    const { seq } = await take(town, caller, id, [{ to: rigOwner(name), message: { type: 'rig.rejoin' } }])
    const ended = await firstOf(town, { after: seq - 1, timeoutMs: REJOIN_WAIT_MS, signal }, (record) => {
      const fact = record.facts.find(
        ({ type, rig: of }) => of === name && (type === 'RigRejoined' || type === 'RigNotRejoined'),
      )
      return fact === undefined ? null : { fact, seq: record.seq }
    })
    if (ended === null) throw new Fault('TIMED_OUT', `The remote of ${name} is still being read.`)
    if (ended.fact.type === 'RigNotRejoined')
      throw new Fault(String(ended.fact.code), String(ended.fact.message))
    return { rig: name, remote: apart, alone: await landedAlone(town, name), seq: ended.seq }
  },
})

/** Beads of a rig that have landed in this fork alone: the real target was not told of them. */
async function landedAlone({ projections, log }: TownHandle, rig: string): Promise<string[]> {
  const { fork } = townRow(projections.town.rows)
  if (fork === null) return []
  const rows = mergeRequests(projections.mergeQueue.rows, { rig, state: 'landed' })
  const later = rows.filter(({ receipt }) => receipt !== null && receipt.seq > fork.seq)
  // One may have landed before that moment, and have been told of it after it.
  const head = later.length === 0 ? null : await headThen(log, rig, fork.seq)
  return later.filter(({ receipt }) => receipt?.commit !== head).map(({ bead }) => bead)
}

async function headThen(log: TownHandle['log'], rig: string, seq: number): Promise<unknown> {
  for await (const { line } of log.read({ after: seq })) {
    const { facts } = recordOf(line)
    const forked = facts.find((fact) => fact.type === 'RigForked' && fact.rig === rig)
    if (forked !== undefined) return forked.head
  }
  return null
}

export const rigParkCommands = [park, unpark, rejoin]
