// A plan is looked through whole before anybody is shown it.
//
// Owns:      what a plan looks like on paper, what is wrong with one, and the ids that its beads will have.
// Does not:  make beads (the plan's machine does, on a yes).
// Always:    nothing is changed by a plan that does not fit; each thing that is wrong is one sentence.

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { beadOwner } from '../events/address.ts'
import { line, text } from '../events/define.ts'
import { PLAN_BEADS_MAX, PLAN_CHARS_MAX, type PlannedBead } from '../events/plan.ts'
import { bead as beadRow } from '../projections/bead-queries.ts'
import { fullId } from './commands/bead.ts'
import { Fault, problemOf } from './fault.ts'
import { choosePreset } from './presets.ts'
import { chooseRig, shown } from './resolve.ts'
import type { TownHandle } from './town.ts'

const KEY = /^[A-Za-z0-9][\w.-]{0,39}$/

export const planInput = z.strictObject({
  title: line.default(''),
  beads: z
    .array(
      z.strictObject({
        key: z.string().regex(KEY, 'a key has 1 to 40 letters, digits, ".", "_" and "-"'),
        /** As `gt plan show` writes it; a new plan makes new ones. */
        bead: z.string().optional(),
        rig: z.string().max(64).optional(),
        title: z.string().trim().min(1).max(500),
        description: text.default(''),
        acceptance: z.array(z.string().trim().min(1).max(2_000)).max(50).default([]),
        priority: z.number().int().min(0).max(4).default(2),
        needs: z.array(z.string().min(1).max(64)).max(200).default([]),
        labels: z.array(z.string().min(1).max(100)).max(100).default([]),
        /** Kind of agent that it is slung to. */
        agent: z.string().min(1).max(64).nullable().optional(),
      }),
    )
    .min(1)
    .max(PLAN_BEADS_MAX),
  /** Id of a plan that is still open, in whose place this one stands. */
  replaces: z.string().max(64).optional(),
})
type PlanInput = z.output<typeof planInput>
type Given = PlanInput['beads'][number]

/** Sentences of one answer. */
const PROBLEMS_SHOWN = 8

/** The beads of a plan, each behind those that it needs. @throws {Fault} PLAN_INVALID. */
export function plannedBeads(town: TownHandle, id: string, { title, beads }: PlanInput): PlannedBead[] {
  const problems: string[] = []
  const byKey = new Map<string, Given>()
  for (const one of beads) {
    if (byKey.has(one.key)) problems.push(`Two beads have the key ${one.key}.`)
    byKey.set(one.key, one)
  }
  const taken = new Set<string>()
  const ids = new Map<string, { id: string; rig: string }>()
  for (const { key, rig: name } of byKey.values())
    trying(problems, key, () => {
      const rig = chooseRig(town.projections, name)
      ids.set(key, { id: newId(town, `${id} ${key}`, rig.prefix, taken), rig: rig.name })
    })
  const circle = circleIn(byKey)
  if (circle !== null) problems.push(`These would wait for each other: ${circle.join(' needs ')}.`)
  const made = beads.flatMap((one): PlannedBead[] => {
    const { key, agent } = one
    const own = ids.get(key)
    if (own === undefined) return []
    const needs = one.needs.flatMap((need) => {
      const key = ids.get(need)?.id
      if (key !== undefined) return [key]
      // One whose rig is wrong has been spoken of.
      return byKey.has(need) ? [] : (trying(problems, one.key, () => fullId(town, need)) ?? [])
    })
    const preset =
      agent == null ? null : (trying(problems, key, () => choosePreset(town, own.rig, agent).preset) ?? null)
    return [
      {
        key,
        bead: own.id,
        rig: own.rig,
        title: one.title,
        description: one.description,
        acceptance: one.acceptance,
        priority: one.priority,
        needs: [...new Set(needs)],
        labels: [...new Set(one.labels)],
        preset,
      },
    ]
  })
  const size = JSON.stringify({ title, made }).length
  if (size > PLAN_CHARS_MAX)
    problems.push(`The plan has ${size} characters; at most ${PLAN_CHARS_MAX} are taken.`)
  if (problems.length > 0) {
    const more = problems.length > PROBLEMS_SHOWN ? ` And ${problems.length - PROBLEMS_SHOWN} more.` : ''
    throw new Fault('PLAN_INVALID', problems.slice(0, PROBLEMS_SHOWN).join(' ') + more, { problems })
  }
  return inOrder(made)
}

/** The plan as text: one line a bead, what it needs, and what must hold. */
export function planText(beads: readonly PlannedBead[]): string {
  const keys = new Map(beads.map(({ key, bead }) => [bead, key]))
  return beads
    .flatMap(({ key, rig, title, needs, acceptance, priority, preset }) => [
      `${key}  ${rig}  P${priority}  ${title}${preset === null ? '' : `  (${preset})`}`,
      ...(needs.length === 0 ? [] : [`    needs ${needs.map((need) => keys.get(need) ?? need).join(', ')}`]),
      ...acceptance.map((each) => `    - [ ] ${each}`),
    ])
    .join('\n')
}

/** What a proposal asks about, so that the same call has the same id. */
export function planId(town: TownHandle, who: string, call: string): string {
  const digest = createHash('sha256').update(`${town.townId}\0${who}\0${call}`).digest()
  return `p-${[...digest.subarray(0, ID_LETTERS)].map((byte) => LETTERS[byte % LETTERS.length]).join('')}`
}

/** As in the ids of decisions; the nudge that tells of the answer takes eight. */
const LETTERS = 'abcdefghjkmnpqrstvwxyz'
const ID_LETTERS = 8

function trying<T>(problems: string[], key: string, what: () => T): T | undefined {
  try {
    return what()
  } catch (error) {
    problems.push(`${key}: ${problemOf(error).detail}`)
    return undefined
  }
}

/** The same text has the same id, as long as no other bead has it: longer than others, so that none takes it meanwhile. */
function newId(town: TownHandle, what: string, prefix: string, taken: Set<string>): string {
  for (let n = 0; ; n += 1) {
    const number = createHash('sha256').update(`${what} ${n}`).digest().readUIntBE(0, 6)
    const id = `${prefix}-${number.toString(36).padStart(ID_CHARS, '0').slice(-ID_CHARS)}`
    const known = beadRow(town.projections.beads.rows, id) !== null
    if (known || taken.has(id) || town.system.owner(beadOwner(id)) !== null) continue
    taken.add(id)
    return id
  }
}

const ID_CHARS = 6

/** Keys that lead back to the first of them, or null. */
function circleIn(byKey: ReadonlyMap<string, Given>): string[] | null {
  const over = new Set<string>()
  const visit = (key: string, path: readonly string[]): string[] | null => {
    const at = path.indexOf(key)
    if (at >= 0) return [...path.slice(at), key].map(shown)
    if (over.has(key)) return null
    for (const need of byKey.get(key)?.needs ?? []) {
      if (!byKey.has(need)) continue
      const found = visit(need, [...path, key])
      if (found !== null) return found
    }
    over.add(key)
    return null
  }
  for (const key of byKey.keys()) {
    const found = visit(key, [])
    if (found !== null) return found
  }
  return null
}

/** Each behind those that it needs; else as they were given. */
function inOrder(beads: readonly PlannedBead[]): PlannedBead[] {
  const byId = new Map(beads.map((one) => [one.bead, one]))
  const ordered = new Set<PlannedBead>()
  const put = (one: PlannedBead): void => {
    if (ordered.has(one)) return
    for (const need of one.needs) {
      const needed = byId.get(need)
      if (needed !== undefined) put(needed)
    }
    ordered.add(one)
  }
  for (const one of beads) put(one)
  return [...ordered]
}
