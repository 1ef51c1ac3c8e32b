// The state of an owner as a text that is equal for equal states, whatever way led there.

import type { OwnerState } from '../../src/system/types.ts'

export const plain = (state: OwnerState | null): string =>
  state === null
    ? 'nobody'
    : JSON.stringify([
        state.value,
        Object.entries(state.context).toSorted(([a], [b]) => (a < b ? -1 : 1)),
        state.seq,
        state.machine,
      ])
