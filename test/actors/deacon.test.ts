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

const recovered = (minute: number, n: number, bead = BEAD) => ({
  ...message('RECOVERED_BEAD', {
    bead,
    sandbox: `shop/polecats/nux/sandboxes/${n}`,
    reason: 'it did not get on',
  }),
  meta: { at: new Date(Date.UTC(2027, 2, 1, 8, minute)).toISOString() },
})
const due = (minute: number) => ({
  type: 'deacon.due',
  meta: { at: new Date(Date.UTC(2027, 2, 1, 8, minute)).toISOString() },
})
const queued = [
  [`beads/${BEAD}`, { type: 'bead.queue', rig: 'shop', now: false }],
  ['mayor', { type: 'dispatch.request', bead: BEAD, rig: 'shop', priority: 1, agent: null, now: false }],
] as const

test('[DEACON-6] a recovered bead goes back into the queue at once, as it was slung', () => {
  deacon()
    .when(recovered(0, 1))
    .gives({
      facts: [
        { type: 'RedispatchGranted', bead: BEAD, n: 1, waitMs: 0 },
        { type: 'BeadRedispatched', bead: BEAD, n: 1 },
      ],
      tells: queued,
      effects: [],
    })
  // The same is said twice.
  deacon().given(recovered(0, 1)).when(recovered(1, 1)).gives({ facts: [], tells: [], context: {} })
})

test('[DEACON-7] the next time it waits until 5 minutes are over, by a timer', () => {
  deacon()
    .given(recovered(0, 1))
    .when(recovered(2, 2))
    .gives({
      facts: [{ type: 'RedispatchGranted', n: 2, waitMs: 180_000 }],
      tells: [],
      effects: [['timer', { event: 'deacon.due', delayMs: 180_000 }]],
    })
  deacon()
    .given(recovered(0, 1), recovered(2, 2))
    .when(due(5))
    .gives({ facts: [{ type: 'BeadRedispatched', n: 2 }], tells: queued, effects: [] })
})

test('[DEACON-7] each bead waits for itself, and one timer is enough', () => {
  deacon()
    .given(recovered(0, 1), recovered(1, 1, 'sh-2'), recovered(2, 2), recovered(3, 2, 'sh-2'))
    .when(due(5))
    .gives({
      facts: [{ type: 'BeadRedispatched', bead: BEAD }],
      effects: [['timer', { event: 'deacon.due', delayMs: 60_000 }]],
    })
  // What is sooner is first.
  deacon()
    .given(recovered(0, 1), recovered(1, 1, 'sh-2'), recovered(1, 2, 'sh-2'))
    .when(recovered(4, 2))
    .gives({ effects: [['timer', { event: 'deacon.due', delayMs: 60_000 }]] })
})

test('[DEACON-8] after 3 times the Mayor is told, and the bead stays open', () => {
  deacon()
    .given(recovered(0, 1), recovered(10, 2), recovered(20, 3))
    .when(recovered(30, 4))
    .gives({
      facts: [{ type: 'RedispatchRefused', bead: BEAD, n: 4 }],
      tells: [['mayor', { type: 'escalation.raise', bead: BEAD, code: 'REDISPATCH_FAILED' }]],
    })
  // A person has it now; what begins with it next begins anew.
  deacon()
    .given(recovered(0, 1), recovered(10, 2), recovered(20, 3), recovered(30, 4))
    .when(recovered(40, 5))
    .gives({ facts: [{ type: 'RedispatchGranted', n: 1 }, {}] })
  deacon()
    .given(recovered(0, 1), message('deacon.forget', { outcome: 'landed' }))
    .when(recovered(1, 2))
    .gives({ facts: [{ type: 'RedispatchGranted', n: 1, waitMs: 0 }, {}] })
  deacon()
    .given(recovered(0, 1), message('deacon.forget', { outcome: 'withdrawn' }))
    .when(recovered(1, 2))
    .gives({ facts: [{ type: 'RedispatchGranted', n: 2 }] })
})

test('[DEACON-9] a bead is begun again 8 times at most, for whatever reason', () => {
  const over = (outcome: 'withdrawn') => message('deacon.forget', { outcome })
  const assignment = (from: number) => [died(from), died(from + 5), died(from + 10), over('withdrawn')]
  const before = [...assignment(0), recovered(16, 1), ...assignment(17), recovered(33, 2)]
  deacon()
    .given(...before)
    .when(died(40))
    .gives({
      facts: [{ type: 'RecoveryRefused', n: 1 }],
      tells: [[SANDBOX, { type: 'sandbox.giveUp' }]],
    })
  deacon()
    .given(...before)
    .when(recovered(50, 3))
    .gives({ facts: [{ type: 'RedispatchRefused', n: 3 }] })
})

test('[DEACON-6] a bead that somebody else has by then is left to them', () => {
  const messages = queued.map(([to, said]) => ({ to, message: said }))
  deacon()
    .given(recovered(0, 1))
    .when({
      type: 'tell.refused',
      to: `beads/${BEAD}`,
      code: 'BEAD_HOOKED',
      message: 'It is hooked.',
      messages,
    })
    .gives({ facts: [{ type: 'RedispatchDropped', bead: BEAD, code: 'BEAD_HOOKED' }] })
})

test('[DEACON-20] the kennel is told once that something begins to age, until it says that nothing is left', () => {
  const told = [['deacon/dogs', { type: 'kennel.aging' }]] as const
  const over = message('deacon.forget')
  deacon().when(over).gives({ tells: told })
  deacon()
    .given(over)
    .when(message('deacon.forget', { bead: 'sh-2' }))
    .gives({ tells: [] })
  deacon().given(over, message('deacon.tidy')).when(over).gives({ tells: told })
})
