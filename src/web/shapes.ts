// What the town answers, as far as the page shows it. Whatever else stands in an answer is left alone.

export type Standing = { state: string; since: string; tool: string | null; until: string | null }

export type Rig = {
  name: string
  state: string
  parked: boolean
  target: { branch: string; head: string | null; state: string; reason: string | null }
  working: number
  queued: number
  open: number
  closed: number
}

export type Agent = {
  address: string
  role: string
  rig: string | null
  state: string
  hook: string | null
  title?: string
  runtime: string | null
  standing?: Standing | null
  health: { state: string; since: string; reason: string | null }
}

export type WaitingFor = { kind: string; id: string; since: string }

export type Status = {
  town: { name: string; dir: string }
  at: string
  seq: number
  daemon: { pid: number; startedAt: string; version: string } | null
  stopped: { since: string; reason: string } | null
  paused?: { since: string; deaths: number } | null
  rigs: Rig[]
  agents: Agent[]
  queue: { waiting: number; running: number; items: { bead: string; waitingFor: WaitingFor | null }[] }
  mergeQueue: {
    items: { id: string; bead: string; rig: string; state: string; attempts: number }[]
    landed: number
  }
  waitsForYou: { id: string; what: string; bead: string | null; since: string; next: string }[]
  problems: { at: string; code: string; message: string }[]
}

export type Bead = {
  id: string
  title: string
  status: string
  stage: string
  stageSince: string
  waitingFor: WaitingFor | null
  priority: number
  rig: string
  assignee: string | null
  orderedBy?: string | null
  createdAt: string
  updatedAt: string
  commit: string | null
  closeReason: string | null
  reason: string | null
}

export type FeedItem = {
  seq: number
  at: string
  type: string
  actor: string
  by: string
  summary: string
  bead?: string
  problem?: true
}

export type StateValue = string | { [key: string]: StateValue }

export type Step = {
  seq: number
  at: string
  actor: string
  machine: string
  by: string
  message: { type: string }
  from: StateValue | null
  to: StateValue
  summary?: string | null
  reason?: string | null
  refused?: { code: string; message: string }
}

export type History = { id: string; owner?: string; items: Step[]; earlier?: number; seq: number }

export type WhyNode = {
  seq: number
  at: string
  actor: string
  by: string
  message: string
  summary: string | null
  refused: string | null
  children: WhyNode[]
}

export type Why = { id: string; tree: WhyNode[]; sentence: string | null; waitingFor?: WaitingFor | null }

export type Machine = {
  name: string
  version: number
  initial: string
  states: { name: string; final: boolean }[]
  transitions: { from: string; to: string; on: string; guarded: boolean }[]
}

/** Of a compound state the innermost: `in_progress.testing`. */
export function stateName(value: StateValue | null): string | null {
  if (value === null || typeof value === 'string') return value
  const [entry] = Object.entries(value)
  return entry === undefined ? null : `${entry[0]}.${stateName(entry[1])}`
}
