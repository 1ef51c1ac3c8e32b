// What a bead waits for, and what helps.
//
// Owns:      the order in which reasons count, the words for each, and the command that helps.
// Always:    of several reasons the one is named without which nothing else helps: a person, then what rests, then needs.

import { bead as beadRow } from '../../projections/bead-queries.ts'
import type { BeadRow } from '../../projections/beads.ts'
import type { Seen, Wait, WaitKind } from './wait.ts'
import { atWork } from './waits-at-work.ts'
import { landing, mending } from './waits-landing.ts'

/** Null when it is closed, or somebody works on it and needs nothing. */
export const waitOf = (seen: Seen, row: BeadRow): Wait | null => chained(seen, row, new Set())

/** Beads that are looked into beyond the first; a longer way of needs says where it was cut. */
const LEVELS_MAX = 50

function chained(seen: Seen, row: BeadRow, on: Set<string>): Wait | null {
  const wait = one(seen, row)
  if (wait === null || wait.kind !== 'blocked' || on.size >= LEVELS_MAX || on.has(row.id)) return wait
  on.add(row.id)
  const need = beadRow(seen.beads.rows, wait.id)
  if (need === null) return wait
  const deeper = chained(seen, need, on)
  return { ...wait, command: deeper?.command ?? `gt why ${need.id}`, next: deeper }
}

function one(seen: Seen, row: BeadRow): Wait | null {
  if (row.status === 'closed') return null
  return person(seen, row) ?? rests(row) ?? needs(row) ?? unbegun(seen, row) ?? begun(seen, row)
}

const made = (
  kind: WaitKind,
  id: string,
  since: string,
  what: string,
  more: { why?: string | null; command?: string | null } = {},
): Wait => ({ kind, id, since, what, why: more.why ?? null, command: more.command ?? null, next: null })

function person(
  { escalations }: Seen,
  { id, status, reason, stageSince, waits, assignee }: BeadRow,
): Wait | null {
  if (status === 'deferred')
    return made('deferred', id, stageSince, 'somebody to open it again', {
      why: reason,
      command: `gt bead reopen ${id}`,
    })
  if (status !== 'blocked') return null
  const raised = [...escalations.rows.values()].findLast(({ bead }) => bead === id)
  return made(
    'escalated',
    raised?.id ?? 'overseer',
    raised?.since ?? waits.person?.since ?? stageSince,
    'your decision',
    {
      why: raised?.reason ?? reason,
      command: assignee === null ? `gt bead reopen ${id}` : `gt start ${assignee}`,
    },
  )
}

function rests({ waits, rig }: BeadRow): Wait | null {
  const { rest } = waits
  if (rest === null) return null
  return rest.kind === 'thaw' ? thaw(rest.since) : budget(rest.id, rest.since, rig)
}

const thaw = (since: string): Wait =>
  made('stopped', 'town', since, 'gt thaw', { why: 'everybody is stopped', command: 'gt thaw' })

const budget = (id: string, since: string, rig: string): Wait =>
  made('budget', id, since, `the budget of ${id === 'town' ? 'the town' : id}`, {
    why: 'it is used up',
    command: `gt budget set ${id === 'town' ? 'town' : (id.split(' ')[1] ?? rig)} <more>`,
  })

function needs({ stage, openNeeds, waits, createdAt }: BeadRow): Wait | null {
  const [need] = openNeeds
  if (need === undefined || (stage !== 'none' && stage !== 'queued')) return null
  return made('blocked', need, waits.needSince ?? createdAt, `bead ${need}`, { command: `gt why ${need}` })
}

function unbegun(seen: Seen, row: BeadRow): Wait | null {
  const { id, stage, rig, stageSince, waits } = row
  if (stage === 'none' && waits.recovery !== null)
    return made('recovery', waits.recovery.id, waits.recovery.since, 'its next try', {
      why: 'its work did not get on, and it goes back into the queue by itself',
      command: `gt sling ${id}`,
    })
  if (stage === 'none')
    return made('unslung', id, stageSince, 'somebody to hand it over', {
      why: 'nobody has slung it',
      command: `gt sling ${id}`,
    })
  if (stage !== 'queued') return null
  const of = seen.rigs.rows.get(rig)
  const { place } = waits
  if (of !== undefined && of.state !== 'active')
    return made('rig', rig, of.addedAt, `rig ${rig}`, {
      why: of.failure === null ? 'it is being cloned' : `it could not be cloned: ${of.failure.message}`,
      command: of.failure === null ? `gt rig show ${rig}` : `gt rig add ${rig} <url or path>`,
    })
  if (place?.kind === 'rig')
    return made('parked', place.id, place.since, `rig ${place.id}, which is parked`, {
      command: `gt rig unpark ${place.id}`,
    })
  if (place?.kind === 'thaw') return thaw(place.since)
  if (place?.kind === 'disk')
    return made('disk', 'town', place.since, 'room on the disk', {
      why: 'the disk of the town has less room than disk.floor',
      command: 'gt doctor disk',
    })
  if (place?.kind === 'massDeath')
    return made('paused', 'town', place.since, 'quiet', {
      why: 'many agents died at once, and no bead is given out until it was quiet for a while',
      command: 'gt thaw',
    })
  if (place?.kind === 'quarantine')
    return made('quarantine', place.id, place.since, `${place.id}, who is in quarantine`, {
      why: 'its sessions died again and again',
      command: `gt thaw ${place.id}`,
    })
  if (place?.kind === 'budget') return budget(place.id, place.since, rig)
  if (place?.kind === 'place' && place.id !== rig)
    return made('place', place.id, place.since, `${place.id}, who has other work`, {
      command: `gt history ${place.id}`,
    })
  if (place?.kind === 'place') {
    const places = of?.limits.polecats ?? 0
    return made('place', rig, place.since, `a free place in rig ${rig}`, {
      why: `${places === 1 ? 'its one place is' : `its ${places} places are`} taken${busy(seen, rig)}`,
      command: `gt rig config ${rig} limits.polecats ${places + 1}`,
    })
  }
  return made('place', rig, stageSince, 'its turn', { command: 'gt scheduler list' })
}

/** `: nux has sh-1, slit has sh-2` */
function busy({ agents }: Seen, rig: string): string {
  const names = [...agents.rows.byAddress.values()]
    .filter((agent) => agent.rig === rig && agent.role === 'polecat' && agent.hook !== null)
    .map(({ address, hook }) => `${address.slice(address.lastIndexOf('/') + 1)} has ${hook}`)
  if (names.length === 0) return ''
  return `: ${names.slice(0, 4).join(', ')}${names.length > 4 ? ', …' : ''}`
}

const begun = (seen: Seen, row: BeadRow): Wait | null =>
  landing(seen, row) ?? atWork(seen, row) ?? mending(seen, row)
