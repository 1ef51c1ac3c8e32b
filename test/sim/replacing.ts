// A log with some of its methods replaced.

import type { EventLog } from '../../eventlog/types.ts'

/** It keeps private fields, so all others are called on itself. */
export const replacing = (log: EventLog, replaced: Partial<EventLog>): EventLog =>
  new Proxy(log, {
    get(target, name) {
      const found: unknown = Reflect.get(name in replaced ? replaced : target, name, target)
      return typeof found === 'function' ? found.bind(target) : found
    },
  })
