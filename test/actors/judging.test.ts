// What a Witness has a model asked about, and what comes of the answer.

import { test } from 'vitest'
import { decisions, type Saying } from '../support/decisions.ts'
import { AGENT, BEAD, message, RIG, SANDBOX, SESSION, samplesOf } from '../support/messages.ts'

const on = message('witness.judge', { on: true })
const sample = samplesOf('WORK_STALLED')[0]
if (sample === undefined) throw new Error('There is no stall.')
const stalled = (more: object = {}): Saying => ({ ...sample, ...STALL, ...more }) as Saying
const STALL = {
  session: SESSION,
  kind: 'tool',
  n: 1,
  mark: 'a tree',
  progressed: false,
  spoken: null,
  evidence: { seq: 41, what: 'it was inside Bash' },
}
const given = (choice: string, seq = 2) =>
  message('judgement.given', { judgement: `${SANDBOX} ${seq}`, choice, by: 'model', why: '' })
const witness = (...history: readonly Saying[]) => decisions(`${RIG}/witness`).given(...history)
const nudged = { facts: [{ type: 'LadderClimbed', step: 'nudge', kind: 'tool' }] } as const
const nothing = { facts: [], tells: [] } as const

test('[WITNESS-30] whether a silent tool gets on is asked of a model where a person allows it, and of nobody else', () => {
  witness(on)
    .when(stalled())
    .gives({
      facts: [],
      tells: [
        [
          'deacon/dogs',
          {
            type: 'judgement.ask',
            judgement: `${SANDBOX} 2`,
            asker: `${RIG}/witness`,
            about: AGENT,
            bead: BEAD,
            code: 'SILENT_IN_TOOL',
            choices: ['wait', 'nudge'],
            safe: 'nudge',
            session: SESSION,
          },
        ],
      ],
    })
  witness().when(stalled()).gives(nudged)
  witness(on, message('witness.judge', { on: false }))
    .when(stalled())
    .gives(nudged)
  witness(on)
    .when(stalled({ kind: 'silent' }))
    .gives({ facts: [{ type: 'LadderClimbed', kind: 'silent' }] })
})

test('[WITNESS-31] to wait does nothing until it is found so again; to nudge goes up the ladder; asked once', () => {
  witness(on, stalled()).when(given('wait')).gives(nothing)
  witness(on, stalled()).when(given('nudge')).gives(nudged)
  witness(on, stalled(), given('wait'))
    .when(stalled({ n: 2 }))
    .gives(nudged)
  // No answer came: it is not waited for twice.
  witness(on, stalled())
    .when(stalled({ n: 2 }))
    .gives(nudged)
  // It got on in between, and stalls again.
  witness(on, stalled(), given('wait'))
    .when(stalled({ n: 2, progressed: true }))
    .gives({ tells: [['deacon/dogs', { judgement: `${SANDBOX} 4` }]] })
})

test('[WITNESS-31] an answer that comes too late, or about something else, changes nothing', () => {
  const goesOn = message('WORK_GOES_ON', { sandbox: SANDBOX, session: SESSION })
  witness(on, stalled(), goesOn).when(given('nudge')).gives(nothing)
  witness(on, stalled(), given('nudge')).when(given('nudge')).gives(nothing)
  witness(on, stalled()).when(given('nudge', 7)).gives(nothing)
  witness(on).when(given('nudge')).gives(nothing)
})
