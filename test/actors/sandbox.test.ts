import { describe, test } from 'vitest'
import { after, decisions } from '../support/decisions.ts'
import {
  AGENT,
  BASE,
  BEAD,
  BRANCH,
  COMMIT,
  HEAD,
  message,
  RIG,
  SANDBOX,
  SESSION,
} from '../support/messages.ts'

const SECOND = `${AGENT}/sessions/1.2`
/** The checkpoint of a session that has ended is answered, unless that answer is what is tried. */
const sandbox = () => {
  type Said = Parameters<ReturnType<typeof decisions>['when']>[0]
  const from = (history: readonly Said[]) => ({
    given: (...more: Said[]) => from([...history, ...more]),
    when: (said: Said) => {
      const kept = history.flatMap((one, n) =>
        one.type !== 'sandbox.sessionEnded' || (said === checkpointed && n === history.length - 1)
          ? [one]
          : [one, checkpointed],
      )
      return decisions(SANDBOX)
        .given(...kept)
        .when(said)
    },
  })
  return from([])
}
const checkpointed = message('worktree.checkpointed')
const open = message('sandbox.open')
const added = message('worktree.added')
const done = message('sandbox.done', { session: SESSION, head: HEAD })
const ended = message('sandbox.sessionEnded', { session: SESSION })
const giveUp = message('sandbox.giveUp')
const rework = message('sandbox.rework')
const close = message('sandbox.close')
const retry = message('sandbox.retry')
const recover = message('sandbox.recover', { waitMs: 0 })
const escalate = message('sandbox.giveBack', { session: SESSION, status: 'ESCALATED', note: 'Which way?' })
const defer = message('sandbox.giveBack', { session: SESSION, status: 'DEFERRED', note: 'later' })
const working = [open, added]
const submitted = [...working, done]
const stalled = [...working, ended]
const parked = [...stalled, giveUp]
const begun = (attempt: number, reason: string) => ({ type: 'AttemptBegun', attempt, reason })
const opened = (session: string, fields: object = {}) =>
  [
    session,
    { type: 'session.open', bead: BEAD, worktree: '/town/shop/nux', branch: BRANCH, base: BASE, ...fields },
  ] as const
const released = (outcome: string) =>
  [
    [AGENT, { type: 'polecat.release', bead: BEAD, outcome }],
    ['deacon', { type: 'deacon.forget', bead: BEAD }],
  ] as const
const raised = (code: string) =>
  ['mayor', { type: 'escalation.raise', bead: BEAD, agent: AGENT, code }] as const

describe('beginning', () => {
  test('[SANDBOX-1] the worktree is made, then the first session is opened', () => {
    sandbox()
      .when(open)
      .gives({
        state: 'preparing',
        facts: [{ type: 'SandboxOpened', bead: BEAD, branch: BRANCH }],
        effects: [['worktree.add', { rig: RIG, sandbox: SANDBOX, bead: BEAD, branch: BRANCH }]],
        tells: [],
      })
    sandbox()
      .given(open)
      .when(added)
      .gives({
        state: 'working',
        facts: [{ type: 'WorktreeAdded' }, begun(1, 'first')],
        tells: [opened(SESSION, { attempt: 1, reason: 'first' })],
      })
  })

  const NOT_ADDED = [message('worktree.notAdded'), message('effect.failed', { kind: 'worktree.add' })]

  test.each(NOT_ADDED)('[SANDBOX-2] an assignment without a worktree ends: $type', (news) => {
    sandbox()
      .given(open)
      .when(news)
      .gives({
        state: 'failed',
        facts: [{ type: 'WorktreeFailed', code: 'GIT_FAILED' }],
        tells: [[`beads/${BEAD}`, { type: 'bead.unhook' }], raised('GIT_FAILED'), ...released('failed')],
      })
  })

  test('[SANDBOX-3] the bead is in progress when the program runs', () => {
    sandbox()
      .given(...working)
      .when(message('sandbox.sessionStarted', { session: SESSION }))
      .gives({ tells: [[`beads/${BEAD}`, { type: 'bead.start', session: SESSION, attempt: 1 }]] })
    sandbox()
      .given(...submitted)
      .when(message('sandbox.sessionStarted', { session: SESSION }))
      .gives({ state: 'submitted', tells: [] })
  })
})

describe('gt done', () => {
  test('[SANDBOX-4] the head goes to the bead and to the Witness', () => {
    sandbox()
      .given(...working)
      .when(done)
      .gives({
        state: 'submitted',
        facts: [{ type: 'WorkSubmitted', head: HEAD, attempt: 1 }],
        tells: [
          [`beads/${BEAD}`, { type: 'bead.submit', head: HEAD }],
          [
            `${RIG}/witness`,
            { type: 'POLECAT_DONE', sandbox: SANDBOX, branch: BRANCH, head: HEAD, attempt: 1 },
          ],
        ],
      })
  })

  test('[SANDBOX-4] no other session than the present one says it', () => {
    const recovered = [...stalled, recover]
    sandbox()
      .given(...recovered)
      .when(done)
      .gives({ refused: 'ASSIGNMENT_OVER', state: 'working' })
    sandbox()
      .given(...recovered)
      .when(escalate)
      .gives({ refused: 'ASSIGNMENT_OVER' })
    sandbox()
      .given(...recovered)
      .when({ ...done, session: SECOND })
      .gives({ state: 'submitted' })
    sandbox()
      .given(...submitted)
      .when(done)
      .gives({ refused: 'ASSIGNMENT_OVER' })
    sandbox()
      .given(...stalled)
      .when(done)
      .gives({ refused: 'ASSIGNMENT_OVER' })
  })
})

describe('recovery', () => {
  test('[SANDBOX-5] a session that died asks for a recovery, in words', () => {
    const words = {
      exited: [{ kind: 'exited', exitCode: 3 }, 'its program ended with exit code 3 before it was done'],
      killed: [{ kind: 'killed', signal: 'SIGKILL' }, 'its program was killed by SIGKILL'],
      notStarted: [{ kind: 'notStarted', message: 'no' }, 'its program could not be started: no'],
      lost: [{ kind: 'lost', survivors: [] }, 'nobody saw its program end'],
    } as const
    for (const [ending, reason] of Object.values(words)) {
      sandbox()
        .given(...working)
        .when({ ...ended, ending })
        .gives({
          state: 'stalled',
          facts: [{ type: 'RecoveryAsked', reason }],
          tells: [[`${RIG}/witness`, { type: 'SESSION_DIED', bead: BEAD, sandbox: SANDBOX, reason }]],
        })
    }
    sandbox()
      .given(...stalled, recover)
      .when(ended)
      .gives({ refused: 'UNEXPECTED', state: 'working' })
  })

  test('[SANDBOX-6] it begins again at once, or when the time is over', () => {
    sandbox()
      .given(...stalled)
      .when(recover)
      .gives({ state: 'working', facts: [begun(2, 'recovered')], tells: [opened(SECOND, { attempt: 2 })] })
    const later = message('sandbox.recover', { waitMs: 240_000 })
    sandbox()
      .given(...stalled)
      .when(later)
      .gives({
        state: 'cooling',
        facts: [{ type: 'RecoveryScheduled', waitMs: 240_000 }],
        effects: [['timer', { delayMs: 240_000 }]],
        tells: [],
      })
    sandbox()
      .given(...stalled, later)
      .when(after('cooldown', 'sandbox.cooling'))
      .gives({ state: 'working', tells: [opened(SECOND)] })
    sandbox()
      .given(...stalled, later)
      .when(retry)
      .gives({ state: 'working', tells: [opened(SECOND)] })
  })
})

describe('after the submission', () => {
  test('[SANDBOX-7] rework begins when the old session has ended', () => {
    const again = [begun(2, 'rework')]
    sandbox()
      .given(...submitted, ended)
      .when(rework)
      .gives({
        state: 'working',
        facts: again,
        tells: [[`beads/${BEAD}`, { type: 'bead.rework' }], opened(SECOND, { reason: 'rework' })],
        context: { previous: { conflictFiles: ['cart.js'] } },
      })
    sandbox()
      .given(...submitted)
      .when(rework)
      .gives({ state: 'reworking', facts: [], tells: [[`beads/${BEAD}`, { type: 'bead.rework' }]] })
    sandbox()
      .given(...submitted, rework, ended)
      .when(checkpointed)
      .gives({
        state: 'working',
        facts: [{ type: 'WorktreeCheckpointed' }, ...again],
        tells: [opened(SECOND)],
        context: { previous: { conflictFiles: ['cart.js'] } },
      })
  })

  test('[SANDBOX-8][P5] landed work is removed when the session has ended, then the polecat is free', () => {
    const remove = [
      ['worktree.remove', { path: '/town/shop/nux', branch: BRANCH, head: HEAD, landed: COMMIT }],
    ] as const
    sandbox()
      .given(...submitted, ended)
      .when(close)
      .gives({ state: 'removing', effects: remove })
    sandbox()
      .given(...submitted)
      .when(close)
      .gives({ state: 'closing', effects: [] })
    sandbox()
      .given(...submitted, close, ended)
      .when(checkpointed)
      .gives({ state: 'removing', effects: remove })
    sandbox()
      .given(...submitted, close, ended)
      .when(message('worktree.removed'))
      .gives({ state: 'removed', facts: [{ type: 'WorktreeRemoved' }], tells: released('landed') })
  })

  const NOT_REMOVED = [message('worktree.kept'), message('effect.failed', { code: 'NOT_PROVED' })]

  test.each(NOT_REMOVED)(
    '[SANDBOX-9][P5] a worktree that may not go stays, and a person is told: $type',
    (news) => {
      sandbox()
        .given(...submitted, ended, close)
        .when(news)
        .gives({
          state: 'kept',
          facts: [{ type: 'WorktreeKept', code: 'NOT_PROVED' }],
          tells: [raised('NOT_PROVED'), ...released('landed')],
        })
    },
  )
})

describe('a person is asked', () => {
  const blocked = (reason: string) => [`beads/${BEAD}`, { type: 'bead.block', reason }] as const

  test('[SANDBOX-10] escalating and giving up park the work as it is', () => {
    sandbox()
      .given(...working)
      .when(escalate)
      .gives({
        state: 'parked',
        facts: [{ type: 'SandboxParked', reason: 'Which way?' }],
        tells: [blocked('Which way?'), raised('ESCALATED')],
        effects: [],
      })
    for (const history of [stalled, submitted]) {
      sandbox()
        .given(...history)
        .when(giveUp)
        .gives({
          state: 'parked',
          tells: [blocked('3 recoveries did not help'), raised('GAVE_UP')],
          effects: [],
        })
    }
  })

  test('[SANDBOX-11] a parked worker tries again in the same worktree', () => {
    sandbox()
      .given(...parked)
      .when(retry)
      .gives({
        state: 'working',
        facts: [begun(2, 'handoff')],
        tells: [['mayor', { type: 'escalation.settle' }], opened(SECOND)],
        context: { previous: { note: '3 recoveries did not help' } },
      })
    sandbox()
      .given(...working, escalate)
      .when(retry)
      .gives({ refused: 'SESSION_STILL_ENDING' })
    sandbox()
      .given(...working, escalate, ended)
      .when(retry)
      .gives({ state: 'working' })
  })

  test('[SANDBOX-12] deferred work ends the assignment with its session, and keeps the worktree', () => {
    sandbox()
      .given(...working)
      .when(defer)
      .gives({ state: 'deferring', tells: [], effects: [] })
    sandbox()
      .given(...working, defer, ended)
      .when(checkpointed)
      .gives({
        state: 'kept',
        tells: [[`beads/${BEAD}`, { type: 'bead.defer', reason: 'later' }], ...released('withdrawn')],
        effects: [],
      })
  })

  test('[SANDBOX-13] a parked assignment that is needed no more ends, and frees the polecat', () => {
    const closed = message('sandbox.giveUp', { reason: 'sh-1 was closed' })
    const kept = {
      state: 'kept',
      facts: [{ type: 'WorktreeKept', code: 'WITHDRAWN', message: 'sh-1 was closed' }],
      tells: released('withdrawn'),
      effects: [],
    }
    sandbox()
      .given(...parked)
      .when(closed)
      .gives(kept)
    sandbox()
      .given(...working, escalate)
      .when(closed)
      .gives({ state: 'withdrawing', tells: [] })
    sandbox()
      .given(...working, escalate, closed, ended)
      .when(checkpointed)
      .gives({ ...kept, facts: [{ type: 'WorktreeCheckpointed' }, ...kept.facts] })
  })
})

describe('something keeps work from going on', () => {
  const paused = [...working, message('sandbox.pause')]
  const resume = message('sandbox.resume')
  const stop = (reason: string, more: object = {}) =>
    [SESSION, { type: 'session.stop', reason, ...more }] as const
  const hold = (reason: string, more: object = {}) => ({ ...message('sandbox.pause'), reason, ...more })
  const letGo = (reason: string) => ({ ...message('sandbox.resume'), reason })

  test('[SANDBOX-14] the session is ended without a recovery, and the work goes on later', () => {
    sandbox()
      .given(...working)
      .when(message('sandbox.pause'))
      .gives({
        state: 'paused',
        facts: [{ type: 'SandboxPaused', reason: 'town' }],
        tells: [stop('the town goes down')],
      })
    sandbox()
      .given(...paused)
      .when(ended)
      .gives({ state: 'paused', tells: [] })
    sandbox()
      .given(...paused, ended)
      .when(resume)
      .gives({ state: 'working', facts: [begun(2, 'handoff')], tells: [opened(SECOND)] })
  })

  test('[SANDBOX-14] a town that is up before the old session has ended waits for that', () => {
    sandbox()
      .given(...paused)
      .when(resume)
      .gives({ state: 'reworking', facts: [], tells: [] })
    sandbox()
      .given(...paused, resume, ended)
      .when(checkpointed)
      .gives({
        state: 'working',
        facts: [{ type: 'WorktreeCheckpointed' }, begun(2, 'handoff')],
        tells: [opened(SECOND)],
      })
  })

  test('[SANDBOX-14] it goes on when no reason is left, and not before', () => {
    sandbox()
      .given(...working)
      .when(hold('estop', { graceMs: 500 }))
      .gives({
        state: 'paused',
        facts: [{ type: 'SandboxPaused', reason: 'estop' }],
        tells: [stop('everybody is stopped', { graceMs: 500 })],
      })
    const thrice = [...working, hold('estop'), hold('budget'), hold('town'), hold('budget'), ended]
    sandbox()
      .given(...thrice, letGo('town'))
      .when(letGo('budget'))
      .gives({ state: 'paused', context: { held: ['estop'] }, tells: [] })
    sandbox()
      .given(...thrice, letGo('budget'), letGo('town'))
      .when(letGo('estop'))
      .gives({ state: 'working', tells: [opened(SECOND)] })
  })

  test('[SANDBOX-15] held before it begins, it begins when it is let go', () => {
    const cases = [
      [[open], added, 'first', SESSION],
      [stalled, recover, 'recovered', SECOND],
      [[...submitted, ended], rework, 'rework', SECOND],
      [parked, retry, 'handoff', SECOND],
    ] as const
    for (const [before, last, reason, session] of cases) {
      sandbox()
        .given(...before, hold('budget'))
        .when(last)
        .gives({ state: 'paused' })
      sandbox()
        .given(...before, hold('budget'), last)
        .when(letGo('budget'))
        .gives({ state: 'working', facts: [{ type: 'AttemptBegun', reason }], tells: [opened(session)] })
      sandbox()
        .given(...before, hold('budget'), letGo('budget'))
        .when(last)
        .gives({ state: 'working' })
    }
  })

  test('[SANDBOX-15] a session that is about to end is ended too', () => {
    sandbox()
      .given(...submitted)
      .when(hold('estop', { graceMs: 500 }))
      .gives({ state: 'submitted', tells: [stop('everybody is stopped', { graceMs: 500 })] })
    sandbox()
      .given(...submitted, ended)
      .when(hold('estop'))
      .gives({ state: 'submitted', tells: [] })
  })

  test('[SANDBOX-16] a turn in hand may end first', () => {
    sandbox()
      .given(...working)
      .when(hold('budget', { keepTurn: true }))
      .gives({ state: 'working', tells: [], context: { held: ['budget'] } })
    sandbox()
      .given(...working, hold('budget', { keepTurn: true }))
      .when(done)
      .gives({ state: 'submitted' })
    sandbox()
      .given(...working, hold('budget', { keepTurn: true }))
      .when(hold('budget'))
      .gives({ state: 'paused', tells: [stop('a budget is used up')], context: { held: ['budget'] } })
  })

  test('[SANDBOX-17] a conversation is gone on with, and rework begins a fresh one', () => {
    const left = { ...ended, resume: 'c-1' }
    const goesOn = (resume: string | null) => [opened(SECOND, { resume })]
    sandbox()
      .given(...working, left)
      .when(recover)
      .gives({ tells: goesOn('c-1') })
    sandbox()
      .given(...paused, left)
      .when(resume)
      .gives({ tells: goesOn('c-1') })
    sandbox()
      .given(...submitted, left)
      .when(rework)
      .gives({ tells: [[`beads/${BEAD}`, { type: 'bead.rework' }], opened(SECOND, { resume: null })] })
    sandbox()
      .given(...submitted, left)
      .when(message('sandbox.rework', { reason: 'gateFailed' }))
      .gives({ tells: [[`beads/${BEAD}`, { type: 'bead.rework' }], opened(SECOND, { resume: null })] })
    // It did not get as far as having one.
    sandbox()
      .given(...working, left, recover)
      .when({ ...ended, session: SECOND })
      .gives({ context: { resume: null } })
  })
})

describe('what is kept', () => {
  const [keep] = [
    [
      'worktree.checkpoint',
      { rig: RIG, sandbox: SANDBOX, path: '/town/shop/nux', branch: BRANCH, base: BASE },
    ],
  ] as const
  const nuke = message('sandbox.nuke')
  const unsling = message('sandbox.unsling')
  const undo = message('sandbox.undo')
  const shelved = [...working, nuke, ended, message('worktree.shelved')]
  const freed = [
    [`beads/${BEAD}`, { type: 'bead.unhook', sandbox: SANDBOX }],
    ['mayor', { type: 'escalation.settle', bead: BEAD }],
    ...released('withdrawn'),
  ] as const

  test('[SANDBOX-20] [P5] each end of a session asks for a checkpoint, however it came', () => {
    for (const before of [
      working,
      submitted,
      [...submitted, rework],
      [...submitted, close],
      [...working, escalate],
      [...working, defer],
      [...working, message('sandbox.pause')],
      [...working, nuke],
    ]) {
      sandbox()
        .given(...before)
        .when(ended)
        .gives({ effects: [keep], context: { keeping: true } })
    }
  })

  const ANSWERS = [
    checkpointed,
    message('worktree.notCheckpointed'),
    message('effect.failed', { kind: 'worktree.checkpoint' }),
  ]

  test.each(ANSWERS)(
    '[SANDBOX-20] [P5] nobody is given the worktree before it is answered: $type',
    (answer) => {
      const waiting = decisions(SANDBOX).given(...working, ended, recover)
      waiting.when(message('sandbox.retry')).gives({ refused: 'UNEXPECTED', state: 'paused' })
      decisions(SANDBOX)
        .given(...working, ended)
        .when(recover)
        .gives({ state: 'paused', facts: [], tells: [] })
      decisions(SANDBOX)
        .given(...working, ended, recover)
        .when(answer)
        .gives({
          state: 'working',
          facts: [
            answer.type === 'worktree.checkpointed'
              ? { type: 'WorktreeCheckpointed', cause: 'stop', commit: COMMIT }
              : { type: 'WorktreeNotCheckpointed', code: answer.code, message: answer.message },
            begun(2, 'recovered'),
          ],
          tells: [opened(SECOND)],
          context: { keeping: false },
        })
      decisions(SANDBOX)
        .given(...submitted, ended, close)
        .when(answer)
        .gives({ state: 'removing' })
    },
  )

  test('[SANDBOX-20] what is kept while it works is noted, and changes nothing', () => {
    sandbox()
      .given(...working)
      .when(message('sandbox.checkpointed'))
      .gives({
        state: 'working',
        facts: [{ type: 'WorktreeCheckpointed', cause: 'work' }],
        tells: [],
        effects: [],
      })
    sandbox().when(message('sandbox.checkpointed')).gives({ refused: 'UNEXPECTED' })
  })

  test('[SANDBOX-21] [P5] a nuke ends the session, then takes the worktree away, and opens the bead again', () => {
    for (const before of [working, [...submitted, rework], [...working, escalate]]) {
      sandbox()
        .given(...before)
        .when(nuke)
        .gives({ state: 'leaving', tells: [[SESSION, { type: 'session.stop' }]], effects: [] })
      decisions(SANDBOX)
        .given(...before, nuke, ended)
        .when(checkpointed)
        .gives({
          state: 'shelving',
          effects: [['worktree.shelve', { path: '/town/shop/nux', branch: BRANCH }]],
        })
    }
    for (const before of [stalled, parked, [...stalled, message('sandbox.recover', { waitMs: 240_000 })]]) {
      sandbox()
        .given(...before)
        .when(nuke)
        .gives({ state: 'shelving', tells: [] })
    }
    sandbox()
      .given(...working, nuke, ended)
      .when(message('worktree.shelved'))
      .gives({
        state: 'shelved',
        facts: [
          { type: 'WorktreeCheckpointed', cause: 'removal' },
          { type: 'WorktreeRemoved' },
          { type: 'SandboxShelved', how: 'nuked', worktree: false, reason: 'it went astray' },
        ],
        tells: freed,
        context: { shelf: { head: HEAD, files: COMMIT } },
      })
  })

  test('[SANDBOX-21] taken while its worktree is made, it goes when that is there', () => {
    sandbox().given(open).when(nuke).gives({ state: 'preparing', tells: [], effects: [] })
    sandbox()
      .given(open, nuke)
      .when(added)
      .gives({ state: 'shelving', effects: [['worktree.shelve', { path: '/town/shop/nux' }]] })
    sandbox().given(open, nuke).when(message('worktree.notAdded')).gives({ state: 'failed' })
  })

  test.each([message('worktree.kept'), message('effect.failed', { kind: 'worktree.shelve' })])(
    '[SANDBOX-21] [P5] a worktree that could not be kept stays where it is: $type',
    (news) => {
      sandbox()
        .given(...working, nuke, ended)
        .when(news)
        .gives({
          state: 'shelved',
          facts: [{ type: 'WorktreeKept' }, { type: 'SandboxShelved', worktree: true }],
          tells: freed,
          context: { shelf: null },
        })
    },
  )

  test('[SANDBOX-22] off the hook, its worktree stays', () => {
    decisions(SANDBOX)
      .given(...working, unsling, ended)
      .when(checkpointed)
      .gives({
        state: 'shelved',
        facts: [{ type: 'WorktreeCheckpointed' }, { type: 'SandboxShelved', how: 'unslung', worktree: true }],
        tells: freed,
        effects: [],
      })
  })

  test('[SANDBOX-26] work that is handed in and rejected is kept, and its bead open again', () => {
    const rejected = message('sandbox.reject')
    sandbox()
      .given(...submitted, ended)
      .when(rejected)
      .gives({ state: 'shelving', effects: [['worktree.shelve']] })
    sandbox()
      .given(...submitted, rejected)
      .when(undo)
      .gives({ refused: 'NOTHING_TO_UNDO' })
  })

  test('[SANDBOX-23] work that is handed in is not taken, nor what has left already', () => {
    for (const taking of [nuke, unsling]) {
      for (const before of [submitted, [...submitted, close], [...submitted, ended, close]])
        sandbox()
          .given(...before)
          .when(taking)
          .gives({ refused: 'WORK_IS_LANDING' })
      for (const before of [shelved, [...shelved, undo], [...working, nuke], [...working, defer]])
        sandbox()
          .given(...before)
          .when(taking)
          .gives({ refused: 'WORK_IS_ENDING' })
    }
    sandbox()
      .given(...working, nuke)
      .when(done)
      .gives({ refused: 'ASSIGNMENT_OVER' })
  })

  test('[SANDBOX-24] [P5] what was taken goes on as it was, with its conversation', () => {
    const left = { ...ended, resume: 'c-1' }
    const gone = [...working, nuke, left, message('worktree.shelved')]
    sandbox()
      .given(...gone)
      .when(undo)
      .gives({
        state: 'restoring',
        facts: [{ type: 'SandboxRestored', branch: BRANCH }],
        effects: [
          ['worktree.restore', { path: '/town/shop/nux', branch: BRANCH, head: HEAD, files: COMMIT }],
        ],
        tells: [],
      })
    sandbox()
      .given(...gone, undo)
      .when(added)
      .gives({
        state: 'working',
        facts: [{ type: 'WorktreeAdded' }, begun(2, 'handoff')],
        tells: [opened(SECOND, { resume: 'c-1' })],
      })
    sandbox()
      .given(...working, unsling, left)
      .when(undo)
      .gives({ state: 'working', tells: [opened(SECOND, { resume: 'c-1' })] })
    for (const before of [working, submitted, [...shelved, undo]])
      sandbox()
        .given(...before)
        .when(undo)
        .gives({ refused: 'NOTHING_TO_UNDO' })
  })

  test.each([message('worktree.notAdded'), message('effect.failed', { kind: 'worktree.restore' })])(
    '[SANDBOX-24] [P5] what cannot be brought back stays kept: $type',
    (news) => {
      sandbox()
        .given(...shelved, undo)
        .when(news)
        .gives({
          state: 'shelved',
          tells: [
            [`beads/${BEAD}`, { type: 'bead.unhook', sandbox: SANDBOX }],
            ['mayor', { type: 'escalation.raise' }],
            ...released('withdrawn'),
          ],
          context: { shelf: { head: HEAD, files: COMMIT } },
        })
    },
  )
})

const forked = message('sandbox.forked', { path: '/fork/nux' })
const unparked = message('sandbox.resume', { reason: 'parked' })

describe('[SANDBOX-25] forked', () => {
  const rests = { held: ['parked'], session: null, path: '/fork/nux' }

  test('at work it is paused where the fork has its worktree, and goes on afresh when it is unparked', () => {
    sandbox()
      .given(open, added)
      .when(forked)
      .gives({
        state: 'paused',
        facts: [
          { type: 'WorktreeForked', path: '/fork/nux' },
          { type: 'SandboxPaused', reason: 'parked' },
        ],
        tells: [],
        effects: [],
        context: { ...rests, reason: 'handoff' },
      })
    sandbox()
      .given(open, added, forked)
      .when(unparked)
      .gives({
        state: 'working',
        tells: [[SECOND, { type: 'session.open', worktree: '/fork/nux', resume: null }]],
      })
  })

  test('it waits for no session that stayed behind', () => {
    sandbox().given(open, added, done).when(forked).gives({ state: 'submitted', context: rests })
    sandbox()
      .given(open, added, done, message('sandbox.close'))
      .when(forked)
      .gives({ state: 'removing', effects: [['worktree.remove', { path: '/fork/nux' }]], context: rests })
  })

  test('without a worktree it has none yet, and is held', () => {
    sandbox()
      .given(open)
      .when(forked)
      .gives({ state: 'preparing', context: { held: ['parked'], path: '' } })
    sandbox()
      .given(open, forked)
      .when(added)
      .gives({ state: 'paused', context: { held: ['parked'] } })
  })
})
