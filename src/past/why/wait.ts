// One wait: for what, since when, why, and which command helps.

import type { Projections } from '../../projections/index.ts'

/** The projections that waits are seen from. */
export type Seen = Pick<
  Projections,
  'beads' | 'rigs' | 'agents' | 'mergeQueue' | 'escalations' | 'decisions' | 'sessions'
>

export type WaitKind =
  | 'blocked'
  | 'place'
  | 'unslung'
  | 'rig'
  | 'parked'
  | 'budget'
  | 'stopped'
  | 'paused'
  | 'quarantine'
  | 'disk'
  | 'escalated'
  | 'deferred'
  | 'permission'
  | 'question'
  | 'limited'
  | 'stuck'
  | 'recovery'
  | 'redGate'
  | 'conflict'
  | 'noGate'
  | 'gates'
  | 'queue'
  | 'target'
  | 'redTarget'
  | 'frozen'
  | 'approval'
  | 'forge'
  | 'review'

export type Wait = {
  readonly kind: WaitKind
  readonly id: string
  /** ISO time. */
  readonly since: string
  /** After "It waits for ": `a free place in rig shop`. */
  readonly what: string
  readonly why: string | null
  /** What helps, as it is typed; null when nothing but time does. */
  readonly command: string | null
  /** What that bead waits for itself. */
  readonly next: Wait | null
}

/** `It waits for bead sh-2 since T, which waits for a free place in rig shop since T: …` */
export function waitSentence(wait: Wait, time: (iso: string) => string): string {
  let text = `It waits for ${wait.what} since ${time(wait.since)}`
  let last = wait
  for (let next = wait.next; next !== null; next = next.next) {
    text += `, which waits for ${next.what} since ${time(next.since)}`
    last = next
  }
  const why = last.why === null ? '' : last.why.replace(/[.\s]+$/, '')
  const sentence = why === '' ? text : `${text}: ${why}`
  return `${sentence}${/[?!]$/.test(why) ? '' : '.'}${last.command === null ? '' : ` What helps: ${last.command}`}`
}

/** One that waits for nothing else in turn. */
export const wait = (
  kind: WaitKind,
  id: string,
  since: string,
  what: string,
  why: string | null,
  command: string | null,
): Wait => ({ kind, id, since, what, why, command, next: null })
