import { expect, test } from 'vitest'
import { MACHINES } from '../../src/actors/index.ts'
import { DESK } from '../../src/events/address.ts'
import { decisions, type Saying } from '../support/decisions.ts'
import { BASE, CREW, CREW_SESSION, message, RIG } from '../support/messages.ts'

const crew = (...given: Saying[]) => decisions(CREW).given(...given)
const added = [message('crew.add'), message('worktree.added', { path: '/town/ada', base: BASE })]
const start = message('crew.start', { preset: 'claude' })
const ended = (resume?: string): Saying =>
  message('crew.sessionEnded', resume === undefined ? {} : { session: CREW_SESSION, resume })
const opened = (n: number, more: object = {}) =>
  [`${CREW}/sessions/${n}`, { type: 'session.open', bead: null, worktree: '/town/ada', ...more }] as const
const stopped = [CREW_SESSION, { type: 'session.stop' }] as const

test('[CREW-1] it gets a worktree on its branch once, and a second of its name is refused', () => {
  crew()
    .when(message('crew.add'))
    .gives({
      state: 'preparing',
      facts: [{ type: 'CrewAdded', agent: CREW, rig: RIG, branch: 'crew/ada' }],
      effects: [['worktree.add', { rig: RIG, sandbox: CREW, bead: null, branch: 'crew/ada' }]],
    })
  crew(message('crew.add'))
    .when(message('worktree.added', { path: '/town/ada', base: BASE }))
    .gives({ state: 'idle', facts: [{ type: 'CrewReady', agent: CREW, path: '/town/ada' }] })
  crew(...added)
    .when(message('crew.add'))
    .gives({ refused: 'CREW_EXISTS' })
})

test('[CREW-1] without a worktree there is nobody, and it may be added again', () => {
  for (const failed of [message('worktree.notAdded'), message('effect.failed', { kind: 'worktree.add' })]) {
    crew(message('crew.add'))
      .when(failed)
      .gives({ state: 'absent', facts: [{ type: 'CrewNotAdded' }] })
    crew(message('crew.add'), failed).when(message('crew.add')).gives({ state: 'preparing' })
  }
})

test('[CREW-2] one session at a time, and none for who is not there', () => {
  crew().when(start).gives({ refused: 'CREW_NOT_FOUND' })
  crew(message('crew.add')).when(start).gives({ refused: 'UNEXPECTED' })
  crew(...added)
    .when(start)
    .gives({ state: 'working', tells: [opened(1, { attempt: 1, base: BASE })] })
  crew(...added, start)
    .when(start)
    .gives({ refused: 'CREW_AT_WORK' })
  decisions(DESK)
    .when(message('crew.start', { path: '/town/mayor' }))
    .gives({
      state: 'working',
      tells: [
        ['mayor/sessions/1', { type: 'session.open', bead: null, base: null, worktree: '/town/mayor' }],
      ],
    })
})

test('[CREW-2] one that is wanted again while it is being ended begins when the old session is gone', () => {
  const steps = crew(...added, start, message('crew.stop'), start)
  steps.when(ended()).gives({ state: 'working', tells: [opened(2)] })
})

test('[CREW-3] its session has no bead', () => {
  crew(...added)
    .when(start)
    .gives({ tells: [opened(1, { bead: null, reason: 'first' })] })
})

test('[CREW-4] a session that ends by itself is not begun again', () => {
  crew(...added, start)
    .when(ended('u-1'))
    .gives({ state: 'idle', tells: [], facts: [] })
  crew(...added, start, ended())
    .when(message('crew.resume'))
    .gives({ state: 'idle', tells: [] })
})

test('[CREW-5] a start goes on with the last conversation, but not a fresh one, and not with another program', () => {
  const before = [...added, start, ended('u-1')]
  crew(...before)
    .when(start)
    .gives({ tells: [opened(2, { resume: 'u-1', reason: 'handoff' })] })
  crew(...before)
    .when(message('crew.start', { preset: 'claude', fresh: true }))
    .gives({ tells: [opened(2, { resume: null, reason: 'first' })] })
  crew(...before)
    .when(message('crew.start', { preset: 'codex' }))
    .gives({ tells: [opened(2, { resume: null })] })
})

test('[CREW-6] whoever is at work when the town goes down is ended, and goes on in the same conversation afterwards', () => {
  for (const reason of ['town', 'estop'] as const) {
    const pause = message('crew.pause', { reason })
    const resume = message('crew.resume', { reason })
    crew(...added, start)
      .when(pause)
      .gives({ state: 'ending', facts: [{ type: 'CrewPaused', reason }], tells: [stopped] })
    crew(...added, start, pause, ended('u-1'))
      .when(resume)
      .gives({ state: 'working', tells: [opened(2, { resume: 'u-1' })] })
    crew(...added, start, pause, resume)
      .when(ended('u-1'))
      .gives({ state: 'working', tells: [opened(2, { resume: 'u-1' })] })
    crew(...added, pause)
      .when(resume)
      .gives({ state: 'idle', tells: [] })
  }
})

test('[CREW-6] two reasons: it goes on when both are gone', () => {
  const held = [message('crew.pause', { reason: 'town' }), message('crew.pause', { reason: 'estop' })]
  crew(...added, start, ...held, ended(), message('crew.resume', { reason: 'town' }))
    .when(message('crew.resume', { reason: 'estop' }))
    .gives({ state: 'working', tells: [opened(2)] })
})

test('[CREW-7] it is not started while it is held, and a stop takes back that it is wanted', () => {
  const pause = message('crew.pause', { reason: 'estop' })
  const resume = message('crew.resume', { reason: 'estop' })
  crew(...added, pause)
    .when(start)
    .gives({ refused: 'STOPPED' })
  crew(...added, start, pause, ended(), message('crew.stop'))
    .when(resume)
    .gives({ state: 'idle', tells: [] })
  crew(...added)
    .when(message('crew.stop'))
    .gives({ refused: 'AGENT_HAS_NO_SESSION' })
})

test('[CREW-8] nothing that it decides removes a worktree', () => {
  expect(JSON.stringify(MACHINES.crew.machine.config)).not.toContain('worktree.remove')
  crew(...added, start)
    .when(message('crew.stop'))
    .gives({ state: 'ending', effects: [], tells: [stopped] })
})
