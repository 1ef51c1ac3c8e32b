// What a rig keeps.

import type { Resumption } from '../../events/fork.ts'
import type { Json } from '../../events/record.ts'
import type { Deciding } from '../machine.ts'

export type Settings = { readonly [key: string]: Json }

export type RigContext = {
  rig: string
  prefix: string
  remote: Remote
  source: string | null
  target: string
  settings: Settings
  /** Nothing new begins in it, for this reason; null when something may. */
  parked: { readonly since: string; readonly reason: string } | null
  /** Of a fork: where its parent's rig lands, and what it was made of. null when it lands there itself. */
  apart: { readonly remote: Remote; readonly source: string | null } | null
  /** Integration branches, by their epics. */
  branches: { readonly [epic: string]: string }
  /** What its owners had asked for when the town was forked. */
  resumptions: readonly Resumption[]
}
type Remote = { readonly kind: 'origin' | 'local'; readonly url: string }

export type Apart = NonNullable<RigContext['apart']>
export type To = Deciding<RigContext>
