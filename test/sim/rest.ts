// When a town is at rest: every bead landed or waits for a person, and nothing that was promised is left open.

import { KENNEL, MAYOR } from '../../src/events/address.ts'
import type { World } from './world.ts'

/** What is still unsettled, in words, or null when the town is at rest. */
export function unsettledIn(world: World): string | null {
  const { checker, daemon } = world
  const system = daemon?.system
  if (system == null) return 'the daemon is down'
  for (const { id } of world.beads) {
    const problem = unfinished(world, id, [])
    if (problem !== null) return problem
  }
  const promise = [...checker.promises.open].find((one) => !isFarOff(one[1]))
  if (promise !== undefined) return `${promise[0]} is open: ${JSON.stringify(promise[1])}`
  const [running] = world.host.running
  if (running !== undefined) return `${running.session} still runs`
  return null
}

/** What lies there grows old, in a month, or is a late receipt: nobody waits for it. */
const isFarOff = ({ actor, kind }: { readonly actor: string; readonly kind: string }): boolean =>
  kind === 'timer' && (actor.startsWith(KENNEL) || actor.startsWith('nudges/'))

/** A bead is done with when it is closed, handed back, or waits for a person; or for a bead that does. */
function unfinished(world: World, id: string, waiting: readonly string[]): string | null {
  if (waiting.includes(id)) return `${id} waits for itself`
  const bead = world.checker.owners.get(`beads/${id}`)
  const value = typeof bead?.value === 'string' ? bead.value : JSON.stringify(bead?.value)
  if (bead === undefined) return `${id} is not made`
  if (['closed', 'blocked', 'deferred'].includes(value)) return null
  if (value === 'open') return isEscalated(world, id) ? null : `${id} is open and nobody was told`
  if (value === 'queued') {
    const needs = bead.context.openNeeds as readonly string[]
    const over = needs.filter((need) => world.checker.owners.get(`beads/${need}`)?.value === 'closed')
    if (over.length > 0) return `${id} waits for ${over.join()}, which is closed`
    if (needs.length > 0) {
      const open = needs.filter((need) => unfinished(world, need, [...waiting, id]) !== null)
      return open.length > 0 ? `${id} waits for ${open.join()}` : null
    }
    if (allParked(world, id, String(bead.context.rig))) return null
  }
  const needs = bead.context.openNeeds as readonly string[]
  // With the Refinery, which waits for what it needs.
  if (needs.length > 0 && needs.every((need) => unfinished(world, need, [...waiting, id]) === null))
    return null
  const { agent, sandbox } = bead.context
  const at = world.checker.owners.get(String(sandbox))
  return `${id} is ${value} with ${agent}, whose sandbox is ${JSON.stringify(at?.value)}`
}

function isEscalated({ checker }: World, bead: string): boolean {
  const mayor = checker.owners.get(MAYOR)?.context ?? {}
  return Object.entries(mayor).some(
    ([key, value]) => key.startsWith('escalation/') && (value as { bead?: unknown } | null)?.bead === bead,
  )
}

/** Parked work keeps its place: a rig where all places are parked waits for a person too. */
function allParked({ checker }: World, id: string, rig: string): boolean {
  const mayor = checker.owners.get(MAYOR)?.context ?? {}
  const { placesMax = 0 } = (mayor[`rig/${rig}`] ?? {}) as { placesMax?: number }
  // Whoever slung it may have wanted fewer of them at work at a time.
  const { maxAtOnce } = (mayor[`queue/${id}`] ?? {}) as { maxAtOnce?: number | null }
  const max = Math.min(placesMax, maxAtOnce ?? placesMax)
  const places = Object.keys(mayor).filter((key) => key.startsWith(`place/${rig}/`))
  const parked = places.filter((key) => {
    const { bead } = mayor[key] as { bead: string }
    return checker.owners.get(`beads/${bead}`)?.value === 'blocked'
  })
  return parked.length >= max && max > 0
}
