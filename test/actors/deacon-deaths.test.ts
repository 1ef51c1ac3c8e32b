import { test } from 'vitest'
import { decisions } from '../support/decisions.ts'
import { AGENT, message } from '../support/messages.ts'

const deacon = () => decisions('deacon')
const at = (seconds: number) => ({
  meta: { at: new Date(Date.UTC(2027, 2, 1, 8, 0, seconds)).toISOString() },
})
const MINUTE = 60
/** A session of the agent died on that bead, so many seconds after eight. */
const died = (
  seconds: number,
  agent: string,
  bead = `sh-${seconds}`,
  ending: 'killed' | 'lost' = 'killed',
) => ({
  ...message('RECOVERY_NEEDED', { bead, agent, reason: 'it was killed', ending }),
  ...at(seconds),
})
const often = (agent: string, from = 0) => [0, 1, 2, 3, 4].map((n) => died(from + n * 2 * MINUTE, agent))
const held = (agent: string) =>
  ['mayor', { type: 'dispatch.hold', why: 'quarantine', scope: 'agent', id: agent }] as const
const letGo = (agent: string) =>
  ['mayor', { type: 'dispatch.letGo', why: 'quarantine', scope: 'agent', id: agent }] as const
const due = (seconds: number) => ({ type: 'deacon.due', ...at(seconds) })

test('[DEACON-10] the fifth death within an hour sends a polecat into quarantine for 10 minutes', () => {
  deacon()
    .given(...often(AGENT).slice(0, 4))
    .when(died(8 * MINUTE, AGENT))
    .gives({
      facts: [
        { type: 'AgentQuarantined', agent: AGENT, deaths: 5, n: 1, ms: 600_000 },
        { type: 'RecoveryGranted' },
      ],
      tells: [held(AGENT), ['shop/polecats/nux/sandboxes/1', { type: 'sandbox.recover', waitMs: 0 }]],
      effects: [['timer', { event: 'deacon.due', delayMs: 600_000 }]],
    })
  const [first, ...others] = often(AGENT)
  deacon()
    .given(first as never, ...others.slice(0, 3))
    .when(died(61 * MINUTE, AGENT))
    .gives({ facts: [{ type: 'RecoveryGranted' }], effects: [] })
})

test('[DEACON-11] a quarantine ends by itself, and the next one is twice as long', () => {
  deacon()
    .given(...often(AGENT))
    .when(due(18 * MINUTE))
    .gives({
      facts: [{ type: 'AgentReleased', agent: AGENT, by: 'time' }],
      tells: [letGo(AGENT)],
      effects: [],
    })
  deacon()
    .given(...often(AGENT), due(18 * MINUTE), ...often(AGENT, 20 * MINUTE).slice(0, 4))
    .when(died(28 * MINUTE, AGENT))
    .gives({ facts: [{ type: 'AgentQuarantined', n: 2, ms: 1_200_000 }, {}] })
  const nextDay = 25 * 60 * MINUTE
  deacon()
    .given(...often(AGENT), due(18 * MINUTE), ...often(AGENT, nextDay).slice(0, 4))
    .when(died(nextDay + 8 * MINUTE, AGENT))
    .gives({ facts: [{ type: 'AgentQuarantined', n: 1 }, {}] })
})

test('[DEACON-12] a person releases a polecat from quarantine, and nobody else', () => {
  deacon()
    .given(...often(AGENT))
    .when({ ...message('deacon.release'), ...at(9 * MINUTE) })
    .gives({
      facts: [{ type: 'AgentReleased', agent: AGENT, by: 'person' }],
      tells: [letGo(AGENT)],
      effects: [],
    })
  deacon().when(message('deacon.release')).gives({ refused: 'NOT_QUARANTINED' })
})

test('[DEACON-13] three deaths within 30 seconds stop the giving out of beads, and a person is told once', () => {
  const [one, two, three] = [
    died(0, 'shop/polecats/a'),
    died(10, 'shop/polecats/b'),
    died(29, 'barn/polecats/c'),
  ]
  deacon()
    .given(one, two)
    .when(three)
    .gives({
      facts: [
        { type: 'DispatchPaused', deaths: 3 },
        { type: 'RecoveryGranted', waitMs: 300_000 },
      ],
      tells: [
        ['mayor', { type: 'dispatch.hold', why: 'massDeath', scope: 'town', id: 'town' }],
        ['mayor', { type: 'escalation.raise', bead: null, agent: null, code: 'MASS_DEATH' }],
        ['shop/polecats/nux/sandboxes/1', { type: 'sandbox.recover', waitMs: 300_000 }],
      ],
    })
  deacon()
    .given(one, two)
    .when(died(31, 'barn/polecats/c'))
    .gives({ facts: [{ type: 'RecoveryGranted' }] })
  deacon()
    .given(one, two, three)
    .when(died(30, 'shop/polecats/d'))
    .gives({
      facts: [{ type: 'RecoveryGranted' }],
      tells: [['shop/polecats/nux/sandboxes/1', { type: 'sandbox.recover' }]],
    })
})

test('[DEACON-14] beads are given out again when no session died for 5 minutes, or a person says so', () => {
  const dead = [died(0, 'shop/polecats/a'), died(1, 'shop/polecats/b'), died(2, 'shop/polecats/c')]
  const go = [['mayor', { type: 'dispatch.letGo', why: 'massDeath', scope: 'town', id: 'town' }]] as const
  deacon()
    .given(...dead)
    .when(due(302))
    .gives({ facts: [{ type: 'DispatchResumed', by: 'quiet' }], tells: go, effects: [] })
  // One more died meanwhile.
  deacon()
    .given(...dead, died(102, 'shop/polecats/d'))
    .when(due(302))
    .gives({ facts: [], tells: [], effects: [['timer', { delayMs: 100_000 }]] })
  deacon()
    .given(...dead)
    .when({ ...message('deacon.letGo'), ...at(9) })
    .gives({ facts: [{ type: 'DispatchResumed', by: 'person' }], tells: go })
  deacon().when(message('deacon.letGo')).gives({ refused: 'NOT_STOPPED' })
})

test('[DEACON-15] the loss of a host is one death of all, and none of a polecat', () => {
  const lost = (seconds: number, agent: string) => died(seconds, agent, `bead of ${agent} ${seconds}`, 'lost')
  const host = ['a', 'b', 'c', 'd'].map((name) => lost(0, `shop/polecats/${name}`))
  deacon()
    .given(...host.slice(0, 3))
    .when(host[3] as never)
    .gives({ facts: [{ type: 'RecoveryGranted', waitMs: 0 }] })
  deacon()
    .given(...host, died(1, 'shop/polecats/a'))
    .when(died(2, 'shop/polecats/b'))
    .gives({ facts: [{ type: 'DispatchPaused' }, {}] })
  deacon()
    .given(...[0, 1, 2, 3].map((n) => lost(n * 2 * MINUTE, AGENT)))
    .when(lost(8 * MINUTE, AGENT))
    .gives({ facts: [{ type: 'RecoveryGranted' }] })
})

test('[DEACON-16] what is heard in the minute after a start is no mass death', () => {
  const start = { ...message('deacon.townStarted'), ...at(0) }
  const dead = (from: number) => ['a', 'b', 'c'].map((name, n) => died(from + n, `shop/polecats/${name}`))
  deacon()
    .given(start, ...dead(2).slice(0, 2))
    .when(dead(2)[2] as never)
    .gives({ facts: [{ type: 'RecoveryGranted', waitMs: 0 }] })
  deacon()
    .given(start, ...dead(61).slice(0, 2))
    .when(dead(61)[2] as never)
    .gives({ facts: [{ type: 'DispatchPaused' }, {}] })
})
