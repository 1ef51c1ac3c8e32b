import { describe, expect, test } from 'vitest'
import type { Fact } from '../../src/events/index.ts'
import { createNudges, isSettled, nudge, nudges } from '../../src/projections/nudges.ts'
import { record } from '../support/records.ts'

const whose = (id: string) => ({
  nudge: id,
  to: 'shop/polecats/nux',
  session: 'shop/polecats/nux/sessions/1.1',
})
const queued = (id: string): Fact => ({
  type: 'NudgeQueued',
  ...whose(id),
  text: 'x'.repeat(500),
  line: 'gt …',
  mode: 'idle',
})

function folded(...facts: readonly Fact[]) {
  const projection = createNudges()
  for (const [n, fact] of facts.entries())
    projection.apply(record(n + 1, `nudges/n-${n}`, [fact], { by: 'overseer' }))
  return projection.rows
}

describe('[PR-24] nudges', () => {
  test('say how far each has come, and keep no text', () => {
    const written: Fact[] = [
      queued('n-1'),
      { type: 'NudgeWriting', ...whose('n-1'), attempt: 1 },
      { type: 'NudgeHeld', ...whose('n-1'), reason: 'a dialog is open' },
    ]
    expect(nudge(folded(...written), 'n-1')).toMatchObject({
      state: 'held',
      reason: 'a dialog is open',
      from: 'overseer',
      characters: 500,
    })
    expect(JSON.stringify([...folded(...written)]).length).toBeLessThan(800)
    const typed: Fact[] = [...written, { type: 'NudgeWritten', ...whose('n-1'), enters: 1 }]
    const late: Fact[] = [
      ...typed,
      { type: 'NudgeUnconfirmed', ...whose('n-1'), code: 'NUDGE_NOT_TAKEN', message: 'nobody said so' },
    ]
    expect(nudge(folded(...late), 'n-1')).toMatchObject({
      state: 'unconfirmed',
      failure: { code: 'NUDGE_NOT_TAKEN' },
    })
    const rows = folded(...late, { type: 'NudgeAccepted', ...whose('n-1'), via: 'hook' })
    expect(nudge(rows, 'n-1')).toMatchObject({ state: 'accepted', via: 'hook', failure: null, enters: 1 })
    expect(nudges(rows).map(isSettled)).toEqual([true])
  })

  test('keep every open one, and the last 500 that are over', () => {
    const ids = Array.from({ length: 510 }, (_, n) => `n-${n}`)
    const rows = folded(
      ...ids.map(queued),
      { type: 'NudgeUnconfirmed', ...whose('n-0'), code: 'X', message: 'x' },
      ...ids
        .slice(1, 506)
        .map((id): Fact => ({ type: 'NudgeFailed', ...whose(id), code: 'X', message: 'x' })),
    )
    expect(nudges(rows, { state: ['failed'] })).toHaveLength(500)
    expect(nudges(rows, { state: ['queued'] }).map(({ id }) => id)).toEqual(ids.slice(506))
    expect(nudges(rows, { state: ['unconfirmed'] }).map(({ id }) => id)).toEqual(['n-0'])
    expect(nudge(rows, 'n-1')).toBeNull()
  })
})
