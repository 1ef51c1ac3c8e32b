// The real Claude Code as a reviewer: it reads what would land, says no, and says yes when that is mended.

import { expect, test } from 'vitest'
import type { ModelRequest } from './model.ts'
import { PATIENCE_MS, type Play, townOfClaude } from './town.ts'

const write =
  (content: string): Play =>
  (worktree) => ({ tool: 'Write', input: { file_path: `${worktree}/cafe.txt`, content } })
const commit: Play = { run: 'git add -A && git commit -q -m "Add a cafe"' }
const DONE: Play = { run: 'gt done' }

test('[REVIEW-1] [REVIEW-2] Claude Code reviews what has passed, and its no and its yes count with what they cost', async () => {
  const review = { review: { preset: 'claude', timeout: '3m', instructions: 'Look for tests.' } }
  const town = await townOfClaude({ rig: { 'gates.quality': review } })
  const told: ModelRequest[] = []
  /** What is asked in a conversation that has no bead of its own: first the change is read, then a verdict is given. */
  const steps = new Map<string, number>()
  const verdicts = ['fail --note "no test" --finding "cafe.txt:1:nothing tests it"', 'pass --note "good"']
  const reviews: Play = (_, request) => {
    if (!steps.has(request.session)) told.push(request)
    const step = steps.get(request.session) ?? 0
    steps.set(request.session, step + 1)
    if (step === 0) return { run: 'git log -1 --format=%s' }
    const verdict = verdicts[[...steps.keys()].indexOf(request.session)]
    return step === 1 && verdict !== undefined ? { run: `gt review ${verdict}` } : { say: 'I have said it.' }
  }
  town.plays('', ...Array.from({ length: 20 }, () => reviews))
  try {
    const bead = await town.work('Add a cafe', write('one\n'), commit, DONE)
    await town.fact('it is refused', 'MergeFailed', { bead, gate: 'quality' }, PATIENCE_MS)
    town.plays(bead, write('two\n'), commit, DONE)
    await town.fact(`${bead} lands`, 'BeadLanded', { bead }, 2 * PATIENCE_MS)
    expect(town.facts('ReviewGiven')).toMatchObject([
      { ok: false, runtime: 'claude', findings: [{ path: 'cafe.txt', line: 1, text: 'nothing tests it' }] },
      { ok: true, runtime: 'claude', model: expect.any(String), session: 'shop/reviews/mr-1/sessions/2' },
    ])
    expect(told[0]?.text).toContain('Look for tests.')
    expect(told[0]?.text).toMatch(/git diff [0-9a-f]{40} [0-9a-f]{40}/)
    expect(town.facts('DecisionOpened')).toEqual([])
    await town.fact('its use is counted', 'TokensUsed', { bead, role: 'reviewer' }, PATIENCE_MS)
  } finally {
    await town.end()
  }
})
