// The projections as of any record.
//
// Owns:      the state that was asked for last, from which a later one is reached by folding on.
// Always:    what is answered is the fold of the records up to `seq`, however it was reached.

import type { EventLog } from '../../../eventlog/index.ts'
import { recordOf } from '../../events/upcasters.ts'
import { applyAll, createProjections, type Projections } from '../../projections/index.ts'

export type States = {
  /** Runs `use` over the projections as of `seq`. One at a time: the next begins when this one has ended. */
  withProjections<T>(seq: number, use: (projections: Projections) => Promise<T>): Promise<T>
}

export function createStates(log: Pick<EventLog, 'read'>): States {
  let known = { seq: 0, projections: createProjections() }
  let last: Promise<unknown> = Promise.resolve()

  const reach = async (seq: number): Promise<Projections> => {
    if (known.seq > seq) known = { seq: 0, projections: createProjections() }
    for await (const { seq: at, line } of log.read({ after: known.seq, to: seq })) {
      applyAll(known.projections, recordOf(line))
      known.seq = at
    }
    return known.projections
  }
  return {
    withProjections(seq, use) {
      const turn = last.then(async () => use(await reach(seq)))
      last = turn.catch(() => {})
      return turn
    },
  }
}
