import { expect, test } from 'vitest'
import { freeName, POLECAT_NAMES } from '../../src/actors/mayor/names.ts'
import { decisions, stepsOf } from '../support/decisions.ts'
import { AGENT, message, RIG, SANDBOX } from '../support/messages.ts'

const mayor = () => decisions('mayor')
const open = (placesMax: number) => message('dispatch.openRig', { placesMax })
const sling = (bead: string, changed: object = {}) => ({
  ...message('dispatch.request', { bead }),
  ...changed,
})
const ready = (bead: string) => message('dispatch.ready', { bead })
const free = message('dispatch.freePlace', { rig: RIG, name: 'nux' })
/** sh-1 has the only place. */
const full = [open(1), sling('sh-1'), ready('sh-1')]

test('[MAYOR-1] a ready bead and a polecat are hooked in one turn', () => {
  mayor()
    .given(open(1))
    .when(sling('sh-1'))
    .gives({ facts: [{ type: 'DispatchQueued', bead: 'sh-1' }], tells: [] })
  mayor()
    .given(open(1), sling('sh-1'))
    .when(ready('sh-1'))
    .gives({
      facts: [{ type: 'DispatchStarted', bead: 'sh-1', agent: AGENT, sandbox: SANDBOX }],
      tells: [
        ['beads/sh-1', { type: 'bead.hook', agent: AGENT, sandbox: SANDBOX }],
        [AGENT, { type: 'polecat.hook', bead: 'sh-1', sandbox: SANDBOX }],
      ],
    })
})

test('[MAYOR-2] a free place goes to the most urgent, then to the one slung first', () => {
  const waiting = [
    sling('sh-2'),
    sling('sh-3'),
    sling('sh-4', { priority: 0 }),
    sling('sh-5', { priority: 0 }),
  ]
  const all = [...full, ...waiting, ready('sh-3'), ready('sh-2')]
  mayor()
    .given(...all)
    .when(free)
    .gives({ facts: [{ type: 'PlaceFreed' }, { type: 'DispatchStarted', bead: 'sh-2' }] })
  mayor()
    .given(...all, ready('sh-5'), ready('sh-4'))
    .when(free)
    .gives({ facts: [{}, { type: 'DispatchStarted', bead: 'sh-4' }] })
})

test('[MAYOR-3] what waits says for what, once', () => {
  const rig = { kind: 'place', id: RIG }
  mayor()
    .given(...full, sling('sh-2'))
    .when(ready('sh-2'))
    .gives({ facts: [{ type: 'DispatchWaiting', bead: 'sh-2', waitingFor: rig }], tells: [] })
  mayor()
    .given(...full, sling('sh-2'), ready('sh-2'))
    .when(ready('sh-2'))
    .gives({ facts: [] })
  mayor()
    .given(open(2), sling('sh-1'), ready('sh-1'), sling('sh-2', { agent: 'nux' }))
    .when(ready('sh-2'))
    .gives({ facts: [{ type: 'DispatchWaiting', waitingFor: { kind: 'place', id: AGENT } }] })
})

test('[MAYOR-4] a group has no more polecats at work than it was bounded to', () => {
  const bound = { maxAtOnce: 1 }
  const given = [open(3), sling('sh-1', bound), sling('sh-2', bound), ready('sh-1')]
  mayor()
    .given(...given)
    .when(ready('sh-2'))
    .gives({ facts: [{ type: 'DispatchWaiting', bead: 'sh-2' }] })
  mayor()
    .given(...given, ready('sh-2'), sling('sh-3', { group: 'g2' }))
    .when(ready('sh-3'))
    .gives({ facts: [{ type: 'DispatchStarted', bead: 'sh-3' }] })
  mayor()
    .given(...given, ready('sh-2'))
    .when(free)
    .gives({ facts: [{}, { type: 'DispatchStarted', bead: 'sh-2' }] })
})

test('[MAYOR-5] with now it starts at once, or is refused', () => {
  mayor()
    .given(...full)
    .when(sling('sh-2', { now: true }))
    .gives({ refused: 'NO_PLACE' })
  mayor()
    .given(open(1))
    .when(sling('sh-2', { now: true }))
    .gives({ facts: [{ type: 'DispatchQueued' }, { type: 'DispatchStarted', bead: 'sh-2' }] })
})

test('[MAYOR-6] a place that becomes free or is added is given by itself', () => {
  const waiting = [...full, sling('sh-2'), ready('sh-2')]
  mayor()
    .given(...waiting)
    .when(free)
    .gives({ facts: [{}, { type: 'DispatchStarted', bead: 'sh-2' }] })
  mayor()
    .given(...waiting)
    .when(open(2))
    .gives({ facts: [{ type: 'DispatchStarted', bead: 'sh-2', agent: `${RIG}/polecats/slit` }] })
})

test('[MAYOR-7] a place whose hook was refused goes to the next', () => {
  mayor()
    .given(...full, sling('sh-2'), ready('sh-2'))
    .when(message('tell.refused'))
    .gives({
      facts: [
        { type: 'DispatchWithdrawn', bead: 'sh-1' },
        { type: 'PlaceFreed', name: 'nux' },
        { type: 'DispatchStarted', bead: 'sh-2', agent: AGENT },
      ],
    })
  mayor()
    .given(...full)
    .when(message('tell.refused', { to: AGENT }))
    .gives({ tells: [['beads/sh-1', { type: 'bead.unqueue' }]] })
})

test('[MAYOR-8] a bead is in the queue once, and a rig must be open', () => {
  mayor().given(open(1), sling('sh-1')).when(sling('sh-1')).gives({ refused: 'BEAD_QUEUED' })
  mayor().when(sling('sh-1')).gives({ refused: 'RIG_NOT_FOUND' })
  mayor().given(open(1), message('dispatch.closeRig')).when(sling('sh-1')).gives({ refused: 'RIG_NOT_FOUND' })
})

test('[MAYOR-9] the next assignment of a polecat has the next number', () => {
  mayor()
    .given(...full, free, sling('sh-2'))
    .when(ready('sh-2'))
    .gives({ facts: [{ agent: AGENT, sandbox: `${AGENT}/sandboxes/2` }] })
})

test('[MAYOR-10] names are given in their order, and numbers when all are taken', () => {
  expect(freeName(() => false)).toBe('nux')
  expect(freeName((name) => name === 'nux')).toBe('slit')
  expect(freeName((name) => (POLECAT_NAMES as readonly string[]).includes(name))).toBe('polecat-51')
})

test('[MAYOR-11] an escalation is open until it is closed or its bead goes on', () => {
  const raise = message('escalation.raise', { bead: 'sh-1' })
  mayor()
    .when(raise)
    .gives({ facts: [{ type: 'EscalationRaised', id: 'e-1', code: 'GAVE_UP' }] })
  mayor()
    .given(raise)
    .when(message('escalation.close', { id: 'e-1' }))
    .gives({ facts: [{ type: 'EscalationClosed', id: 'e-1' }] })
  mayor()
    .given(raise)
    .when(message('escalation.settle', { bead: 'sh-1' }))
    .gives({ facts: [{ type: 'EscalationClosed', id: 'e-1' }] })
  // Slung again, and no other one.
  mayor()
    .given(raise, open(1))
    .when(sling('sh-1'))
    .gives({ facts: [{ type: 'EscalationClosed', id: 'e-1' }, { type: 'DispatchQueued' }] })
  mayor()
    .given(raise, open(1))
    .when(sling('sh-2'))
    .gives({ facts: [{ type: 'DispatchQueued' }] })
  mayor()
    .given(raise, message('escalation.close', { id: 'e-1' }))
    .when(message('escalation.close', { id: 'e-1' }))
    .gives({ refused: 'ESCALATION_NOT_FOUND' })
})

test('[MAYOR-15] a person is told of an escalation at once, and whether that worked is noted', () => {
  const raise = message('escalation.raise', { bead: 'sh-1' })
  const about = { decision: 'e-1', agent: AGENT, bead: 'sh-1' }
  mayor()
    .when(raise)
    .gives({
      effects: [
        [
          'notice.send',
          {
            decision: 'e-1',
            title: 'nux (sh-1) needs you (GAVE_UP)',
            body: `It died too often.\ngt start ${AGENT}, or gt escalate close e-1`,
          },
        ],
      ],
    })
  mayor()
    .given(raise)
    .when(message('notice.sent', { decision: 'e-1', ways: [], failed: [] }))
    .gives({ facts: [{ type: 'OperatorNotified', ...about, ways: [] }] })
  mayor()
    .given(raise)
    .when(message('notice.notSent', { decision: 'e-1' }))
    .gives({ facts: [{ type: 'OperatorNotNotified', ...about, code: 'NOTICE_FAILED' }] })
  mayor()
    .given(raise, message('escalation.close', { id: 'e-1' }))
    .when(message('notice.notSent', { decision: 'e-1' }))
    .gives({ facts: [] })
})

test('[MAYOR-12] a withdrawn bead gets no place', () => {
  const withdraw = message('dispatch.withdraw', { bead: 'sh-2' })
  mayor()
    .given(...full, sling('sh-2'), ready('sh-2'))
    .when(withdraw)
    .gives({ facts: [{ type: 'DispatchWithdrawn', bead: 'sh-2' }] })
  mayor()
    .given(...full, sling('sh-2'), ready('sh-2'), withdraw)
    .when(free)
    .gives({ facts: [{ type: 'PlaceFreed' }] })
})

const hold = (why: string, scope: string, id: string) => ({ ...message('dispatch.hold'), why, scope, id })
const letGo = (why: string, scope: string, id: string) => ({ ...message('dispatch.letGo'), why, scope, id })

test('[MAYOR-13] a budget that is used up keeps its beads waiting, and no others', () => {
  const scopes = [
    ['town', 'town', 'town'],
    ['rig', RIG, `rig ${RIG}`],
    ['bead', 'sh-1', 'bead sh-1'],
  ] as const
  for (const [scope, id, named] of scopes) {
    mayor()
      .given(open(1), sling('sh-1'), hold('budget', scope, id))
      .when(ready('sh-1'))
      .gives({
        facts: [{ type: 'DispatchWaiting', bead: 'sh-1', waitingFor: { kind: 'budget', id: named } }],
        tells: [],
      })
    mayor()
      .given(open(1), sling('sh-1'), hold('budget', scope, id), ready('sh-1'))
      .when(letGo('budget', scope, id))
      .gives({ facts: [{ type: 'DispatchStarted', bead: 'sh-1' }] })
  }
  mayor()
    .given(open(1), sling('sh-1'), hold('budget', 'bead', 'sh-2'), hold('budget', 'rig', 'barn'))
    .when(ready('sh-1'))
    .gives({ facts: [{ type: 'DispatchStarted' }] })
  mayor()
    .given(open(1), hold('budget', 'town', 'town'))
    .when(sling('sh-1', { now: true }))
    .gives({ refused: 'NO_PLACE' })
})

test('[MAYOR-13] a polecat whose budget is used up is given no bead', () => {
  mayor()
    .given(open(1), sling('sh-1'), hold('budget', 'agent', AGENT))
    .when(ready('sh-1'))
    .gives({ facts: [{ type: 'DispatchStarted', agent: 'shop/polecats/slit' }] })
  mayor()
    .given(open(1), sling('sh-1', { agent: 'nux' }), hold('budget', 'agent', AGENT))
    .when(ready('sh-1'))
    .gives({ facts: [{ type: 'DispatchWaiting', waitingFor: { kind: 'budget', id: `agent ${AGENT}` } }] })
})

test('[MAYOR-14] while everybody is stopped nothing begins, in any rig', () => {
  const stopped = [open(1), sling('sh-1'), hold('estop', 'town', 'town')]
  mayor()
    .given(open(1))
    .when(hold('estop', 'town', 'town'))
    .gives({ tells: [[`${RIG}/refinery`, { type: 'refinery.hold' }]] })
  mayor()
    .given(...stopped)
    .when(ready('sh-1'))
    .gives({ facts: [{ type: 'DispatchWaiting', waitingFor: { kind: 'thaw' } }], tells: [] })
  mayor()
    .given(...stopped)
    .when({ ...open(2), rig: 'barn' })
    .gives({ tells: [['barn/refinery', { type: 'refinery.hold' }]] })
  mayor()
    .given(...stopped, ready('sh-1'))
    .when(letGo('estop', 'town', 'town'))
    .gives({
      facts: [{ type: 'DispatchStarted' }],
      tells: [
        [`${RIG}/refinery`, { type: 'refinery.letGo' }],
        ['beads/sh-1', {}],
        [AGENT, {}],
      ],
    })
})

test('[MAYOR-16] an assignment that was taken takes its place again, if there is one', () => {
  const retake = message('dispatch.retake')
  mayor()
    .given(...full, free)
    .when(retake)
    .gives({ facts: [{ type: 'DispatchStarted', bead: 'sh-1', agent: AGENT, sandbox: SANDBOX }], tells: [] })
  mayor()
    .given(...full)
    .when(retake)
    .gives({ refused: 'AGENT_BUSY' })
  mayor()
    .given(...full)
    .when({ ...retake, name: 'slit' })
    .gives({ refused: 'NO_PLACE' })
  mayor().given(open(2), sling('sh-1')).when(retake).gives({ refused: 'BEAD_QUEUED' })
  mayor()
    .given(...full, free, retake)
    .when(sling('sh-2', { now: true }))
    .gives({ refused: 'NO_PLACE' })
})

test('[MAYOR-17] a rig that is parked gives no place, and lands nothing until nothing keeps it', () => {
  const parked = hold('parked', 'rig', RIG)
  const refinery = (type: string) => [`${RIG}/refinery`, { type }] as const
  mayor()
    .given(open(1), parked, sling('sh-1'))
    .when(ready('sh-1'))
    .gives({ facts: [{ type: 'DispatchWaiting', waitingFor: { kind: 'rig', id: RIG } }], tells: [] })
  mayor()
    .given(open(1))
    .when(parked)
    .gives({ tells: [[`${RIG}/refinery`, { type: 'refinery.hold', reason: 'the rig is parked' }]] })
  mayor()
    .given(open(1), parked)
    .when(letGo('parked', 'rig', RIG))
    .gives({ tells: [refinery('refinery.letGo')] })
  mayor()
    .given(open(1), parked, hold('estop', 'town', 'town'))
    .when(letGo('parked', 'rig', RIG))
    .gives({ tells: [refinery('refinery.hold')] })
  mayor()
    .given(open(1), parked, hold('estop', 'town', 'town'))
    .when(letGo('estop', 'town', 'town'))
    .gives({ tells: [[`${RIG}/refinery`, { type: 'refinery.hold', reason: 'the rig is parked' }]] })
  mayor()
    .given(parked)
    .when(open(1))
    .gives({ tells: [refinery('refinery.hold')] })
})

test('[MAYOR-18] after many deaths at once nothing begins until it is let go, and landings go on', () => {
  const dead = hold('massDeath', 'town', 'town')
  mayor().given(open(1), sling('sh-1')).when(dead).gives({ facts: [], tells: [] })
  mayor()
    .given(open(1), sling('sh-1'), dead)
    .when(ready('sh-1'))
    .gives({ facts: [{ type: 'DispatchWaiting', waitingFor: { kind: 'massDeath', id: 'town' } }], tells: [] })
  mayor()
    .given(open(1), sling('sh-1'), dead, ready('sh-1'))
    .when(letGo('massDeath', 'town', 'town'))
    .gives({ facts: [{ type: 'DispatchStarted', bead: 'sh-1' }] })
})

test('[MAYOR-19] a polecat in quarantine is passed over, and a bead slung to it by name waits', () => {
  const quarantine = hold('quarantine', 'agent', AGENT)
  mayor()
    .given(open(1), sling('sh-1'), quarantine)
    .when(ready('sh-1'))
    .gives({ facts: [{ type: 'DispatchStarted', agent: 'shop/polecats/slit' }] })
  const named = [open(1), sling('sh-1', { agent: 'nux' }), quarantine]
  mayor()
    .given(...named)
    .when(ready('sh-1'))
    .gives({ facts: [{ type: 'DispatchWaiting', waitingFor: { kind: 'quarantine', id: AGENT } }] })
  mayor()
    .given(...named, ready('sh-1'))
    .when(letGo('quarantine', 'agent', AGENT))
    .gives({ facts: [{ type: 'DispatchStarted', agent: AGENT }] })
})

test('[BOOT-4] asked to look again, a bead that nothing keeps begins', () => {
  const queued = stepsOf('mayor')
  for (const each of [open(0), sling('sh-1'), ready('sh-1')]) queued.take(each)
  const context = { ...queued.state?.context, [`rig/${RIG}`]: { placesMax: 1 } }
  const decision = stepsOf('mayor', { value: 'dispatching', context }).take(message('dispatch.look'))
  expect(decision).toMatchObject({ kind: 'accepted', facts: [{ type: 'DispatchStarted', bead: 'sh-1' }] })
})

test('[MAYOR-20] a bead that says how urgent it is has its turn by that', () => {
  mayor()
    .given(...full, sling('sh-2'), ready('sh-2'), sling('sh-3'), { ...ready('sh-3'), priority: 0 })
    .when(free)
    .gives({ facts: [{}, { type: 'DispatchStarted', bead: 'sh-3' }] })
})
