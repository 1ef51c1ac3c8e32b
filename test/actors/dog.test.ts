import { test } from 'vitest'
import { decisions } from '../support/decisions.ts'
import { DOG, judgement, message, RIG, SANDBOX, SESSION, samplesOf } from '../support/messages.ts'
import { timersOf } from '../support/walks.ts'

const dog = () => decisions(DOG)
const [clean, judge] = samplesOf('dog.do')
const [cleaned, nothing] = samplesOf('chore.cleaned')
const [judged, unclear] = samplesOf('chore.judged')
const [again] = timersOf(DOG)
if (!clean || !judge || !cleaned || !nothing || !judged || !unclear || !again) throw new Error('no sample')
const failed = message('chore.notDone')
const late = message('effect.failed', {
  kind: 'chore.clean',
  code: 'TIMED_OUT',
  message: 'It took too long.',
})
const KENNEL = 'deacon/dogs'
const about = { dog: DOG, chore: 'clean-1', kind: 'clean' }

test('[DOG-1] one chore at a time', () => {
  dog()
    .when(clean)
    .gives({
      state: { working: 'doing' },
      facts: [{ type: 'ChoreBegun', ...about }],
      effects: [['chore.clean', { what: 'all', olderThanMs: null }]],
    })
  dog().given(clean).when(judge).gives({ refused: 'DOG_BUSY' })
  dog().given(clean, failed).when(judge).gives({ refused: 'DOG_BUSY' })
  dog()
    .given(clean, cleaned)
    .when(judge)
    .gives({ state: { working: 'doing' } })
})

test('[DOG-2] a cleaning that fails or is late is tried again after 5 and 30 minutes, and then given up', () => {
  const minutes = (n: number) => ({
    state: { working: 'resting' },
    effects: [['timer', { delayMs: n * 60_000 }]] as const,
  })
  dog()
    .given(clean)
    .when(late)
    .gives({
      ...minutes(5),
      facts: [{ type: 'ChoreFailed', ...about, code: 'TIMED_OUT', n: 1, againMs: 300_000 }],
      tells: [],
    })
  dog()
    .given(clean, failed)
    .when(again)
    .gives({ state: { working: 'doing' }, effects: [['chore.clean', {}]] })
  dog().given(clean, failed, again).when(failed).gives(minutes(30))
  dog()
    .given(clean, failed, again, late, again)
    .when(failed)
    .gives({
      state: 'idle',
      facts: [{ type: 'ChoreFailed', n: 3, againMs: null }],
      tells: [[KENNEL, { type: 'kennel.done', chore: 'clean-1', ok: false, reason: 'the disk is full' }]],
    })
})

test('[DOG-3] what was taken away is said with counts, bytes and commits, and nothing is said of nothing', () => {
  dog()
    .given(clean)
    .when(cleaned)
    .gives({
      state: 'idle',
      facts: [
        { type: 'RecordingsReaped', count: 1, bytes: 900, sessions: [SESSION] },
        { type: 'RecordingsGone', count: 1, bytes: 700 },
        { type: 'TrashReaped', rig: RIG, count: 1, entries: [{ sandbox: SANDBOX }], notes: 1 },
        { type: 'ChoreDone', ...about },
      ],
      tells: [[KENNEL, { type: 'kennel.done', ok: true, nextMs: 86_400_000, usd: null }]],
    })
  dog()
    .given(clean)
    .when(nothing)
    .gives({ facts: [{ type: 'ChoreDone' }], tells: [[KENNEL, { nextMs: null }]] })
})

const given = (choice: string, by: 'model' | 'safe', why: string) =>
  [`${RIG}/witness`, { type: 'judgement.given', judgement: 'j-1', choice, by, why }] as const

test('[DOG-4] an answer that is one of the choices is given; anything else is the safe way, and asked once', () => {
  dog()
    .given(judge)
    .when({ ...judged, choice: 'nudge' } as typeof judged)
    .gives({ tells: [given('nudge', 'model', 'a build runs'), [KENNEL, { usd: 0.02 }]] })
  dog()
    .given(judge)
    .when(unclear)
    .gives({ tells: [given('wait', 'safe', 'it answered "perhaps"'), [KENNEL, { usd: null }]] })
  dog()
    .given(judge)
    .when({ ...judged, choice: 'kill' } as typeof judged)
    .gives({ tells: [given('wait', 'safe', 'a build runs'), [KENNEL, { usd: 0.02 }]] })
  dog()
    .given(judge)
    .when(failed)
    .gives({
      state: 'idle',
      facts: [
        { type: 'ChoreFailed', againMs: null },
        { type: 'JudgementGiven', by: 'safe', costUsd: null },
      ],
      tells: [given('wait', 'safe', 'the disk is full'), [KENNEL, { ok: false, usd: null }]],
    })
})

test('[DOG-5] a judgement is a record with its evidence and cost, and its tokens are those of the dog', () => {
  const { question, evidence, choices, code } = judgement
  dog()
    .given(judge)
    .when(judged)
    .gives({
      facts: [
        {
          type: 'TokensUsed',
          session: DOG,
          agent: DOG,
          role: 'dog',
          rig: RIG,
          runtime: 'claude',
          input: 900,
        },
        {
          type: 'JudgementGiven',
          code,
          question,
          evidence,
          choices,
          choice: 'wait',
          by: 'model',
          seen: '$ make',
          calls: 1,
          tokens: 920,
          costUsd: 0.02,
        },
        { type: 'ChoreDone', kind: 'judge' },
      ],
    })
})
