// The town as it is, or as it was: what every read looks at.

import type { Projections } from '../projections/index.ts'

export type View = {
  readonly projections: Projections
  /** Last record that is folded in. */
  readonly seq: number
  /** True when it is answered beside the live town: nothing beyond `seq` may be shown. */
  readonly past: boolean
  /** True when no daemon is there to see time pass. */
  readonly alone?: boolean
}
