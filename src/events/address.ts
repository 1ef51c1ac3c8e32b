// Addresses: how owners are named, and what a name says.

import type { Address } from './record.ts'

export const TOWN = 'town'
export const MAYOR = 'mayor'
export const DEACON = 'deacon'
export const BUDGETS = 'budgets'
/** Who asks whether the Deacon, and everybody else, does what is due. */
export const BOOT = 'deacon/boot'
/** Keeper of the Deacon's dogs: chores wait here until one is free. */
export const KENNEL = 'deacon/dogs'
/** The person. */
export const OVERSEER = 'overseer'

/** A dog: it does one chore at a time for the Deacon. */
export const dogOwner = (name: string): Address => `${KENNEL}/${name}`
export const rigOwner = (rig: string): Address => `rigs/${rig}`
export const beadOwner = (bead: string): Address => `beads/${bead}`
export const witness = (rig: string): Address => `${rig}/witness`
/** The Refinery of a rig's own target; with an epic: of the integration branch of that epic. */
export const refinery = (rig: string, epic: string | null = null): Address =>
  epic === null ? `${rig}/refinery` : `${rig}/refinery/${epic}`
/** What builds and tests ahead for a Refinery. */
export const aheadOwner = (refinery: Address): Address => refinery.replace('/refinery', '/ahead')
/** The integration branch of an epic. */
export const integrationOwner = (rig: string, epic: string): Address => `${rig}/integration/${epic}`
export const polecat = (rig: string, name: string): Address => `${rig}/polecats/${name}`
/** A workplace of a person's own: it lives until they give it up. */
export const crew = (rig: string, name: string): Address => `${rig}/crew/${name}`
/** The n-th worktree that a crew member was given: the next one begins when the one before was removed. */
export const crewPlace = (keeper: Address, n: number): Address => `${keeper}/worktrees/${n}`
/** Keeper of the Mayor's own sessions: where a person talks to the Mayor. */
export const DESK = 'mayor/desk'
/** The n-th assignment of a polecat: one worktree, one branch. */
export const sandboxOf = (agent: Address, n: number): Address => `${agent}/sandboxes/${n}`
/** The n-th session in a sandbox: one process. */
export const sessionOf = (sandbox: Address, n: number): Address =>
  sandbox.replace(/\/sandboxes\/(\d+)$/, (_, k: string) => `/sessions/${k}.${n}`)
/** The n-th session of a crew member, or of the Mayor. */
export const crewSessionOf = (keeper: Address, n: number): Address =>
  keeper === DESK ? `${MAYOR}/sessions/${n}` : `${keeper}/sessions/${n}`
export const mergeRequest = (rig: string, id: string): Address => `${rig}/merge-requests/${id}`

/** The pull request of a merge request. */
export const pullOwner = (mergeRequest: Address): Address =>
  mergeRequest.replace('/merge-requests/', '/pulls/')
export const mergeRequestOf = (pull: Address): Address => pull.replace('/pulls/', '/merge-requests/')

/** The review of a merge request: an agent looks at it before it lands. */
export const reviewOwner = (mergeRequest: Address): Address =>
  mergeRequest.replace('/merge-requests/', '/reviews/')
export const mergeRequestOfReview = (review: Address): Address =>
  review.replace('/reviews/', '/merge-requests/')
/** The n-th session of a reviewer. */
export const reviewSession = (review: Address, n: number): Address => `${review}/sessions/${n}`

export const nudgeOwner = (nudge: string): Address => `nudges/${nudge}`
export const decisionOwner = (decision: string): Address => `decisions/${decision}`
export const planOwner = (plan: string): Address => `plans/${plan}`

export type OwnerKind =
  | 'town'
  | 'mayor'
  | 'deacon'
  | 'boot'
  | 'kennel'
  | 'dog'
  | 'budgets'
  | 'rig'
  | 'bead'
  | 'witness'
  | 'refinery'
  | 'ahead'
  | 'integration'
  | 'polecat'
  | 'crew'
  | 'sandbox'
  | 'session'
  | 'mergeRequest'
  | 'pull'
  | 'review'
  | 'nudge'
  | 'decision'
  | 'plan'

const PATTERNS: readonly (readonly [OwnerKind, RegExp])[] = [
  ['town', /^town$/],
  ['mayor', /^mayor$/],
  ['deacon', /^deacon$/],
  ['boot', /^deacon\/boot$/],
  ['kennel', /^deacon\/dogs$/],
  ['dog', /^deacon\/dogs\/([^/]+)$/],
  ['budgets', /^budgets$/],
  ['rig', /^rigs\/([^/]+)$/],
  ['bead', /^beads\/([^/]+)$/],
  ['witness', /^([^/]+)\/witness$/],
  ['refinery', /^([^/]+)\/refinery(\/[^/]+)?$/],
  ['ahead', /^([^/]+)\/ahead(\/[^/]+)?$/],
  ['integration', /^([^/]+)\/integration\/([^/]+)$/],
  ['polecat', /^([^/]+)\/polecats\/([^/]+)$/],
  ['crew', /^(mayor\/desk|([^/]+)\/crew\/([^/]+))$/],
  ['sandbox', /^([^/]+)\/polecats\/([^/]+)\/sandboxes\/(\d+)$/],
  ['session', /^([^/]+)\/polecats\/([^/]+)\/sessions\/(\d+\.\d+)$/],
  ['session', /^(mayor|([^/]+)\/(?:crew|reviews)\/([^/]+))\/sessions\/(\d+)$/],
  ['nudge', /^nudges\/([^/]+)$/],
  ['decision', /^decisions\/([^/]+)$/],
  ['plan', /^plans\/([^/]+)$/],
  ['pull', /^([^/]+)\/pulls\/([^/]+)$/],
  ['review', /^([^/]+)\/reviews\/([^/]+)$/],
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
  'boot',
  'kennel',
  'dog',
  'budgets',
  'bead',
  'nudge',
  'decision',
  'plan',
])

/** The rig an address lies in, or null for the town's own. */
export function rigOf(address: Address): string | null {
  const kind = ownerKind(address)
  if (kind === null || OF_THE_TOWN.has(kind) || OF_THE_MAYOR.test(address)) return null
  return kind === 'rig' ? address.slice('rigs/'.length) : (address.split('/')[0] ?? null)
}

/** The sandbox a session of a polecat belongs to. */
export const sandboxOfSession = (session: Address): Address =>
  session.replace(/\/sessions\/(\d+)\.\d+$/, '/sandboxes/$1')

/** What an agent with sessions is: one that works on beads, one that a person directs, the Mayor, or one that reviews. */
export type SessionRole = 'polecat' | 'crew' | 'mayor' | 'reviewer'

/** Of a session, of its keeper, or of the agent itself; null for everybody else. */
export function sessionRole(address: Address): SessionRole | null {
  if (address === MAYOR || OF_THE_MAYOR.test(address)) return 'mayor'
  if (workerOf(address) !== null) return 'polecat'
  if (REVIEWER.test(address)) return 'reviewer'
  return CREW.test(address) ? 'crew' : null
}

/** Whose session it is; also of a keeper: `shop/polecats/nux`, `shop/crew/ada`, `mayor`, `shop/reviews/mr-1`. */
export function agentOf(address: Address): Address | null {
  const role = sessionRole(address)
  if (role === 'mayor') return MAYOR
  if (role === 'reviewer') return REVIEWER.exec(address)?.[0] ?? null
  return role === 'crew' ? (CREW.exec(address)?.[0] ?? null) : (workerOf(address)?.agent ?? null)
}

/** The owner that opens a session and is told how it ends. */
export function keeperOf(session: Address): Address {
  const role = sessionRole(session)
  if (role === 'mayor') return DESK
  return role === 'crew' || role === 'reviewer' ? (agentOf(session) ?? session) : sandboxOfSession(session)
}

const CREW = /^[^/]+\/crew\/[^/]+/
const REVIEWER = /^[^/]+\/reviews\/[^/]+/
const OF_THE_MAYOR = /^mayor\/(desk$|sessions\/)/

/** Whose integration branch an owner is there for; null of everybody else, also of the Refinery of a rig's own target. */
export const epicOf = (address: Address): string | null =>
  /^[^/]+\/(?:refinery|integration)\/([^/]+)$/.exec(address)?.[1] ?? null

/** The Refinery that a merge request is with: each names its own after what it is there for. */
export const refineryOf = (mergeRequest: Address): Address =>
  refinery(
    mergeRequest.slice(0, mergeRequest.indexOf('/')),
    /^(.+)-mr-\d+$/.exec(lastPart(mergeRequest))?.[1] ?? null,
  )

/** The Refinery that said something of the target of a rig: of a branch when `actor` is one of that, else of its own. */
export const saidBy = (actor: Address, rig: string): Address => refinery(rig, epicOf(actor))

/** The id at the end of a bead's or merge request's address. */
export const lastPart = (address: Address): string => address.slice(address.lastIndexOf('/') + 1)
