import { test } from 'vitest'
import { decisions } from '../support/decisions.ts'
import { BEAD, message, SANDBOX } from '../support/messages.ts'

const deacon = () => decisions('deacon')
/** A session of the bead died at that minute. */
const died = (minute: number, bead = BEAD) => ({
  ...message('RECOVERY_NEEDED', { bead, reason: 'its program was killed by SIGKILL' }),
  meta: { at: new Date(Date.UTC(2027, 2, 1, 8, minute)).toISOString() },
})
const granted = (n: number, waitMs: number) => ({
  facts: [{ type: 'RecoveryGranted', bead: BEAD, n, waitMs }],
  tells: [[SANDBOX, { type: 'sandbox.recover', waitMs }]] as const,
})

test('[DEACON-1] the first recovery is at once', () => {
  deacon().when(died(0)).gives(granted(1, 0))
})

test('[DEACON-2] later recoveries begin at least 5 minutes apart', () => {
  deacon()
    .given(died(0))
    .when(died(1))
    .gives(granted(2, 4 * 60_000))
  deacon().given(died(0)).when(died(5)).gives(granted(2, 0))
  // The second began at minute 5.
  deacon()
    .given(died(0), died(1))
    .when(died(6))
    .gives(granted(3, 4 * 60_000))
})

test('[DEACON-3] after 3 recoveries the sandbox is told to give up', () => {
  deacon()
    .given(died(0), died(10), died(20))
    .when(died(30))
    .gives({
      facts: [{ type: 'RecoveryRefused', bead: BEAD, n: 4 }],
      tells: [
        [
          SANDBOX,
          { type: 'sandbox.giveUp', reason: '3 recoveries did not help: its program was killed by SIGKILL' },
        ],
      ],
    })
})

test('[DEACON-4] beads are counted by themselves', () => {
  deacon().given(died(0, 'sh-2'), died(1, 'sh-2')).when(died(2)).gives(granted(1, 0))
})

test('[DEACON-5] the next assignment of a bead begins anew', () => {
  deacon().given(died(0), died(1), message('deacon.forget')).when(died(2)).gives(granted(1, 0))
})
