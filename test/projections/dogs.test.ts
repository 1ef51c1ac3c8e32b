import { expect, test } from 'vitest'
import type { Fact } from '../../src/events/index.ts'
import { createDogs } from '../../src/projections/dogs.ts'
import { createSessions, reapedText, session } from '../../src/projections/sessions.ts'
import { createTrash, trash, trashRow } from '../../src/projections/trash.ts'
import type { Projection } from '../../src/projections/types.ts'
import { SAMPLES } from '../support/facts.ts'
import { record, timeOf } from '../support/records.ts'

const { dog } = SAMPLES.ChoreBegun

function fold<R>(projection: Projection<R>, ...facts: readonly Fact[]): R {
  for (const [n, fact] of facts.entries()) projection.apply(record(n + 1, dog, [fact]))
  return projection.rows
}

test('[PR-32] a dog is at a chore from its beginning to its end, through tries that fail', () => {
  const { ChoreBegun, ChoreDone, ChoreFailed } = SAMPLES
  const rowAfter = (...facts: Fact[]) => fold(createDogs(), ...facts).byAddress.get(dog)
  expect(rowAfter(ChoreBegun)).toMatchObject({ chore: { kind: 'clean' }, since: timeOf(1), problem: null })
  expect(rowAfter(ChoreBegun, ChoreFailed)).toMatchObject({
    chore: { id: 'clean-1' },
    problem: { code: 'GIT_FAILED' },
    failed: 0,
  })
  expect(rowAfter(ChoreBegun, { ...ChoreFailed, againMs: null })).toMatchObject({ chore: null, failed: 1 })
  expect(rowAfter(ChoreBegun, ChoreFailed, ChoreDone)).toMatchObject({
    chore: null,
    since: timeOf(3),
    problem: null,
    done: 1,
  })
})

test('[PR-32] the last 20 judgements are kept', () => {
  const all = Array.from({ length: 25 }, (_, n) => ({ ...SAMPLES.JudgementGiven, judgement: `j-${n}` }))
  const { judgements } = fold(createDogs(), ...all)
  expect(judgements.map(({ judgement }) => judgement)).toEqual(all.slice(5).map(({ judgement }) => judgement))
})

test('[PR-32] a recording that was taken away says since when, until it is back', () => {
  const { SessionOpened, SessionEnded, RecordingsReaped, RecordingRecalled } = SAMPLES
  const rowAfter = (...facts: Fact[]) =>
    session(fold(createSessions(), SessionOpened, SessionEnded, ...facts), SessionOpened.session)
  const gone = rowAfter(RecordingsReaped)
  expect(gone?.reaped).toEqual({ at: timeOf(3), until: RecordingsReaped.until })
  expect(gone === null ? '' : reapedText(gone)).toContain(`is gone since ${timeOf(3)}`)
  expect(rowAfter(RecordingsReaped, RecordingRecalled)).toMatchObject({ reaped: null, keptFrom: timeOf(4) })
})

test('[PR-32] trash that was taken away is in no list, and its row has the commits', () => {
  const { SandboxOpened, WorktreeRemoved, TrashReaped } = SAMPLES
  const second = { ...SandboxOpened, sandbox: TrashReaped.stays[0]?.sandbox ?? '' }
  const removed = { ...WorktreeRemoved, sandbox: second.sandbox }
  const rows = fold(createTrash(), SandboxOpened, WorktreeRemoved, second, removed, TrashReaped)
  expect(trash(rows).map(({ sandbox }) => sandbox)).toEqual([second.sandbox])
  expect(trashRow(rows, SandboxOpened.sandbox)?.gone).toMatchObject({
    at: timeOf(5),
    refs: TrashReaped.entries[0]?.refs,
  })
  expect(trashRow(rows, second.sandbox)?.stays?.why).toContain('there is a branch')
})
