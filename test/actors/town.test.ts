import { test } from 'vitest'
import { decisions } from '../support/decisions.ts'
import { message, PARENT } from '../support/messages.ts'

const town = () => decisions('town')
const install = message('town.install', { settings: { 'agents.default': 'claude' } })
const start = message('town.start', { version: '0.1.0', downMs: 4_000 })

test('[TOWN-1] a town is installed once, and is down then', () => {
  town()
    .when(install)
    .gives({ state: 'down', facts: [{ type: 'TownInstalled', townId: 't1', name: 'farm' }] })
  town().given(install).when(install).gives({ refused: 'UNEXPECTED', state: 'down' })
})

test('[TOWN-2] a start says how long nobody saw time pass, a stop says why', () => {
  town()
    .given(install)
    .when(start)
    .gives({ state: 'up', facts: [{ type: 'TownStarted', downMs: 4_000 }] })
  town()
    .given(install, start)
    .when(message('town.stop', { reason: 'gt down' }))
    .gives({ state: 'down', facts: [{ type: 'TownStopped', reason: 'gt down' }] })
})

test('[TOWN-3] a town whose daemon died starts again without a stop', () => {
  town()
    .given(install, start)
    .when(start)
    .gives({ state: 'up', facts: [{ type: 'TownStarted' }] })
})

test('[TOWN-4] a setting is set, and null takes it away', () => {
  const set = message('town.set', { key: 'domain', value: 'farm.example' })
  town()
    .given(install)
    .when(set)
    .gives({
      facts: [{ type: 'TownSettingChanged', key: 'domain', value: 'farm.example' }],
      context: { settings: { 'agents.default': 'claude', domain: 'farm.example' } },
    })
  town()
    .given(install, set)
    .when(message('town.set', { key: 'domain', value: null }))
    .gives({ context: { settings: { 'agents.default': 'claude' } } })
})

test('[TOWN-5] what a town does not know is refused', () => {
  town().when(start).gives({ refused: 'UNEXPECTED' })
  town().given(install).when(message('bead.create')).gives({ refused: 'UNEXPECTED' })
})

test('[TOWN-6] everybody is stopped once, and goes on once, whatever lies between', () => {
  const installed = message('town.install')
  const stop = message('town.estop')
  const thaw = message('town.thaw')
  decisions('town')
    .given(installed)
    .when(stop)
    .gives({
      facts: [{ type: 'EverybodyStopped' }],
      tells: [['mayor', { type: 'dispatch.hold', why: 'estop' }]],
    })
  decisions('town').given(installed, stop).when(stop).gives({ refused: 'STOPPED_ALREADY' })
  decisions('town').given(installed).when(thaw).gives({ refused: 'NOT_STOPPED' })
  decisions('town')
    .given(installed, message('town.start'), stop, message('town.stop'), message('town.start'))
    .when(thaw)
    .gives({
      facts: [{ type: 'EverybodyThawed' }],
      tells: [['mayor', { type: 'dispatch.letGo', why: 'estop' }]],
    })
})

test('[TOWN-7] a fork has an id of its own, knows its parent, and nothing that reaches out', () => {
  const notify = message('town.set', { key: 'notify.webhook', value: 'http://127.0.0.1:9/' })
  for (const before of [[start], [start, message('town.stop', { reason: 'gt down' })]])
    town()
      .given(install, notify, ...before)
      .when(message('town.forked', { townId: 'f1', name: 'barn', cancelled: ['7.0', '9.1'] }))
      .gives({
        state: 'down',
        facts: [{ type: 'TownForked', townId: 'f1', cancelled: 2 }],
        effects: [],
        tells: [],
        context: { townId: 'f1', name: 'barn', settings: { 'agents.default': 'claude' }, fork: PARENT },
      })
  town().when(message('town.forked')).gives({ refused: 'UNEXPECTED' })
})

test('[TOWN-8] an erasure says which records, and why, and changes nothing else', () => {
  const records = [{ seq: 3, digest: 'ab'.repeat(32) }]
  town()
    .given(install)
    .when(message('town.erase', { reason: 'a password', records }))
    .gives({ state: 'down', facts: [{ type: 'RecordsErased', reason: 'a password', records }] })
})

test('[TOWN-9] who was given access, and when it was taken back, is said and not kept', () => {
  const given = { token: '0a1b2c3d4e', name: 'ci', scopes: ['read' as const], until: null }
  town()
    .given(install)
    .when(message('town.giveToken', given))
    .gives({ state: 'down', facts: [{ type: 'TokenGiven', ...given }] })
  town()
    .given(install)
    .when(message('town.revokeToken', { token: given.token }))
    .gives({ state: 'down', facts: [{ type: 'TokenRevoked', token: given.token }] })
})

test('[TOWN-10] for how long the machine has slept is noted, while the town is up', () => {
  const woke = message('town.woke', { sleptMs: 28_800_000 })
  town()
    .given(install, message('town.start', { version: '0.1.0', downMs: 0 }))
    .when(woke)
    .gives({ state: 'up', facts: [{ type: 'TownWoke', sleptMs: 28_800_000 }] })
  town().given(install).when(woke).gives({ refused: 'UNEXPECTED', state: 'down' })
})
