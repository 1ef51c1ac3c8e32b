import { expect, test } from 'vitest'
import { generate } from '../../bench/corpus/generate.ts'
import type { LogRecord } from '../../src/events/record.ts'
import { createOwners } from '../../src/system/owners.ts'
import { createReplayedOwners } from '../../src/system/replayed-owners.ts'

test('[P1] owners that are changed in place are after each record what they are when nothing is', async () => {
  const records: LogRecord[] = []
  await generate({
    records: 3_000,
    seed: 5,
    onLines: (lines) => void records.push(...lines.map((line) => JSON.parse(line) as LogRecord)),
  })
  const text = JSON.stringify(records)
  const kept = createOwners()
  const replayed = createReplayedOwners()
  for (const record of records) {
    kept.fold(record)
    replayed.fold(record)
    expect(replayed.get(record.actor)).toEqual(kept.get(record.actor))
  }
  expect(new Map(replayed.all())).toEqual(new Map(kept.all()))
  expect(JSON.stringify(records)).toBe(text)
  const again = createReplayedOwners()
  again.load(structuredClone(replayed.save()))
  expect(new Map(again.all())).toEqual(new Map(kept.all()))
})
