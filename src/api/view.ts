// The town as it is, or as it was: what every read looks at.

import type { Projections } from '../projections/index.ts'
import { seqAt } from './moment.ts'
import type { TownHandle } from './town.ts'

export type View = {
  readonly projections: Projections
  /** Last record that is folded in. */
  readonly seq: number
  /** True when `at` was asked for: nothing beyond `seq` may be shown. */
  readonly past: boolean
}

/** @throws {Fault} POSITION_INVALID, POSITION_IN_FUTURE. */
export async function viewOf(town: TownHandle, at: string | undefined): Promise<View> {
  if (at === undefined) return { projections: town.projections, seq: town.system.seq, past: false }
  const seq = await seqAt(town.log, at, town.clock.now())
  return { projections: await town.projectionsAt(seq), seq, past: true }
}
