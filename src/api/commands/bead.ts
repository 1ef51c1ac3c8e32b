// Beads (units of work): made, changed, closed and spoken of.

import { z } from 'zod'
import { beadOwner, lastPart, rigOf, sessionRole } from '../../events/address.ts'
import { BEAD_TYPES } from '../../events/bead.ts'
import { line, text } from '../../events/define.ts'
import { bead as beadRow } from '../../projections/bead-queries.ts'
import { inOwnRig, workplaceOf } from '../callers.ts'
import { type CommandContext, command } from '../command.ts'
import { Fault } from '../fault.ts'
import { chooseRig, findBead } from '../resolve.ts'
import type { Caller, TownHandle } from '../town.ts'
import { take } from '../turn.ts'

const title = z.string().trim().min(1).max(500)
const priority = z.number().int().min(0).max(4)
const type = z.enum(BEAD_TYPES)
const ids = z.array(z.string().min(1).max(64)).max(200)
const labels = z.array(z.string().min(1).max(100)).max(100)
const beadName = z.string().min(1).max(64)

/** Characters of the part after the prefix: 46,656 beads get by with three. */
const ID_CHARS = 3
const REASON_CLOSED = 'closed by hand'

const create = command({
  name: 'bead.create',
  summary: 'Makes a bead (unit of work).',
  who: ['crew'],
  input: z.strictObject({
    title,
    rig: z.string().optional(),
    type: type.default('task'),
    priority: priority.default(2),
    label: labels.default([]),
    parent: beadName.optional(),
    needs: ids.default([]),
    description: text.default(''),
  }),
  async run({ town, caller, input, id }) {
    const rig = chooseRig(town.projections, input.rig ?? rigOfCaller(caller))
    inOwnRig(town, caller, rig.name)
    const needs = [...new Set(input.needs.map((need) => fullId(town, need)))]
    const parent = input.parent === undefined ? null : findBead(town.projections, input.parent).id
    const made = newId(town, rig.prefix)
    const { records, seq } = await take(town, caller, id, [
      ...needs.map((need) => ({
        to: beadOwner(need),
        message: { type: 'bead.neededBy', bead: made } as const,
      })),
      {
        to: beadOwner(made),
        message: {
          type: 'bead.create',
          rig: rig.name,
          title: input.title,
          description: input.description,
          beadType: input.type,
          priority: input.priority,
          labels: input.label,
          parent,
          needs,
        },
      },
    ])
    // A repeated call made another id just now; the one that counts is in the record.
    const record = records.find(({ message }) => message.type === 'bead.create')
    return { id: lastPart(record?.actor ?? beadOwner(made)), rig: record?.message.rig ?? rig.name, seq }
  },
})

const update = command({
  name: 'bead.update',
  summary: 'Changes title, description, type, priority or labels of a bead.',
  who: ['crew'],
  input: z.strictObject({
    bead: beadName,
    title: title.optional(),
    description: text.optional(),
    type: type.optional(),
    priority: priority.optional(),
    label: labels.optional(),
  }),
  async run({ town, caller, input, id }) {
    const { bead, type: beadType, label, ...rest } = input
    const changed = { ...rest, ...(beadType && { beadType }), ...(label && { labels: label }) }
    if (Object.keys(changed).length === 0) throw new Fault('INPUT_INVALID', 'There is nothing to change.')
    const name = fullId(town, bead)
    inOwnRig(town, caller, rigOfBead(town, name))
    const { seq } = await take(town, caller, id, [
      { to: beadOwner(name), message: { type: 'bead.update', ...withoutUndefined(changed) } },
    ])
    return { id: name, seq }
  },
})

const reasoned = z.strictObject({ bead: beadName, reason: line.optional() })

const close = command({
  name: 'bead.close',
  summary: 'Closes a bead by hand, without a landing.',
  who: 'operator',
  input: reasoned,
  run: (context) => one(context, (reason) => ({ type: 'bead.close', reason: reason ?? REASON_CLOSED })),
})

const reopen = command({
  name: 'bead.reopen',
  summary: 'Opens a closed, blocked or deferred bead again.',
  who: 'operator',
  input: reasoned,
  run: (context) =>
    one(context, (reason) => ({ type: 'bead.reopen', reason: reason ?? 'opened again by hand' })),
})

const comment = command({
  name: 'bead.comment',
  summary: 'Adds a comment to a bead.',
  who: ['crew', 'mayor'],
  input: z.strictObject({ bead: beadName, text: text.min(1) }),
  async run({ town, caller, input, id }) {
    const name = fullId(town, input.bead)
    if (caller.kind === 'session' && sessionRole(caller.session) === 'mayor') workplaceOf(town, caller)
    else inOwnRig(town, caller, rigOfBead(town, name))
    const { seq } = await take(town, caller, id, [
      { to: beadOwner(name), message: { type: 'bead.comment', text: input.text } },
    ])
    return { id: name, seq }
  },
})

const label = command({
  name: 'bead.label',
  summary: 'Adds or removes labels of a bead.',
  who: ['crew'],
  input: z.strictObject({ bead: beadName, add: labels.default([]), remove: labels.default([]) }),
  async run({ town, caller, input, id }) {
    const row = findBead(town.projections, input.bead)
    inOwnRig(town, caller, row.rig)
    const next = [...new Set([...row.labels, ...input.add])].filter((each) => !input.remove.includes(each))
    const { seq } = await take(town, caller, id, [
      { to: beadOwner(row.id), message: { type: 'bead.update', labels: next } },
    ])
    return { id: row.id, labels: next, seq }
  },
})

export const beadCommands = [create, update, close, reopen, comment, label]

async function one(
  { town, caller, input, id }: CommandContext<z.output<typeof reasoned>>,
  message: (reason: string | undefined) => { type: 'bead.close' | 'bead.reopen'; reason: string },
) {
  const name = fullId(town, input.bead)
  const { seq } = await take(town, caller, id, [{ to: beadOwner(name), message: message(input.reason) }])
  return { id: name, seq }
}

/**
 * The whole id, also of a bead that was made a moment ago and is not folded yet: its owner decides whether it is
 * there.
 */
export function fullId(town: TownHandle, name: string): string {
  return town.system.owner(beadOwner(name)) === null ? findBead(town.projections, name).id : name
}

const rigOfCaller = (caller: Caller): string | undefined =>
  caller.kind === 'session' ? (rigOf(caller.session) ?? undefined) : undefined

/** Of its owner, also of a bead that was made a moment ago. */
function rigOfBead(town: TownHandle, bead: string): string {
  return String(town.system.owner(beadOwner(bead))?.context.rig ?? '')
}

export function newId(town: TownHandle, prefix: string): string {
  for (let tries = 0; ; tries += 1) {
    // Longer the more often one was taken, so that it ends.
    const id = `${prefix}-${town.ids.random(ID_CHARS + Math.floor(tries / 4))}`
    const taken =
      beadRow(town.projections.beads.rows, id) !== null || town.system.owner(beadOwner(id)) !== null
    if (!taken) return id
  }
}

const withoutUndefined = <T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
