import { describe, expect, test } from 'vitest'
import { after, decisions, stepsOf } from '../support/decisions.ts'
import { AGENT, BEAD, HEAD, message, SANDBOX, SESSION } from '../support/messages.ts'

/** Handed over so often without a change, it goes to a person. */
const HANDOFFS_MAX = 5

const nth = (n: number) => `${AGENT}/sessions/1.${n}`
const sandbox = () => decisions(SANDBOX)
const session = () => decisions(SESSION)
const working = [message('sandbox.open'), message('worktree.added')]
const done = message('sandbox.done', { session: SESSION, head: HEAD })
const note = 'The parser is done, its tests are not.'
const handOff = (n = 1, mark = 'as it was') =>
  message('sandbox.handOff', { session: nth(n), note, trigger: 'asked', mark })
const ended = (n = 1) => message('sandbox.sessionEnded', { session: nth(n), resume: 'c-1' })
const kept = message('worktree.checkpointed')
/** The n-th session hands over, and the next one begins. */
const handedOver = (n: number, mark?: string) => [handOff(n, mark), ended(n), kept]
const opened = (n: number, fields: object) => [nth(n), { type: 'session.open', ...fields }] as const

describe('a sandbox that is handed over', () => {
  test('[SANDBOX-18] a fresh session begins when the one before has ended, in the same worktree, and has its note', () => {
    sandbox()
      .given(...working)
      .when(handOff())
      .gives({
        state: 'handingOff',
        facts: [{ type: 'WorkHandedOff', session: SESSION, note, trigger: 'asked' }],
        tells: [],
        context: { handoff: { note, session: SESSION, trigger: 'asked' } },
      })
    sandbox()
      .given(...working, handOff(), ended())
      .when(kept)
      .gives({
        state: 'working',
        facts: [{ type: 'WorktreeCheckpointed' }, { type: 'AttemptBegun', attempt: 2, reason: 'handoff' }],
        tells: [opened(2, { worktree: '/town/shop/nux', attempt: 2, reason: 'handoff', resume: null })],
        context: { handoff: { note } },
      })
  })

  test('[SANDBOX-18] what is held meanwhile begins when it is let go', () => {
    const held = [...working, handOff(), message('sandbox.pause', { reason: 'budget' })]
    sandbox()
      .given(...held)
      .when(ended())
      .gives({ state: 'paused', facts: [{ type: 'SandboxPaused', reason: 'budget' }], tells: [] })
    sandbox()
      .given(...held, ended(), kept)
      .when(message('sandbox.resume', { reason: 'budget' }))
      .gives({ state: 'working', facts: [{ type: 'AttemptBegun', reason: 'handoff' }] })
  })

  test('[SANDBOX-18] nothing is handed over that is out of its hands', () => {
    const recovered = [...working, ended(), kept, message('sandbox.recover', { waitMs: 0 })]
    const parked = message('sandbox.giveBack', { session: SESSION, status: 'ESCALATED', note: 'Which way?' })
    for (const before of [[...working, done], [...working, handOff()], recovered, [...working, parked]])
      sandbox()
        .given(...before)
        .when(handOff())
        .gives({ refused: 'ASSIGNMENT_OVER' })
    sandbox()
      .given(...working, handOff())
      .when(done)
      .gives({ refused: 'ASSIGNMENT_OVER' })
  })

  test('[SANDBOX-18] the note is kept through a recovery and a pause, and goes when the work comes back', () => {
    const second = [...working, ...handedOver(1)]
    sandbox()
      .given(...second, ended(2), kept)
      .when(message('sandbox.recover', { waitMs: 0 }))
      .gives({ facts: [{ type: 'AttemptBegun', reason: 'recovered' }], context: { handoff: { note } } })
    sandbox()
      .given(...second)
      .when(message('sandbox.pause'))
      .gives({ context: { handoff: { note } } })
    sandbox()
      .given(...second, { ...done, session: nth(2) }, ended(2), kept)
      .when(message('sandbox.rework'))
      .gives({ context: { handoff: null } })
  })

  test(`[SANDBOX-19] handed over ${HANDOFFS_MAX} times without a change, it goes to a person`, () => {
    const turns = Array.from({ length: HANDOFFS_MAX }, (_, n) => handedOver(n + 1)).flat()
    const last = HANDOFFS_MAX + 1
    sandbox()
      .given(...working, ...turns)
      .when(handOff(last))
      .gives({
        state: 'parked',
        facts: [{ type: 'SandboxParked' }],
        tells: [
          [`beads/${BEAD}`, { type: 'bead.block' }],
          ['mayor', { type: 'escalation.raise', code: 'HANDOFF_LOOP' }],
        ],
      })
    sandbox()
      .given(...working, ...turns)
      .when(handOff(last, 'with a file more'))
      .gives({ state: 'handingOff', context: { handoffs: 1 } })
    // A person has it try again, and the count begins anew.
    sandbox()
      .given(...working, ...turns, ...handedOver(last))
      .when(message('sandbox.retry'))
      .gives({ state: 'working', context: { handoffs: 0 } })
  })
})

describe('a session that hands over', () => {
  const running = [message('session.open'), message('session.started')]
  const said = message('session.handOff')

  test('[SESSION-22] has 3 seconds to end by itself', () => {
    session()
      .given(...running)
      .when(said)
      .gives({ state: 'finishing', effects: [['timer', { delayMs: 3_000 }]] })
    session()
      .given(...running, said)
      .when(after('doneGrace', 'session.finishing'))
      .gives({ state: 'stopping', facts: [{ type: 'SessionStopping', reason: 'its work is handed over' }] })
    // It was quicker than the news of its start.
    session()
      .given(message('session.open'), said)
      .when(message('session.started'))
      .gives({ state: 'finishing' })
  })

  test('[SESSION-22] is not done, and says neither that it is done nor hands over again', () => {
    session()
      .given(...running, said)
      .when(message('session.exited'))
      .gives({ state: 'ended', facts: [{ type: 'SessionEnded', done: false }] })
    for (const again of [said, message('session.done')])
      session()
        .given(...running, said)
        .when(again)
        .gives({ refused: 'ASSIGNMENT_OVER' })
  })

  test('[SESSION-22] is not gone on with, though its conversation has had a turn', () => {
    const conversation = { runtime: 'claude', runtimeSession: 'c-1' }
    const turn = message('session.heard', { heard: { kind: 'turnStarted', via: 'hook', nudge: null } })
    const steps = stepsOf(SESSION)
    for (const each of [message('session.open'), message('session.started', conversation), turn, said])
      steps.take(each)
    expect(steps.state?.context).toMatchObject({ talked: true, runtimeSession: 'c-1' })
    const ended = steps.take(message('session.exited'))
    expect(ended.kind === 'accepted' && JSON.stringify(ended.effects)).not.toContain('c-1')
  })

  test('[SESSION-22] has nothing to hand over once it said gt done', () => {
    for (const before of [running, [message('session.open')]])
      session()
        .given(...before, message('session.done'))
        .when(said)
        .gives({ refused: 'SUBMITTED_ALREADY' })
    session()
      .given(...running, message('session.stop'))
      .when(said)
      .gives({ refused: 'ASSIGNMENT_OVER' })
  })
})
