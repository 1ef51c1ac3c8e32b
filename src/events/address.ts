// Addresses: how owners are named, and what a name says.

import type { Address } from './record.ts'

export const TOWN = 'town'
export const MAYOR = 'mayor'
export const DEACON = 'deacon'
export const BUDGETS = 'budgets'
/** The person. */
export const OVERSEER = 'overseer'

export const rigOwner = (rig: string): Address => `rigs/${rig}`
export const beadOwner = (bead: string): Address => `beads/${bead}`
export const witness = (rig: string): Address => `${rig}/witness`
export const refinery = (rig: string): Address => `${rig}/refinery`
export const polecat = (rig: string, name: string): Address => `${rig}/polecats/${name}`
/** The n-th assignment of a polecat: one worktree, one branch. */
export const sandboxOf = (agent: Address, n: number): Address => `${agent}/sandboxes/${n}`
/** The n-th session in a sandbox: one process. */
export const sessionOf = (sandbox: Address, n: number): Address =>
  sandbox.replace(/\/sandboxes\/(\d+)$/, (_, k: string) => `/sessions/${k}.${n}`)
export const mergeRequest = (rig: string, id: string): Address => `${rig}/merge-requests/${id}`

export const nudgeOwner = (nudge: string): Address => `nudges/${nudge}`
export const decisionOwner = (decision: string): Address => `decisions/${decision}`

export type OwnerKind =
  | 'town'
  | 'mayor'
  | 'deacon'
  | 'budgets'
  | 'rig'
  | 'bead'
  | 'witness'
  | 'refinery'
  | 'polecat'
  | 'sandbox'
  | 'session'
  | 'mergeRequest'
  | 'nudge'
  | 'decision'

const PATTERNS: readonly (readonly [OwnerKind, RegExp])[] = [
  ['town', /^town$/],
  ['mayor', /^mayor$/],
  ['deacon', /^deacon$/],
  ['budgets', /^budgets$/],
  ['rig', /^rigs\/([^/]+)$/],
  ['bead', /^beads\/([^/]+)$/],
  ['witness', /^([^/]+)\/witness$/],
  ['refinery', /^([^/]+)\/refinery$/],
  ['polecat', /^([^/]+)\/polecats\/([^/]+)$/],
  ['sandbox', /^([^/]+)\/polecats\/([^/]+)\/sandboxes\/(\d+)$/],
  ['session', /^([^/]+)\/polecats\/([^/]+)\/sessions\/(\d+\.\d+)$/],
  ['nudge', /^nudges\/([^/]+)$/],
  ['decision', /^decisions\/([^/]+)$/],
  ['mergeRequest', /^([^/]+)\/merge-requests\/([^/]+)$/],
]

/** Which kind of owner lives at an address, or null when none can. */
export function ownerKind(address: Address): OwnerKind | null {
  return PATTERNS.find(([, pattern]) => pattern.test(address))?.[0] ?? null
}

/** `{rig, name}` of a polecat, its sandboxes and its sessions. */
export function workerOf(address: Address): { rig: string; name: string; agent: Address } | null {
  const match = /^([^/]+)\/polecats\/([^/]+)/.exec(address)
  const [, rig, name] = match ?? []
  return rig === undefined || name === undefined ? null : { rig, name, agent: polecat(rig, name) }
}

const OF_THE_TOWN: ReadonlySet<OwnerKind> = new Set([
  'town',
  'mayor',
  'deacon',
  'budgets',
  'bead',
  'nudge',
  'decision',
])

/** The rig an address lies in, or null for the town's own. */
export function rigOf(address: Address): string | null {
  const kind = ownerKind(address)
  if (kind === null || OF_THE_TOWN.has(kind)) return null
  return kind === 'rig' ? address.slice('rigs/'.length) : (address.split('/')[0] ?? null)
}

/** The sandbox a session belongs to. */
export const sandboxOfSession = (session: Address): Address =>
  session.replace(/\/sessions\/(\d+)\.\d+$/, '/sandboxes/$1')

/** The id at the end of a bead's or merge request's address. */
export const lastPart = (address: Address): string => address.slice(address.lastIndexOf('/') + 1)
