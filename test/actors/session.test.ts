import { describe, test } from 'vitest'
import { after, decisions } from '../support/decisions.ts'
import { BEAD, HEAD, message, SANDBOX, SESSION } from '../support/messages.ts'

const session = () => decisions(SESSION)
const open = message('session.open')
const started = message('session.started')
const done = message('session.done')
const exited = message('session.exited', { ending: { kind: 'exited', exitCode: 0 } })
const stop = message('session.stop')
const stopped = message('session.stopped')
const failed = message('effect.failed', { kind: 'session.start', code: 'DEADLINE' })
const running = [open, started]
const over = (ending: object, done: boolean) =>
  [[SANDBOX, { type: 'sandbox.sessionEnded', session: SESSION, ending, done }]] as const

describe('starting', () => {
  test('[SESSION-1] opening starts a program, and the sandbox hears when it runs', () => {
    session()
      .when(open)
      .gives({
        state: 'starting',
        facts: [{ type: 'SessionOpened', bead: BEAD, attempt: 1, reason: 'first' }],
        effects: [['session.start', { session: SESSION, bead: BEAD, worktree: '/town/shop/nux' }]],
      })
    session()
      .given(open)
      .when(started)
      .gives({
        state: 'running',
        facts: [{ type: 'SessionStarted', pid: 41 }, { type: 'AgentStands' }],
        tells: [[SANDBOX, { type: 'sandbox.sessionStarted', session: SESSION }]],
      })
    session().given(open).when(open).gives({ refused: 'UNEXPECTED' })
  })

  test('[SESSION-2] a program that cannot be started ends the session', () => {
    session()
      .given(open)
      .when(message('session.notStarted'))
      .gives({
        state: 'ended',
        facts: [{ type: 'SessionFailed', code: 'NOT_STARTED' }],
        tells: over({ kind: 'notStarted', message: 'There is no such program.' }, false),
      })
  })

  test('[SESSION-3] what may have started is stopped before the session has ended', () => {
    session()
      .given(open)
      .when(failed)
      .gives({
        state: 'stopping',
        tells: [],
        effects: [['session.stop', { session: SESSION }], ['timer']],
      })
    session()
      .given(open, failed)
      .when(stopped)
      .gives({ state: 'ended', facts: [{ type: 'SessionEnded' }] })
    session()
      .given(open)
      .when(stop)
      .gives({ state: 'stopping', effects: [['session.stop'], ['timer']] })
  })

  test('[SESSION-8] an exit before the news of the start ends it, and no start counts any more', () => {
    session()
      .given(open)
      .when(exited)
      .gives({ state: 'ended', facts: [{ type: 'SessionEnded', done: false }] })
    session().given(open, exited).when(started).gives({ refused: 'OWNER_ENDED' })
  })
})

describe('gt done', () => {
  test('[SESSION-4] a program that is done has 3 seconds to end by itself', () => {
    session()
      .given(...running)
      .when(done)
      .gives({
        state: 'finishing',
        facts: [{ type: 'AgentDone', status: 'COMPLETED', head: HEAD }],
        effects: [['timer', { delayMs: 3_000 }]],
      })
    session()
      .given(...running, done)
      .when(after('doneGrace', 'session.finishing'))
      .gives({
        state: 'stopping',
        facts: [{ type: 'SessionStopping' }],
        effects: [['session.stop'], ['timer']],
      })
    session()
      .given(...running, done)
      .when(exited)
      .gives({ state: 'ended', tells: over({ kind: 'exited' }, true) })
  })

  test('[SESSION-5] it counts once', () => {
    session()
      .given(...running, done)
      .when(done)
      .gives({ refused: 'SUBMITTED_ALREADY' })
    session().given(open, done).when(done).gives({ refused: 'SUBMITTED_ALREADY' })
    session()
      .given(...running, stop)
      .when(done)
      .gives({ refused: 'ASSIGNMENT_OVER' })
  })

  test('[SESSION-5] it counts before the news of the start', () => {
    session()
      .given(open)
      .when(done)
      .gives({ state: 'starting', facts: [{ type: 'AgentDone' }] })
    session()
      .given(open, done)
      .when(started)
      .gives({ state: 'finishing', effects: [['timer']] })
    session()
      .given(open, done)
      .when(exited)
      .gives({ state: 'ended', tells: over({ kind: 'exited' }, true) })
  })
})

describe('ending', () => {
  test('[SESSION-6] the sandbox is told once how it ended, and whether it was done', () => {
    const killed = { kind: 'killed', signal: 'SIGKILL' } as const
    session()
      .given(...running)
      .when(message('session.exited', { ending: killed }))
      .gives({
        state: 'ended',
        facts: [{ type: 'SessionEnded', ending: killed, done: false }],
        tells: over(killed, false),
      })
    session()
      .given(...running, stop)
      .when(stopped)
      .gives({ state: 'ended', tells: over({ kind: 'killed' }, false) })
    session()
      .given(...running, stop, exited)
      .when(stopped)
      .gives({ refused: 'OWNER_ENDED' })
  })

  test('[SESSION-7] a stop that could not be carried out is tried again every 10 seconds', () => {
    session()
      .given(...running)
      .when(stop)
      .gives({ effects: [['session.stop'], ['timer', { delayMs: 10_000 }]] })
    session()
      .given(...running, stop, message('effect.failed', { kind: 'session.stop' }))
      .when(after('stopAgain', 'session.stopping'))
      .gives({ state: 'stopping', effects: [['session.stop'], ['timer']] })
  })

  test('[SESSION-9] what an agent reports is kept', () => {
    session()
      .given(...running)
      .when(message('session.report'))
      .gives({
        state: 'running',
        facts: [{ type: 'AgentReported', report: { type: 'progress' } }],
        tells: [],
      })
  })
})
