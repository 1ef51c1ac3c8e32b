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
const PLACE = `${CREW}/worktrees/1`
const where = { rig: RIG, sandbox: PLACE, path: '/town/ada', branch: 'crew/ada', base: BASE }
const kept = message('worktree.checkpointed')
const remove = message('crew.remove', { yes: false })
const removeAllTheSame = message('crew.remove', { yes: true })

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
  const steps = crew(...added, start, message('crew.stop'), start, ended())
  steps.when(kept).gives({ state: 'working', tells: [opened(2)] })
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
  const before = [...added, start, ended('u-1'), kept]
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
    crew(...added, start, pause, ended('u-1'), kept)
      .when(resume)
      .gives({ state: 'working', tells: [opened(2, { resume: 'u-1' })] })
    crew(...added, start, pause, resume, ended('u-1'))
      .when(kept)
      .gives({ state: 'working', tells: [opened(2, { resume: 'u-1' })] })
    crew(...added, pause)
      .when(resume)
      .gives({ state: 'idle', tells: [] })
  }
})

test('[CREW-6] two reasons: it goes on when both are gone', () => {
  const held = [message('crew.pause', { reason: 'town' }), message('crew.pause', { reason: 'estop' })]
  crew(...added, start, ...held, ended(), kept, message('crew.resume', { reason: 'town' }))
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
  // Also while its session is still ending.
  crew(...added, start, pause, message('crew.stop'), ended(), kept)
    .when(resume)
    .gives({ state: 'idle', tells: [] })
  crew(...added)
    .when(message('crew.stop'))
    .gives({ refused: 'AGENT_HAS_NO_SESSION' })
})

test('[CREW-8] a removal keeps everything first; what is kept is said, and who it was', () => {
  crew(...added)
    .when(remove)
    .gives({ state: 'removing', effects: [['worktree.shelve', where]], tells: [] })
  crew(...added, remove)
    .when(message('worktree.shelved'))
    .gives({
      state: 'absent',
      facts: [
        { type: 'CrewCheckpointed', agent: CREW, place: PLACE, path: '/town/ada', cause: 'removal' },
        { type: 'CrewRemoved', agent: CREW, place: PLACE, reason: 'gt crew remove' },
      ],
    })
  crew(...added, start)
    .when(message('crew.stop'))
    .gives({ state: 'ending', effects: [], tells: [stopped] })
})

test('[CREW-8] what could not be kept stays, and so does the crew member', () => {
  for (const failed of [message('worktree.kept'), message('effect.failed', { kind: 'worktree.shelve' })]) {
    crew(...added, remove)
      .when(failed)
      .gives({ state: 'idle', facts: [{ type: 'CrewNotRemoved', agent: CREW }] })
    crew(...added, remove, failed)
      .when(start)
      .gives({ state: 'working', tells: [opened(1)] })
  }
  for (const meanwhile of [start, message('crew.stop'), remove])
    crew(...added, remove)
      .when(meanwhile)
      .gives({ refused: 'CREW_NOT_READY' })
})

test('[CREW-9] who runs is not removed, but with a yes its session is ended and its worktree kept first', () => {
  crew(...added, start)
    .when(remove)
    .gives({ refused: 'CREW_AT_WORK' })
  crew(...added, start, message('crew.pause', { reason: 'estop' }))
    .when(remove)
    .gives({ refused: 'CREW_AT_WORK' })
  crew(...added, start)
    .when(removeAllTheSame)
    .gives({ state: 'leaving', tells: [stopped], effects: [] })
  crew(...added, start, removeAllTheSame)
    .when(ended())
    .gives({ state: 'leaving', effects: [['worktree.checkpoint', where]] })
  crew(...added, start, removeAllTheSame, ended())
    .when(kept)
    .gives({ state: 'removing', effects: [['worktree.shelve', where]] })
  crew(...added, start, message('crew.stop'), remove, ended())
    .when(kept)
    .gives({ state: 'removing' })
  crew().when(remove).gives({ refused: 'CREW_NOT_FOUND' })
  decisions(DESK)
    .given(message('crew.start', { path: '/town/mayor' }))
    .when(removeAllTheSame)
    .gives({ refused: 'CREW_NOT_FOUND' })
})

test('[CREW-10] each end of a session is kept, and no session begins before that is answered', () => {
  crew(...added, start)
    .when(ended())
    .gives({ state: 'idle', effects: [['worktree.checkpoint', where]] })
  crew(...added, start, ended())
    .when(start)
    .gives({ state: 'idle', tells: [] })
  const files = { agent: CREW, place: PLACE, branch: 'crew/ada', base: BASE }
  crew(...added, start, ended(), start)
    .when(kept)
    .gives({
      state: 'working',
      facts: [{ type: 'CrewCheckpointed', ...files, cause: 'stop' }],
      tells: [opened(2)],
    })
  for (const failed of [
    message('worktree.notCheckpointed'),
    message('effect.failed', { kind: 'worktree.checkpoint' }),
  ])
    crew(...added, start, ended(), start)
      .when(failed)
      .gives({ state: 'working', facts: [{ type: 'CrewNotCheckpointed', agent: CREW, place: PLACE }] })
  crew(...added, start)
    .when(message('crew.checkpointed'))
    .gives({ state: 'working', facts: [{ type: 'CrewCheckpointed', ...files, cause: 'work' }], effects: [] })
  // The desk is a folder without a repository.
  decisions(DESK)
    .given(message('crew.start', { path: '/town/mayor' }))
    .when(message('crew.sessionEnded', { session: 'mayor/sessions/1' }))
    .gives({ state: 'idle', effects: [], context: { keeping: false } })
})

test('[CREW-11] who was removed may be added again, with other numbers, and is free of what held it', () => {
  const gone = [...added, start, ended('u-1'), kept, remove, message('worktree.shelved')]
  crew(...gone)
    .when(start)
    .gives({ refused: 'CREW_NOT_FOUND' })
  crew(...gone, ...added)
    .when(start)
    .gives({ tells: [opened(2, { resume: null })], context: { place: `${CREW}/worktrees/2` } })
  crew(...added, message('crew.pause', { reason: 'estop' }), remove, message('worktree.shelved'), ...added)
    .when(start)
    .gives({ state: 'working' })
})

test('[CREW-11] a crew member of an earlier version has its first worktree', () => {
  const context = { keeper: CREW, rig: RIG, path: '/town/ada' }
  const migrate = (value: string, more: object = {}) =>
    MACHINES.crew.migrate?.({ value, context: { ...context, ...more } }, 1).context
  expect(migrate('working')).toEqual({ ...context, places: 1, place: PLACE })
  expect(migrate('absent')).toEqual(context)
  expect(migrate('idle', { keeper: DESK, rig: null })).toEqual({ ...context, keeper: DESK, rig: null })
})

test('[CREW-12] forked, who ran goes on when its rig is unparked, without the session that stayed behind', () => {
  const forked = message('crew.forked', { path: '/fork/ada' })
  const context = { session: null, held: ['parked'], path: '/fork/ada', resume: null }
  crew(...added, start)
    .when(forked)
    .gives({
      state: 'idle',
      facts: [{ type: 'WorktreeForked', sandbox: CREW, path: '/fork/ada' }],
      tells: [],
      context: { ...context, wanted: true },
    })
  crew(...added, start, forked)
    .when(message('crew.resume', { reason: 'parked' }))
    .gives({ state: 'working', tells: [[`${CREW}/sessions/2`, { type: 'session.open', resume: null }]] })
  crew(...added)
    .when(forked)
    .gives({ state: 'idle', context: { ...context, wanted: false } })
  decisions(DESK)
    .given(message('crew.start', { path: '/town/mayor' }))
    .when(message('crew.forked', { path: '/fork/mayor' }))
    .gives({ state: 'idle', context: { wanted: false, held: [], path: '/fork/mayor', session: null } })
})
