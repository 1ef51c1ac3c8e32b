// The past of a town that a command has opened by itself: answered in the same thread, for nothing else goes on there.

import type { EventLog } from '../../../eventlog/index.ts'
import { answerPast, type PastTown } from '../../api/past.ts'
import type { Past } from '../../api/town.ts'
import { machineClock } from '../clock.ts'
import { townFiles } from '../files.ts'
import { createStates } from './states.ts'

export function pastHere(
  town: Pick<PastTown, 'dir' | 'name' | 'townId' | 'priceOf'> & { readonly log: EventLog },
): Past {
  const states = createStates(town.log, { dir: townFiles(town.dir).past, writes: false })
  const past: PastTown = {
    ...town,
    alone: true,
    clock: machineClock,
    withProjections: states.withProjections,
  }
  return { read: (ask, signal) => answerPast(past, ask, signal) }
}
