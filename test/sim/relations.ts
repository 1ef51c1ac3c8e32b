// What owners must say of each other whenever nothing is under way between them.

import { beadOwner, MAYOR, OVERSEER } from '../../src/events/address.ts'
import type { Address } from '../../src/events/record.ts'
import type { OwnerState } from '../../src/system/types.ts'

type Owners = ReadonlyMap<Address, OwnerState>

/** False for owners of whom nothing is said here. */
export const isRelated = (address: Address): boolean =>
  address === MAYOR || address.startsWith('beads/') || address.includes('/polecats/')

const OVER = new Set(['removed', 'kept', 'failed', 'shelved'])

/** A sentence for each pair of owners that contradict each other. */
export function relationsOf(owners: Owners): string[] {
  const problems: string[] = []
  const mayor = owners.get(MAYOR)?.context ?? {}
  const hooked = new Set<string>()
  for (const [address, { value, context }] of owners) {
    const parts = address.split('/')
    if (parts[0] === 'beads') {
      if ((value === 'queued') !== (mayor[`queue/${context.id}`] !== undefined))
        problems.push(`${address} is ${text(value)}, and the Mayor's queue says otherwise`)
      if (context.agent === OVERSEER) {
        if (text(value).includes('in_progress') && !isInLine(owners, String(context.id)))
          problems.push(`${address} is with the Refinery, where nothing stands in line for it`)
      } else if (value === 'hooked' || text(value).includes('in_progress')) {
        const polecat = owners.get(String(context.agent))
        if (polecat?.context.bead !== context.id)
          problems.push(
            `${address} is ${text(value)} with ${context.agent}, who has ${polecat?.context.bead}`,
          )
      }
    } else if (parts[1] === 'polecats' && parts.length === 3) {
      const place = mayor[`place/${parts[0]}/${parts[2]}`] as { bead: string } | undefined
      if ((place?.bead ?? null) !== (context.bead ?? null))
        problems.push(`${address} has ${context.bead}, and its place is for ${place?.bead}`)
      if (typeof context.bead === 'string') {
        hooked.add(context.bead)
        problems.push(...hookProblems(owners, address, context.bead, String(context.sandbox)))
      }
    }
  }
  for (const key of Object.keys(mayor)) {
    if (!key.startsWith('place/')) continue
    const { bead } = mayor[key] as { bead: string }
    if (!hooked.has(bead)) problems.push(`the Mayor holds ${key} for ${bead}, which is on no hook`)
  }
  return problems
}

const isInLine = (owners: Owners, bead: string): boolean =>
  [...owners].some(
    ([address, { context }]) =>
      address.endsWith('/refinery') &&
      Object.entries(context).some(
        ([key, value]) => key.startsWith('request/') && (value as { bead?: unknown } | null)?.bead === bead,
      ),
  )

function hookProblems(owners: Owners, agent: Address, bead: string, address: Address): string[] {
  const sandbox = owners.get(address)
  const at = text(sandbox?.value)
  if (sandbox === undefined || OVER.has(at)) return [`${agent} has ${bead}, and ${address} is ${at}`]
  const session = owners.get(String(sandbox.context.session))
  const lives = session !== undefined && session.value !== 'ended'
  const problems: string[] = []
  if (at === 'working' && sandbox.context.keeping === true)
    problems.push(`${address} works before its checkpoint is made`)
  if (at === 'working' && !lives) problems.push(`${address} works without a session`)
  if (sandbox.context.session !== null && !lives) problems.push(`${address} has a session that has ended`)
  const stands = text(owners.get(beadOwner(bead))?.value)
  const fits: Readonly<Record<string, RegExp>> = {
    preparing: /^hooked$/,
    // It is held before it begins, or between two sessions.
    paused: /^hooked$|working|^blocked$/,
    // Blocked: a person had parked work begun again, and the session has not started yet.
    working: /^hooked$|working|^blocked$/,
    stalled: /^hooked$|working|^blocked$/,
    cooling: /^hooked$|working|^blocked$/,
    submitted: /submitted|testing/,
    reworking: /working/,
    handingOff: /^hooked$|working|^blocked$/,
    // A person may close or open a bead while its work is being taken away.
    leaving: /./,
    shelving: /./,
    restoring: /^hooked$/,
    deferring: /working/,
    closing: /^closed$/,
    removing: /^closed$/,
    parked: /^blocked$/,
  }
  if (!(fits[at] ?? /^$/).test(stands)) problems.push(`${address} is ${at} while ${bead} is ${stands}`)
  return problems
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
