// What a bead needs: added and removed, never in a circle.

import { z } from 'zod'
import { beadOwner } from '../../events/address.ts'
import { inOwnRig } from '../callers.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { findBead } from '../resolve.ts'
import type { TownHandle } from '../town.ts'
import { take } from '../turn.ts'
import { fullId } from './bead.ts'

const input = z.strictObject({ bead: z.string().min(1).max(64), needs: z.string().min(1).max(64) })

const add = command({
  name: 'bead.dep.add',
  summary: 'Says that a bead needs another one to be closed first.',
  who: ['crew'],
  input,
  async run({ town, caller, input, id }) {
    const bead = fullId(town, input.bead)
    const need = fullId(town, input.needs)
    inOwnRig(town, caller, findBead(town.projections, bead).rig)
    const path = pathOfNeeds(town, need, bead)
    if (path !== null) {
      const circle = [bead, ...path]
      throw new Fault('DEPENDENCY_CYCLE', `This would be a circle: ${circle.join(' needs ')}.`, {
        path: circle,
      })
    }
    const { seq } = await take(town, caller, id, [
      { to: beadOwner(bead), message: { type: 'bead.addNeed', need } },
      { to: beadOwner(need), message: { type: 'bead.neededBy', bead } },
    ])
    return { id: bead, needs: need, seq }
  },
})

const remove = command({
  name: 'bead.dep.remove',
  summary: 'Says that a bead no longer needs another one.',
  who: ['crew'],
  input,
  async run({ town, caller, input, id }) {
    const bead = fullId(town, input.bead)
    const need = fullId(town, input.needs)
    inOwnRig(town, caller, findBead(town.projections, bead).rig)
    const { seq } = await take(town, caller, id, [
      { to: beadOwner(need), message: { type: 'bead.unneededBy', bead } },
      { to: beadOwner(bead), message: { type: 'bead.dropNeed', need } },
    ])
    return { id: bead, needs: need, seq }
  },
})

export const beadNeedCommands = [add, remove]

/** The way from one bead to another along what each needs, both included, or null. */
function pathOfNeeds(town: TownHandle, from: string, to: string): string[] | null {
  const cameFrom = new Map<string, string | null>([[from, null]])
  for (const bead of cameFrom.keys()) {
    if (bead === to) {
      const path: string[] = []
      for (let at: string | null = to; at !== null; at = cameFrom.get(at) ?? null) path.unshift(at)
      return path
    }
    const needs = (town.system.owner(beadOwner(bead))?.context.needs ?? []) as readonly string[]
    for (const need of needs) if (!cameFrom.has(need)) cameFrom.set(need, bead)
  }
  return null
}
