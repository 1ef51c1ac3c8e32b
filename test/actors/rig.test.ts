import { test } from 'vitest'
import { RULES_MAX } from '../../src/actors/rig/rig.settings.ts'
import { decisions } from '../support/decisions.ts'
import { BASE, FORK_REMOTE, message, REMOTE, RIG } from '../support/messages.ts'

const rig = () => decisions(`rigs/${RIG}`)
const add = message('rig.add')
const cloned = message('rig.cloned', { head: BASE })
const places = message('rig.set', { key: 'limits.polecats', value: 1 })

test('[RIG-1] a rig that is added is cloned, and ready when the clone is there', () => {
  rig()
    .when(add)
    .gives({
      state: 'cloning',
      facts: [{ type: 'RigAdded', rig: RIG, target: 'main' }],
      tells: [],
      effects: [['rig.clone', { rig: RIG, remote: REMOTE, target: 'main' }]],
    })
  rig()
    .given(add)
    .when(cloned)
    .gives({ state: 'active', facts: [{ type: 'RigReady', head: BASE }] })
})

test('[RIG-2] a name is taken once, and free again when its clone failed', () => {
  rig().given(add).when(add).gives({ refused: 'RIG_EXISTS' })
  rig().given(add, cloned).when(add).gives({ refused: 'RIG_EXISTS' })
  rig()
    .given(add, message('rig.notCloned'))
    .when(add)
    .gives({ state: 'cloning', effects: [['rig.clone']] })
})

test('[RIG-3] a rig that is not there is not found', () => {
  rig().when(places).gives({ refused: 'RIG_NOT_FOUND' })
  rig().when(cloned).gives({ refused: 'RIG_NOT_FOUND' })
})

const NOT_CLONED = [message('rig.notCloned'), message('effect.failed', { kind: 'rig.clone' })]

test.each(NOT_CLONED)('[RIG-4] a clone that failed makes the rig failed: $type', (news) => {
  rig()
    .given(add)
    .when(news)
    .gives({
      state: 'failed',
      facts: [{ type: 'RigFailed', code: 'GIT_FAILED', message: 'the disk is full' }],
    })
})

test('[RIG-5] Mayor and Refinery are told when it is ready, and with each setting after that', () => {
  rig()
    .given(add)
    .when(cloned)
    .gives({
      tells: [
        ['mayor', { type: 'dispatch.openRig', rig: RIG, placesMax: 3 }],
        [`${RIG}/refinery`, { type: 'refinery.configure', remote: REMOTE, target: 'main' }],
      ],
    })
  rig()
    .given(add, cloned)
    .when(places)
    .gives({
      facts: [{ type: 'RigSettingChanged', key: 'limits.polecats', value: 1 }],
      tells: [
        ['mayor', { placesMax: 1 }],
        [`${RIG}/refinery`, { type: 'refinery.configure' }],
      ],
    })
})

test('[RIG-6] a rig without a clone keeps a setting, and tells nobody', () => {
  rig()
    .given(add)
    .when(places)
    .gives({ state: 'cloning', facts: [{ type: 'RigSettingChanged' }], tells: [] })
  rig().given(add, message('rig.notCloned')).when(places).gives({ state: 'failed', tells: [] })
  rig()
    .given(add, places)
    .when(cloned)
    .gives({
      tells: [
        ['mayor', { placesMax: 1 }],
        [`${RIG}/refinery`, {}],
      ],
    })
})

test('[RIG-7] it is ungated only if gates.none is true', () => {
  const none = { ...add, settings: {} }
  rig()
    .given(none)
    .when(cloned)
    .gives({
      tells: [
        ['mayor', {}],
        [`${RIG}/refinery`, { gates: [], ungated: false }],
      ],
    })
  rig()
    .given(none, cloned)
    .when(message('rig.set', { key: 'gates.none', value: true }))
    .gives({
      tells: [
        ['mayor', {}],
        [`${RIG}/refinery`, { gates: [], ungated: true }],
      ],
    })
})

test('[RIG-18] the Refinery is told all that is set of a gate, and of one that nobody can read a command that does not start', () => {
  const test = {
    ...{
      command: ['/bin/sh', '-c', 'make test'],
      shell: 'make test',
      timeoutMs: 5,
      kind: 'test',
      required: false,
    },
    ...{ paths: ['src'], after: ['lint'], outputMax: 500, junit: 'out.xml' },
  }
  const settings = {
    'gates.lint': { command: ['lint'], parallel: true },
    'gates.test': test,
    'gates.broken': { command: 'x' },
    'gates.parallel': 3,
  }
  const { shell: _shell, ...told } = test
  rig()
    .given({ ...add, settings })
    .when(cloned)
    .gives({
      tells: [
        ['mayor', {}],
        [
          `${RIG}/refinery`,
          {
            gates: [
              { name: 'lint', command: ['lint'], timeoutMs: 600_000, parallel: true },
              { name: 'test', ...told },
              { name: 'broken', command: [''], timeoutMs: 600_000 },
            ],
          },
        ],
      ],
    })
})

test('[RIG-14] a gate that a person passes is told beside those that are commands', () => {
  const settings = { 'gates.test': { command: ['npm', 'test'] }, 'gates.review': { approval: 'person' } }
  rig()
    .given({ ...add, settings })
    .when(cloned)
    .gives({
      tells: [
        ['mayor', {}],
        [`${RIG}/refinery`, { gates: [{ name: 'test' }], approvals: [{ name: 'review', again: false }] }],
      ],
    })
})

test('[RIG-19] requests are lined up by score, and as they came where that is set', () => {
  const told = (order: string) => ({
    tells: [
      ['mayor', {}],
      [`${RIG}/refinery`, { order }],
    ] as const,
  })
  rig().given(add).when(cloned).gives(told('score'))
  rig()
    .given({ ...add, settings: { 'mq.order': 'fifo' } })
    .when(cloned)
    .gives(told('fifo'))
})

test('[RIG-8] what is not set has a default', () => {
  rig()
    .given(add)
    .when(cloned)
    .gives({
      tells: [
        ['mayor', { placesMax: 3 }],
        [
          `${RIG}/refinery`,
          {
            attemptsMax: 5,
            setup: null,
            gates: [{ name: 'test', command: ['npm', 'test'], timeoutMs: 600_000 }],
          },
        ],
      ],
    })
})

test('[RIG-9] a rule from a decision is appended once, and one for the same calls takes its place', () => {
  const first = { tool: 'Bash', pattern: 'rm *', verdict: 'deny' } as const
  const before = message('rig.set', { key: 'permissions.rules', value: [first] })
  const allow = message('rig.addRule')
  const deny = message('rig.addRule', { rule: { ...allow.rule, verdict: 'deny' } })
  rig()
    .given(add, cloned, before)
    .when(allow)
    .gives({
      state: 'active',
      facts: [{ type: 'RigSettingChanged', key: 'permissions.rules', value: [first, allow.rule] }],
      tells: [],
    })
  rig().given(add, cloned, before, allow).when(allow).gives({ facts: [], tells: [] })
  rig()
    .given(add, cloned, before, allow)
    .when(deny)
    .gives({ facts: [{ value: [first, deny.rule] }] })
  rig().when(allow).gives({ refused: 'RIG_NOT_FOUND' })
})

test('[RIG-9] beyond 500 rules none is added', () => {
  const value = Array.from({ length: RULES_MAX }, (_, n) => ({ tool: `t${n}`, verdict: 'allow' }))
  const full = message('rig.set', { key: 'permissions.rules', value })
  rig().given(add, full).when(message('rig.addRule')).gives({ refused: 'RULES_TOO_MANY' })
})

const park = message('rig.park', { reason: 'a release' })
const unpark = message('rig.unpark')
const parkedAt = ['mayor', { type: 'dispatch.hold', why: 'parked', scope: 'rig', id: RIG }] as const

test('[RIG-10] a rig is parked and unparked by a person, and the Mayor is told', () => {
  rig()
    .given(add, cloned)
    .when(park)
    .gives({ state: 'active', facts: [{ type: 'RigParked', reason: 'a release' }], tells: [parkedAt] })
  rig().given(add, cloned, park).when(park).gives({ refused: 'RIG_PARKED' })
  rig()
    .given(add, cloned, park)
    .when(unpark)
    .gives({
      facts: [{ type: 'RigUnparked' }],
      tells: [['mayor', { type: 'dispatch.letGo', why: 'parked', scope: 'rig', id: RIG }]],
      context: { parked: null },
    })
  rig().given(add, cloned).when(unpark).gives({ refused: 'RIG_NOT_PARKED' })
  rig().given(add).when(park).gives({ refused: 'UNEXPECTED' })
})

const lost = message('rig.forked', { remote: null, head: null, why: 'its target is gone' })
const forked = message('rig.forked', { remote: FORK_REMOTE })

test('[RIG-11] a rig of a fork lands in its own clone and is parked, or has failed', () => {
  rig()
    .given(add, cloned)
    .when(forked)
    .gives({
      state: 'active',
      facts: [{ type: 'RigForked', remote: FORK_REMOTE }, { type: 'RigParked' }],
      tells: [
        parkedAt,
        ['mayor', { type: 'dispatch.openRig' }],
        [`${RIG}/refinery`, { type: 'refinery.configure', remote: FORK_REMOTE }],
      ],
      context: { remote: FORK_REMOTE, source: null, apart: { remote: REMOTE } },
    })
  for (const before of [[add], [add, cloned], [add, message('rig.notCloned')]])
    rig()
      .given(...before)
      .when(lost)
      .gives({
        state: 'failed',
        facts: [{ type: 'RigForked', remote: null }, { type: 'RigFailed', code: 'FORK_RIG_LOST' }, {}],
        tells: [parkedAt],
        context: { remote: { url: '' }, apart: null },
      })
  // Added anew it is a rig like any other.
  rig()
    .given(add, cloned, lost)
    .when(add)
    .gives({ state: 'cloning', context: { remote: REMOTE, parked: null } })
})

test('[RIG-12] unparked, each owner that was cut short is told to ask again', () => {
  const asked = [{ kind: 'timer' as const, event: 'x', delayMs: 5 }]
  const resumptions = [
    { owner: `${RIG}/refinery`, value: 'held', asked },
    { owner: `${RIG}/witness`, value: 'watching', asked },
  ]
  rig()
    .given(add, cloned, message('rig.forked', { remote: FORK_REMOTE, resumptions }))
    .when(unpark)
    .gives({
      tells: [
        [`${RIG}/refinery`, { type: 'owner.resume', value: 'held', asked }],
        [`${RIG}/witness`, { type: 'owner.resume', value: 'watching' }],
        ['mayor', { type: 'dispatch.letGo' }],
      ],
      context: { resumptions: [] },
    })
})

test('[RIG-13] it rejoins when the remote of its parent was read, and not before', () => {
  const rejoin = message('rig.rejoin')
  rig().given(add, cloned).when(rejoin).gives({ refused: 'RIG_NOT_APART' })
  rig()
    .given(add, cloned, forked)
    .when(rejoin)
    .gives({ state: 'rejoining', facts: [], effects: [['rig.clone', { remote: REMOTE }]], tells: [] })
  rig()
    .given(add, cloned, forked, rejoin)
    .when(cloned)
    .gives({
      state: 'active',
      facts: [{ type: 'RigRejoined', remote: REMOTE, head: BASE }],
      tells: [
        ['mayor', { type: 'dispatch.openRig' }],
        [`${RIG}/refinery`, { type: 'refinery.configure', remote: REMOTE }],
      ],
      context: { remote: REMOTE, apart: null },
    })
  for (const news of NOT_CLONED)
    rig()
      .given(add, cloned, forked, rejoin)
      .when(news)
      .gives({
        state: 'active',
        facts: [{ type: 'RigNotRejoined', code: 'GIT_FAILED' }],
        context: { remote: FORK_REMOTE, apart: { remote: REMOTE } },
      })
})
