// What `replay --verify` says of records that earlier versions of a machine decided.

import { beforeAll, expect, test } from 'vitest'
import { machineAt } from '../../src/actors/index.ts'
import { recordOf } from '../../src/events/upcasters.ts'
import { replay } from '../../src/town/past/replay.ts'
import { linesOfHistory } from '../support/past-histories.ts'
import { logOf } from '../support/past-properties.ts'

const SEEDS = [2, 3]

let histories: string[][]
beforeAll(async () => {
  histories = await Promise.all(SEEDS.map(linesOfHistory))
}, 60_000)

const verified = async (lines: readonly string[]) =>
  replay(await logOf(lines), { to: null, verify: true, into: null, checkpoint: null }, null, () => {})

type Line = { machine: string; actor: string; facts: object[]; refused?: object }

/** The same line as a machine of another version wrote it, which says one more thing. */
function decidedOtherwise(line: string, version: (now: number) => number): string {
  const record = JSON.parse(line) as Line
  const def = machineAt(record.actor)
  const machine = `${def?.name}@${version(def?.version ?? 0)}`
  return JSON.stringify({ ...record, machine, facts: [...record.facts, { type: 'SaidThenAlone', n: 1 }] })
}

/** One record of each kind of owner that there is. */
function oneOfEach(lines: readonly string[]): number[] {
  const found = new Map<string, number>()
  for (const [n, line] of lines.entries()) {
    const { machine, refused } = JSON.parse(line) as Line
    const [name = ''] = machine.split('@')
    if (refused === undefined && !found.has(name)) found.set(name, n)
  }
  return [...found.values()]
}

test('[P3] a history as it was written has neither a divergence nor a decision that changed', async () => {
  for (const lines of histories)
    expect(await verified(lines)).toMatchObject({
      verified: true,
      divergenceCount: 0,
      changedDecisionCount: 0,
    })
})

test('[P3] what an earlier version of any machine decided otherwise is listed, each by its record, and the check does not fail', async () => {
  for (const lines of histories) {
    const changed = oneOfEach(lines)
    expect(changed.length).toBeGreaterThan(7)
    const older = lines.map((line, n) =>
      changed.includes(n) ? decidedOtherwise(line, (now) => now - 1) : line,
    )
    const report = await verified(older)
    expect(report).toMatchObject({ verified: true, divergenceCount: 0, changedDecisionCount: changed.length })
    const named = changed.map((n) => ({ seq: n + 1, actor: recordOf(lines[n] ?? '').actor, field: 'facts' }))
    expect(report.changedDecisions).toMatchObject(named)
  }
})

test('[P3] the same from the version of today is a divergence, and the check fails', async () => {
  for (const lines of histories) {
    const changed = oneOfEach(lines)
    const other = lines.map((line, n) => (changed.includes(n) ? decidedOtherwise(line, (now) => now) : line))
    const report = await verified(other)
    expect(report).toMatchObject({
      verified: false,
      divergenceCount: changed.length,
      changedDecisionCount: 0,
    })
    expect(report.divergences.map(({ seq }) => seq)).toEqual(changed.map((n) => n + 1))
  }
})
