// What owners must say of each other whenever nothing is under way between them.
//
// Owns:      which beads and workers a record may have set against others; only those are looked at again.
// Always:    looking at all of them finds nothing that looking at those after each record has not found.

import { beadOwner, MAYOR, OVERSEER, polecat, workerOf } from '../../src/events/address.ts'
import type { Address, LogRecord } from '../../src/events/record.ts'
import type { OwnerState } from '../../src/system/types.ts'

type Owners = ReadonlyMap<Address, OwnerState>

const OVER = new Set(['removed', 'kept', 'failed', 'shelved'])

export class Relations {
  readonly #owners: Owners
  readonly #beads = new Set<string>()
  readonly #workers = new Set<Address>()
  /** Beads that stand in line with a Refinery, by its request. */
  readonly #inLine = new Map<string, string>()

  constructor(owners: Owners) {
    this.#owners = owners
  }

  /** A record was folded; `before`: its owner as it was. */
  record({ actor, change }: LogRecord, before: OwnerState | null): void {
    if (actor === MAYOR) {
      for (const key of changed(change)) {
        const [what, one = '', two = ''] = key.split('/')
        if (what === 'queue') this.#beads.add(one)
        else if (what === 'place') this.#workers.add(polecat(one, two))
      }
    } else if (actor.startsWith('beads/')) {
      this.#bead(actor.slice('beads/'.length), before)
      this.#bead(actor.slice('beads/'.length), this.#owners.get(actor) ?? null)
    } else if (actor.endsWith('/refinery') || actor.includes('/refinery/')) {
      for (const key of changed(change)) if (key.startsWith('request/')) this.#request(actor, key)
    } else if (actor.includes('/polecats/')) {
      const worker = workerOf(actor)
      if (worker === null) return
      this.#workers.add(worker.agent)
      for (const state of [before, this.#owners.get(actor)])
        if (actor === worker.agent && typeof state?.context.bead === 'string')
          this.#beads.add(state.context.bead)
    }
  }

  /** A sentence for each pair of owners that contradict each other, among those that moved since it was asked last. */
  problems(): string[] {
    if (this.#beads.size === 0 && this.#workers.size === 0) return []
    const found = [
      ...[...this.#beads].flatMap((bead) => this.#ofBead(bead)),
      ...[...this.#workers].flatMap((worker) => this.#ofWorker(worker)),
    ]
    this.#beads.clear()
    this.#workers.clear()
    return found
  }

  /** The same of all. */
  all(): string[] {
    for (const [address, { context }] of this.#owners) {
      const parts = address.split('/')
      if (parts[0] === 'beads') this.#beads.add(parts[1] ?? '')
      else if (parts[1] === 'polecats' && parts.length === 3) this.#workers.add(address)
      else if (address === MAYOR)
        for (const key of Object.keys(context))
          if (key.startsWith('place/')) this.#workers.add(key.replace(/^place\/([^/]+)\//, '$1/polecats/'))
    }
    return this.problems()
  }

  #bead(bead: string, state: OwnerState | null): void {
    this.#beads.add(bead)
    const worker = workerOf(String(state?.context.agent ?? ''))
    if (worker !== null) this.#workers.add(worker.agent)
  }

  #request(refinery: Address, key: string): void {
    const at = `${refinery} ${key}`
    const before = this.#inLine.get(at)
    if (before !== undefined) this.#beads.add(before)
    const request = this.#owners.get(refinery)?.context[key] as { bead?: unknown } | null | undefined
    if (request == null) this.#inLine.delete(at)
    else this.#inLine.set(at, String(request.bead))
    if (request != null) this.#beads.add(String(request.bead))
  }

  #ofBead(bead: string): string[] {
    const address = beadOwner(bead)
    const state = this.#owners.get(address)
    if (state === undefined) return []
    const { value, context } = state
    const mayor = this.#owners.get(MAYOR)?.context ?? {}
    const problems: string[] = []
    if ((value === 'queued') !== (mayor[`queue/${bead}`] !== undefined))
      problems.push(`${address} is ${text(value)}, and the Mayor's queue says otherwise`)
    if (context.agent === OVERSEER) {
      if (text(value).includes('in_progress') && ![...this.#inLine.values()].includes(bead))
        problems.push(`${address} is with the Refinery, where nothing stands in line for it`)
    } else if (value === 'hooked' || text(value).includes('in_progress')) {
      const has = this.#owners.get(String(context.agent))?.context.bead
      if (has !== bead) problems.push(`${address} is ${text(value)} with ${context.agent}, who has ${has}`)
    }
    return problems
  }

  #ofWorker(address: Address): string[] {
    const [rig = '', , name = ''] = address.split('/')
    const place = this.#owners.get(MAYOR)?.context[`place/${rig}/${name}`] as { bead: string } | undefined
    const bead = this.#owners.get(address)?.context.bead
    const problems: string[] = []
    if ((place?.bead ?? null) !== (bead ?? null))
      problems.push(`${address} has ${bead}, and its place is for ${place?.bead}`)
    if (typeof bead === 'string') problems.push(...this.#ofHook(address, bead))
    return problems
  }

  #ofHook(agent: Address, bead: string): string[] {
    const address = String(this.#owners.get(agent)?.context.sandbox)
    const sandbox = this.#owners.get(address)
    const at = text(sandbox?.value)
    if (sandbox === undefined || OVER.has(at)) return [`${agent} has ${bead}, and ${address} is ${at}`]
    const session = this.#owners.get(String(sandbox.context.session))
    const lives = session !== undefined && session.value !== 'ended'
    const problems: string[] = []
    if (at === 'working' && sandbox.context.keeping === true)
      problems.push(`${address} works before its checkpoint is made`)
    if (at === 'working' && !lives) problems.push(`${address} works without a session`)
    if (sandbox.context.session !== null && !lives) problems.push(`${address} has a session that has ended`)
    const stands = text(this.#owners.get(beadOwner(bead))?.value)
    if (!(FITS[at] ?? /^$/).test(stands)) problems.push(`${address} is ${at} while ${bead} is ${stands}`)
    return problems
  }
}

/** Where a bead may stand while its sandbox is so. */
const FITS: Readonly<Record<string, RegExp>> = {
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

const changed = ({ set, unset }: LogRecord['change']): string[] => [
  ...Object.keys(set ?? {}),
  ...(unset ?? []),
]

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
