import { test } from 'vitest'
import { decisions } from '../support/decisions.ts'
import { AGENT, BASE, BEAD, BRANCH, COMMIT, HEAD, message, RIG, SANDBOX } from '../support/messages.ts'

const witness = () => decisions(`${RIG}/witness`)
const submitted = message('POLECAT_DONE')
const clean = message('worktree.verified', { head: HEAD, dirty: [], commits: 1 })
const reworked = (previous: object, reason = 'rework') =>
  [[SANDBOX, { type: 'sandbox.rework', reason, previous }]] as const

test('[WITNESS-1] clean work with something to land goes to the Refinery', () => {
  witness()
    .when(submitted)
    .gives({
      effects: [['worktree.verify', { rig: RIG, sandbox: SANDBOX, branch: BRANCH, head: HEAD }]],
      tells: [],
    })
  witness()
    .given(submitted)
    .when(clean)
    .gives({
      facts: [{ type: 'WorkVerified', bead: BEAD, agent: AGENT, head: HEAD }],
      tells: [[`${RIG}/refinery`, { type: 'MERGE_READY', sandbox: SANDBOX, head: HEAD, attempt: 1 }]],
    })
})

const NOT_IN_ORDER = [
  [{ ...clean, head: BASE }, 'BRANCH_MOVED'],
  [{ ...clean, dirty: ['cart.js'] }, 'WORKTREE_DIRTY'],
  [{ ...clean, commits: 0 }, 'NOTHING_TO_SUBMIT'],
  [message('worktree.notVerified'), 'GIT_FAILED'],
  [message('effect.failed', { kind: 'worktree.verify', params: { sandbox: SANDBOX } }), 'GIT_FAILED'],
] as const

test.each(NOT_IN_ORDER)('[WITNESS-2] other work is sent back with the reason: $0.type $1', (news, code) => {
  witness()
    .given(submitted)
    .when(news)
    .gives({ facts: [{ type: 'WorkNotVerified', bead: BEAD, code }], tells: reworked({}) })
})

test('[WITNESS-3] work that is sent back 3 times in a row is shown to a person', () => {
  const dirty = { ...clean, dirty: ['cart.js'] }
  const twice = [submitted, dirty, submitted, dirty, submitted]
  witness()
    .given(...twice)
    .when(dirty)
    .gives({ tells: [[SANDBOX, { type: 'sandbox.giveUp' }]] })
  witness()
    .given(...twice, clean, submitted)
    .when(dirty)
    .gives({ tells: reworked({}) })
})

test('[WITNESS-4] a merged sandbox is closed', () => {
  witness()
    .given(submitted, clean)
    .when(message('MERGED'))
    .gives({ tells: [[SANDBOX, { type: 'sandbox.close', commit: COMMIT, head: HEAD }]] })
})

test('[WITNESS-5] what did not merge is worked on again, after the last attempt no more', () => {
  const gaveUp = [[SANDBOX, { type: 'sandbox.giveUp' }]] as const
  witness()
    .given(submitted, clean)
    .when(message('MERGE_FAILED', { last: false }))
    .gives({ tells: reworked({ gate: 'test', logTail: 'not ok 1' }, 'gateFailed') })
  witness()
    .given(submitted, clean)
    .when(message('REWORK_REQUEST', { last: false }))
    .gives({ tells: reworked({ conflictFiles: ['cart.js'], note: 'same lines' }) })
  witness()
    .given(submitted, clean)
    .when(message('MERGE_FAILED', { last: true }))
    .gives({ tells: gaveUp })
  witness()
    .given(submitted, clean)
    .when(message('REWORK_REQUEST', { last: true }))
    .gives({ tells: gaveUp })
})

test('[WITNESS-6] a death is passed on to the Deacon', () => {
  witness()
    .when(message('SESSION_DIED'))
    .gives({ tells: [['deacon', { type: 'RECOVERY_NEEDED', bead: BEAD, sandbox: SANDBOX, agent: AGENT }]] })
})

test('[WITNESS-7] rejected work is told to its sandbox', () => {
  witness()
    .given(submitted, clean)
    .when(message('MERGE_REJECTED'))
    .gives({ tells: [[SANDBOX, { type: 'sandbox.reject', reason: 'it is not wanted any more' }]] })
})
