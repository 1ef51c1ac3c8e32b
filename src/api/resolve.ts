// Shortened names become whole ones, while they are unambiguous.
//
// Always:    an exact name wins; several that fit are refused with all of them (AMBIGUOUS).

import { OVERSEER, polecat } from '../events/address.ts'
import { nameProblem } from '../events/names.ts'
import type { Address } from '../events/record.ts'
import { agents } from '../projections/agent-rows.ts'
import type { BeadRow } from '../projections/beads.ts'
import { type DecisionRow, decisions } from '../projections/decisions.ts'
import type { Projections } from '../projections/index.ts'
import { integrations } from '../projections/integrations.ts'
import { type MergeRow, mergeRequests } from '../projections/merge-queue.ts'
import { type RigRow, rigs } from '../projections/rigs.ts'
import { type TrashRow, trash } from '../projections/trash.ts'
import { Fault } from './fault.ts'

/** @throws {Fault} BEAD_NOT_FOUND, AMBIGUOUS. */
export function findBead({ beads }: Projections, name: string): BeadRow {
  const exact = beads.rows.byId.get(name)
  if (exact !== undefined) return exact
  const ids =
    name === ''
      ? []
      : beads.rows.byId
          .keys()
          .filter((id) => id.startsWith(name))
          .toArray()
  const id = only(ids, name, 'beads')
  const row = id === null ? undefined : beads.rows.byId.get(id)
  if (row === undefined) {
    const near = beads.rows.byId
      .keys()
      .filter((one) => isSlip(name, one))
      .take(3)
      .toArray()
    const meant = near.length === 0 ? '' : ` Was ${near.join(' or ')} meant?`
    throw new Fault('BEAD_NOT_FOUND', `There is no bead ${shown(name)}.${meant}`, { bead: name, near })
  }
  return row
}

/** One letter wrong, too many or too few, or two that changed places. */
function isSlip(said: string, meant: string): boolean {
  if (Math.abs(said.length - meant.length) > 1 || said.length < 3) return false
  let from = 0
  while (from < said.length && said[from] === meant[from]) from += 1
  const [left, right] = [said.slice(from), meant.slice(from)]
  if (left.slice(1) === right.slice(1) || left.slice(1) === right || left === right.slice(1)) return true
  return left[0] === right[1] && left[1] === right[0] && left.slice(2) === right.slice(2)
}

/** @throws {Fault} RIG_NOT_FOUND. */
export function findRig({ rigs }: Projections, name: string): RigRow {
  const row = rigs.rows.get(name)
  if (row === undefined) throw new Fault('RIG_NOT_FOUND', `There is no rig ${shown(name)}.`, { rig: name })
  return row
}

/** The rig that is named, else the only one. @throws {Fault} RIG_NOT_FOUND, RIG_NOT_CHOSEN. */
export function chooseRig(projections: Projections, name: string | undefined): RigRow {
  if (name !== undefined) return findRig(projections, name)
  const all = rigs(projections.rigs.rows)
  const [first] = all
  if (first === undefined) throw new Fault('RIG_NOT_CHOSEN', 'There is no rig (project) yet.')
  if (all.length > 1) {
    const names = all.map((row) => row.name)
    throw new Fault('RIG_NOT_CHOSEN', `There are several rigs: ${names.join(', ')}.`, { rigs: names })
  }
  return first
}

/**
 * A target of a rig: its own, or an integration branch, by its name or the id of its epic.
 * @throws {Fault} RIG_NOT_FOUND, RIG_NOT_CHOSEN, INTEGRATION_NOT_FOUND
 */
export function chooseTarget(
  projections: Projections,
  asked: { readonly rig?: string | undefined; readonly target?: string | undefined },
): { readonly rig: string; readonly branch: string; readonly epic: string | null } {
  const { name: rig, target } = chooseRig(projections, asked.rig)
  if (asked.target === undefined || asked.target === target.branch)
    return { rig, branch: target.branch, epic: null }
  const row = integrations(projections.integrations.rows, rig).find(
    ({ branch, epic, state }) => state !== 'landed' && (branch === asked.target || epic === asked.target),
  )
  if (row !== undefined) return { rig, branch: row.branch, epic: row.epic }
  throw new Fault('INTEGRATION_NOT_FOUND', `${rig} has no integration branch ${shown(asked.target)}.`)
}

/**
 * Address of an agent: whole (`shop/polecats/nux`), by rig and name (`shop/nux`), or by name.
 * @throws {Fault} AGENT_NOT_FOUND, AMBIGUOUS.
 */
export function findAgent({ agents: all }: Projections, name: string): Address {
  if (name === OVERSEER || all.rows.byAddress.has(name)) return name
  const addresses = agents(all.rows).map(({ address }) => address)
  const [rig, worker, more] = name.split('/')
  if (rig !== undefined && worker !== undefined && more === undefined) {
    const address = polecat(rig, worker)
    if (all.rows.byAddress.has(address)) return address
  }
  const named = addresses.filter((address) => address.endsWith(`/${name}`))
  const short =
    name === '' || named.length > 0 ? named : addresses.filter((address) => lastOf(address).startsWith(name))
  const found = only(short, name, 'agents')
  if (found === null) throw new Fault('AGENT_NOT_FOUND', `There is no agent ${shown(name)}.`, { agent: name })
  return found
}

/** By its id, by its bead, or by its address. @throws {Fault} MERGE_REQUEST_NOT_FOUND, AMBIGUOUS. */
export function findMergeRequest({ mergeQueue, beads }: Projections, name: string): MergeRow {
  const all = mergeRequests(mergeQueue.rows)
  const exact = all.findLast(({ id, address, bead }) => id === name || address === name || bead === name)
  if (exact !== undefined) return exact
  const beadIds = new Set(all.map(({ bead }) => bead).filter((bead) => name !== '' && bead.startsWith(name)))
  const bead = only([...beadIds], name, 'beads')
  const row = bead === null ? undefined : all.findLast((each) => each.bead === bead)
  if (row !== undefined) return row
  const known = beads.rows.byId.has(name)
  const message = known
    ? `Nothing of ${shown(name)} is with the Refinery yet.`
    : `There is no merge request ${shown(name)}.`
  throw new Fault('MERGE_REQUEST_NOT_FOUND', message)
}

/** By its id (`shop.nux.3`), its end (`nux.3`), or its bead. @throws {Fault} TRASH_NOT_FOUND, AMBIGUOUS. */
export function findTrash({ trash: all }: Projections, name: string): TrashRow {
  const rows = trash(all.rows)
  const exact = rows.find(({ id, sandbox }) => id === name || sandbox === name)
  if (exact !== undefined) return exact
  const ending = rows.filter(({ id }) => name !== '' && id.endsWith(`.${name}`))
  const fitting = ending.length > 0 ? ending : rows.filter(({ bead }) => bead === name)
  const id = only(
    fitting.map((row) => row.id),
    name,
    'entries',
  )
  const row = rows.find((each) => each.id === id)
  if (row === undefined) throw new Fault('TRASH_NOT_FOUND', `Nothing is kept under ${shown(name)}.`)
  return row
}

/** One whose refs were taken away, by its whole id; null: there is none. */
export const reapedTrash = ({ trash: all }: Projections, name: string): TrashRow | null =>
  [...all.rows.bySandbox.values()].find(
    ({ id, sandbox, gone }) => gone !== null && (id === name || sandbox === name),
  ) ?? null

/** By its id, its number (`12`), or the beginning of its id; an open one first. @throws {Fault} DECISION_NOT_FOUND, AMBIGUOUS. */
export function findDecision({ decisions: all }: Projections, name: string): DecisionRow {
  const rows = decisions(all.rows)
  // A plan has the id of its decision.
  const asked = name.replace(/^p-/, 'd-')
  const exact = rows.find(({ id, n }) => id === asked || String(n) === name)
  if (exact !== undefined) return exact
  const begins = rows.filter(({ id }) => name !== '' && (id.startsWith(name) || id.startsWith(`d-${name}`)))
  const open = begins.filter(({ state }) => state === 'open')
  const ids = (open.length > 0 ? open : begins).map(({ id }) => id)
  const id = only(ids, name, 'decisions')
  const row = rows.find((each) => each.id === id)
  if (row === undefined) throw new Fault('DECISION_NOT_FOUND', `There is no decision ${shown(name)}.`)
  return row
}

/** @throws {Fault} NAME_INVALID. */
export function checkName(kind: Parameters<typeof nameProblem>[0], text: string): void {
  const wrong = nameProblem(kind, text)
  if (wrong !== null) throw new Fault('NAME_INVALID', wrong)
}

function only(found: readonly string[], name: string, what: string): string | null {
  const [first] = found
  if (found.length <= 1) return first ?? null
  const candidates = found.slice(0, 20)
  throw new Fault('AMBIGUOUS', `${shown(name)} may be several ${what}: ${candidates.join(', ')}.`, {
    candidates,
  })
}

const lastOf = (address: Address): string => address.slice(address.lastIndexOf('/') + 1)

/** A name as it may stand in a sentence: short, and without what a terminal would act on. */
export const shown = (name: string): string =>
  name.length <= 80 && /^[\w./-]+$/.test(name)
    ? name
    : JSON.stringify(name.slice(0, 80)).replace(/[\p{C}]/gu, '?')
