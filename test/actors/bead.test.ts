import { describe, expect, test } from 'vitest'
import { NEEDS_MAX } from '../../src/actors/bead/bead.decisions.ts'
import { machineAt } from '../../src/actors/index.ts'
import { decide, decisions } from '../support/decisions.ts'
import { AGENT, BEAD, COMMIT, HEAD, MERGE_REQUEST, message, RIG, SANDBOX } from '../support/messages.ts'
import { reachable } from '../support/walks.ts'

const ADDRESS = `beads/${BEAD}`
const bead = () => decisions(ADDRESS)
const create = message('bead.create')
const needsTwo = message('bead.create', { needs: ['sh-2'] })
const queue = message('bead.queue')
const hook = message('bead.hook')
const start = message('bead.start')
const submit = message('bead.submit')
const land = message('bead.land')
const close = message('bead.close')
const block = message('bead.block')
const queued = [create, queue]
const hooked = [...queued, hook]
const working = [...hooked, start]
const submitted = [...working, submit]
const ready = { type: 'dispatch.ready', bead: BEAD }
const landed = { type: 'BeadLanded', bead: BEAD, agent: AGENT, commit: COMMIT, mergeRequest: MERGE_REQUEST }

test('[BEAD-1] a bead is made once, open, in its rig', () => {
  bead()
    .when(create)
    .gives({ state: 'open', facts: [{ type: 'BeadCreated', bead: BEAD, rig: RIG }] })
  bead().given(create).when(create).gives({ refused: 'BEAD_EXISTS' })
  bead().when(close).gives({ refused: 'BEAD_NOT_FOUND' })
})

describe('slinging', () => {
  test('[BEAD-2] a bead that is more urgent than others says so when it is ready', () => {
    bead()
      .given(message('bead.create', { priority: 0 }))
      .when(queue)
      .gives({ tells: [['mayor', { ...ready, priority: 0 }]] })
  })

  test('[BEAD-2] a bead that needs nothing is ready at once', () => {
    bead()
      .given(create)
      .when(queue)
      .gives({
        state: 'queued',
        facts: [{ type: 'BeadQueued', waitingFor: null }],
        tells: [['mayor', ready]],
      })
  })

  test('[BEAD-2] a bead with a need is ready with the last need that is met', () => {
    const both = message('bead.create', { needs: ['sh-2', 'sh-3'] })
    bead()
      .given(both)
      .when(queue)
      .gives({ facts: [{ waitingFor: { kind: 'bead', id: 'sh-2' } }], tells: [] })
    bead()
      .given(both, queue)
      .when(message('bead.needMet', { need: 'sh-3' }))
      .gives({ tells: [] })
    bead()
      .given(both, queue, message('bead.needMet', { need: 'sh-3' }))
      .when(message('bead.needMet', { need: 'sh-2' }))
      .gives({ facts: [{ type: 'BeadNeedsChanged', open: [] }], tells: [['mayor', ready]] })
    bead()
      .given(needsTwo, queue)
      .when(message('bead.dropNeed', { need: 'sh-2' }))
      .gives({ tells: [['mayor', ready]] })
  })

  test('[BEAD-5] what would wait is refused with --now, and another rig always', () => {
    bead()
      .given(needsTwo)
      .when({ ...queue, now: true })
      .gives({ refused: 'BEAD_BLOCKED' })
    bead()
      .given(create)
      .when({ ...queue, rig: 'farm' })
      .gives({ refused: 'BEAD_OF_ANOTHER_RIG' })
    const deferred = [needsTwo, message('bead.defer')]
    bead()
      .given(...deferred)
      .when({ ...queue, now: true })
      .gives({ refused: 'BEAD_BLOCKED' })
    bead()
      .given(...deferred)
      .when({ ...queue, rig: 'farm' })
      .gives({ refused: 'BEAD_OF_ANOTHER_RIG' })
    bead()
      .given(...deferred)
      .when(queue)
      .gives({ state: 'queued' })
  })

  test('[BEAD-6] a bead is slung once at a time', () => {
    bead()
      .given(...queued)
      .when(queue)
      .gives({ refused: 'BEAD_QUEUED' })
    bead()
      .given(...hooked)
      .when(queue)
      .gives({ refused: 'BEAD_HOOKED' })
    bead()
      .given(...submitted)
      .when(queue)
      .gives({ refused: 'BEAD_HOOKED' })
    bead()
      .given(...working, block)
      .when(queue)
      .gives({ refused: 'BEAD_HOOKED' })
    bead().given(create, block).when(queue).gives({ refused: 'BEAD_BLOCKED' })
    bead().given(create, close).when(queue).gives({ refused: 'BEAD_CLOSED' })
    bead().given(create).when(hook).gives({ refused: 'UNEXPECTED' })
  })

  test('[BEAD-13] a queued bead that is closed leaves the dispatch queue', () => {
    bead()
      .given(...queued)
      .when(close)
      .gives({ state: 'closed', tells: [['mayor', { type: 'dispatch.withdraw', bead: BEAD }]] })
  })
})

describe('landing', () => {
  test('[BEAD-3] submitted work leaves the bead open; landed work closes it', () => {
    bead()
      .given(...working)
      .when(submit)
      .gives({
        state: { in_progress: 'submitted' },
        facts: [{ type: 'BeadSubmitted', agent: AGENT, head: HEAD }],
      })
    bead()
      .given(...submitted)
      .when(message('bead.test'))
      .gives({ state: { in_progress: 'testing' } })
    bead()
      .given(...submitted, message('bead.test'))
      .when(land)
      .gives({ state: 'closed', facts: [landed, { type: 'BeadClosed', reason: 'landed' }] })
  })

  test('[BEAD-3] a hooked bead is not closed by hand', () => {
    for (const history of [hooked, working, submitted])
      bead()
        .given(...history)
        .when(close)
        .gives({ refused: 'BEAD_HOOKED' })
  })

  test('[BEAD-4] work that has landed is accepted in every state of a bead', () => {
    const def = machineAt(ADDRESS)
    if (def === null) throw new Error('No machine for beads.')
    for (const state of reachable(ADDRESS)) {
      if (state === null) continue
      expect(decide(def, ADDRESS, state, land, 9), JSON.stringify(state.value)).toMatchObject({
        kind: 'accepted',
        state: { value: 'closed' },
        facts: expect.arrayContaining([landed]),
      })
    }
  })
})

describe('needs', () => {
  const needed = message('bead.neededBy', { bead: 'sh-3' })
  const met = ['beads/sh-3', { type: 'bead.needMet', need: BEAD }] as const

  test('[BEAD-7] beads that need it hear that it closed, and that it is open again', () => {
    bead()
      .given(create, needed)
      .when(close)
      .gives({ tells: [met] })
    bead()
      .given(...submitted, needed)
      .when(land)
      .gives({ tells: [met] })
    bead()
      .given(create, needed, close)
      .when(message('bead.reopen'))
      .gives({ state: 'open', tells: [['beads/sh-3', { type: 'bead.needReopened', need: BEAD }]] })
    bead()
      .given(create, close)
      .when(needed)
      .gives({ tells: [met] })
    bead().given(create).when(message('bead.reopen')).gives({ refused: 'BEAD_NOT_CLOSED' })
  })

  test('[BEAD-7] a bead whose need is open again waits again', () => {
    bead()
      .given(needsTwo, queue, message('bead.needMet'))
      .when(message('bead.needReopened'))
      .gives({
        facts: [{ type: 'BeadNeedsChanged', open: ['sh-2'] }],
        tells: [['mayor', { type: 'dispatch.unready', bead: BEAD }]],
      })
  })

  test('[BEAD-8] no bead needs itself, and none needs more than 200', () => {
    bead()
      .given(create)
      .when(message('bead.addNeed', { need: BEAD }))
      .gives({ refused: 'DEPENDENCY_CYCLE' })
    bead()
      .when(message('bead.create', { needs: [BEAD] }))
      .gives({ refused: 'DEPENDENCY_CYCLE' })
    const needs = Array.from({ length: NEEDS_MAX }, (_, n) => `sh-${n + 10}`)
    bead()
      .given({ ...create, needs })
      .when(message('bead.addNeed', { need: 'sh-9' }))
      .gives({ refused: 'TOO_MANY_NEEDS' })
  })
})

describe('at work', () => {
  test('[BEAD-9] a worker that is done before the news of its start is not lost', () => {
    bead()
      .given(...hooked)
      .when(submit)
      .gives({ state: { in_progress: 'submitted' } })
    bead()
      .given(...hooked)
      .when(message('bead.defer'))
      .gives({ state: 'deferred', context: { agent: null } })
    bead()
      .given(...working, block)
      .when(submit)
      .gives({
        state: { in_progress: 'submitted' },
        facts: [{ type: 'BeadUnblocked' }, { type: 'BeadSubmitted' }],
      })
  })

  test('[BEAD-10] rework brings it back to work on the same hook', () => {
    for (const history of [submitted, [...submitted, message('bead.test')]]) {
      bead()
        .given(...history)
        .when(message('bead.rework', { reason: 'gateFailed' }))
        .gives({
          state: { in_progress: 'working' },
          facts: [{ type: 'BeadReworked', agent: AGENT, reason: 'gateFailed' }],
          context: { agent: AGENT },
        })
    }
  })

  test('[BEAD-11] a blocked bead keeps its hook until its worker goes on or it is closed', () => {
    bead()
      .given(...working)
      .when(block)
      .gives({ state: 'blocked', context: { agent: AGENT, sandbox: SANDBOX } })
    bead()
      .given(...working, block)
      .when(start)
      .gives({
        state: { in_progress: 'working' },
        facts: [{ type: 'BeadUnblocked' }, { type: 'BeadStarted' }],
      })
    const ended = [
      ['mayor', { type: 'escalation.settle', bead: BEAD }],
      [SANDBOX, { type: 'sandbox.giveUp' }],
    ] as const
    bead()
      .given(...working, block)
      .when(close)
      .gives({ state: 'closed', tells: ended })
    bead()
      .given(...working, block)
      .when(message('bead.unblock'))
      .gives({ state: 'open', tells: ended })
    bead().given(create, block).when(close).gives({ state: 'closed', tells: [] })
  })

  test('[BEAD-12] an assignment that came to nothing leaves the bead open', () => {
    bead()
      .given(...hooked)
      .when(message('bead.unhook'))
      .gives({ state: 'open', facts: [{ type: 'BeadUnhooked', agent: AGENT }], context: { agent: null } })
    bead()
      .given(...working)
      .when(message('bead.defer'))
      .gives({
        state: 'deferred',
        facts: [{ type: 'BeadDeferred' }],
        context: { agent: null, sandbox: null },
      })
  })

  test('[BEAD-14] words about a bead change at any time', () => {
    for (const history of [[create], submitted, [create, close]]) {
      bead()
        .given(...history)
        .when(message('bead.update', { title: 'Add the cart', priority: 0 }))
        .gives({ facts: [{ type: 'BeadUpdated', title: 'Add the cart', priority: 0 }] })
      bead()
        .given(...history)
        .when(message('bead.comment'))
        .gives({ facts: [{ type: 'BeadCommented' }] })
    }
  })
})

describe('what mends the target', () => {
  const labelled = { ...create, labels: ['fixes-target'] }
  const label = (labels: string[], by = 'overseer') => ({ ...message('bead.update'), labels, meta: { by } })
  const told = (fixes: boolean) =>
    [[`${RIG}/refinery`, { type: 'refinery.fixes', bead: BEAD, fixes }]] as const

  test('[BEAD-16] is told to the Refinery when it is submitted, and when a person says so then', () => {
    bead()
      .given(labelled, queue, hook, start)
      .when(submit)
      .gives({ tells: told(true) })
    bead()
      .given(...submitted)
      .when(label(['fixes-target']))
      .gives({ tells: told(true) })
    bead()
      .given(labelled, queue, hook, start, submit)
      .when(label([], AGENT))
      .gives({ tells: told(false) })
    bead()
      .given(...working, label(['fixes-target']))
      .when(submit)
      .gives({ tells: told(true) })
  })

  test('[BEAD-16] is what a person says it is, and nobody else', () => {
    bead()
      .given({ ...labelled, meta: { by: AGENT } }, queue, hook, start)
      .when(submit)
      .gives({ tells: [] })
    bead()
      .given(...submitted)
      .when(label(['fixes-target'], AGENT))
      .gives({ tells: [] })
  })
})

describe('taken from its worker', () => {
  const rehook = message('bead.rehook')
  const unhook = (sandbox: string) => ({ ...message('bead.unhook'), sandbox })

  test('[BEAD-15] it is open, and gets that worker back as long as it is', () => {
    for (const before of [hooked, working, submitted]) {
      bead()
        .given(...before)
        .when(unhook(SANDBOX))
        .gives({ state: 'open', facts: [{ type: 'BeadUnhooked' }], context: { agent: null, sandbox: null } })
    }
    bead()
      .given(...working, block)
      .when(unhook(SANDBOX))
      .gives({ state: 'open', facts: [{ type: 'BeadUnhooked' }, { type: 'BeadUnblocked' }] })
    bead()
      .given(...working, unhook(SANDBOX))
      .when(rehook)
      .gives({ state: 'hooked', facts: [{ type: 'BeadHooked', agent: AGENT, sandbox: SANDBOX }], tells: [] })
    for (const before of [queued, hooked, [create, close], [create, message('bead.defer')]]) {
      bead()
        .given(...before)
        .when(rehook)
        .gives({ refused: 'BEAD_NOT_OPEN' })
    }
  })

  test('[BEAD-15] an assignment that is over takes no other hook', () => {
    bead()
      .given(...working)
      .when(unhook('shop/polecats/slit/sandboxes/4'))
      .gives({ state: { in_progress: 'working' }, facts: [] })
    bead().given(create, close).when(unhook(SANDBOX)).gives({ state: 'closed', facts: [] })
  })
})

describe('its turn at the Refinery', () => {
  const urgent = message('bead.create', { priority: 0 })
  const says = (priority: number, needs: readonly string[]) =>
    [`${RIG}/refinery`, { type: 'refinery.bead', bead: BEAD, priority, needs }] as const
  const update = (priority: number) => message('bead.update', { priority })
  const addNeed = message('bead.addNeed', { need: 'sh-2' })
  const unready = ['mayor', { type: 'dispatch.unready' }] as const

  test('[BEAD-17] is told when it is not the ordinary one, and whenever that changes', () => {
    bead()
      .given(urgent, queue, hook, start)
      .when(submit)
      .gives({ tells: [says(0, [])] })
    bead()
      .given(...working)
      .when(submit)
      .gives({ tells: [] })
    bead()
      .given(...submitted)
      .when(update(1))
      .gives({ tells: [says(1, [])] })
    bead()
      .given(...submitted)
      .when(update(2))
      .gives({ tells: [] })
    bead()
      .given(...submitted)
      .when(addNeed)
      .gives({ tells: [unready, says(2, ['sh-2'])] })
    bead()
      .given(...submitted, addNeed)
      .when(message('bead.needMet', { need: 'sh-2' }))
      .gives({ tells: [['mayor', ready], says(2, [])] })
    bead()
      .given(...submitted, addNeed)
      .when(message('bead.dropNeed', { need: 'sh-2' }))
      .gives({ tells: [['mayor', ready], says(2, [])] })
  })

  test('[BEAD-17] what became ordinary while it was worked on is told too', () => {
    bead()
      .given(urgent, queue, hook, start, submit, message('bead.rework'), update(2))
      .when(submit)
      .gives({ tells: [says(2, [])] })
  })

  test('[BEAD-19] what the Refinery does by itself has no worker', () => {
    const handIn = message('bead.handIn')
    bead()
      .given(urgent)
      .when(handIn)
      .gives({
        state: { in_progress: 'submitted' },
        facts: [{ type: 'BeadSubmitted', agent: 'overseer' }],
        tells: [says(0, [])],
      })
    bead()
      .given(create, handIn)
      .when(message('bead.unhook', { sandbox: undefined, reason: 'it conflicts' }))
      .gives({ state: 'open', facts: [{ type: 'BeadUnhooked', agent: 'overseer' }] })
    bead()
      .given(...hooked)
      .when(handIn)
      .gives({ refused: 'UNEXPECTED' })
  })
})

describe('taken out of the target again', () => {
  const revert = message('bead.revert')
  const reopened = message('bead.needReopened', { need: 'sh-2' })

  test('[BEAD-18] it is open with the reason, and those that need it wait again', () => {
    bead()
      .given(...submitted, message('bead.neededBy', { bead: 'sh-2' }), land)
      .when(revert)
      .gives({
        state: 'open',
        facts: [
          { type: 'BeadReverted', commit: COMMIT },
          { type: 'BeadReopened', reason: 'taken back: it breaks the checkout' },
        ],
        tells: [['beads/sh-2', { type: 'bead.needReopened', need: BEAD }]],
        context: { agent: null, sandbox: null },
      })
  })

  test('[BEAD-18] opened by hand before, it only says so', () => {
    bead()
      .given(...submitted, land, message('bead.reopen'))
      .when(revert)
      .gives({ state: 'open', facts: [{ type: 'BeadReverted' }], tells: [] })
  })

  test('[BEAD-18] what was begun on its ground says so, and what was not waits', () => {
    const met = message('bead.needMet', { need: 'sh-2' })
    const begun = [needsTwo, queue, met, hook]
    const standsOn = { type: 'BeadNeedTakenBack', bead: BEAD, need: 'sh-2', agent: AGENT }
    for (const more of [[], [start], [start, submit], [start, submit, land]])
      bead()
        .given(...begun, ...more)
        .when(reopened)
        .gives({ facts: [standsOn, { type: 'BeadNeedsChanged', open: ['sh-2'] }] })
    bead()
      .given(needsTwo, queue, met)
      .when(reopened)
      .gives({ state: 'queued', facts: [{ type: 'BeadNeedsChanged', open: ['sh-2'] }] })
  })
})
