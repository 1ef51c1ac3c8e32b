import { describe, expect, test } from 'vitest'
import { generate } from '../../bench/corpus/generate.ts'
import { machineAt } from '../../src/actors/index.ts'
import { Fact, Message } from '../../src/events/index.ts'
import type { LogRecord } from '../../src/events/record.ts'
import { createRedecider } from '../../src/system/redecide.ts'

async function linesOf(records: number, seed: number): Promise<string[]> {
  const all: string[] = []
  await generate({ records, seed, onLines: (lines) => void all.push(...lines) })
  return all
}

describe('the corpus of the benches', () => {
  test('is the same, byte for byte, when the seed is, and begins the same when it is longer', async () => {
    const first = await linesOf(2_000, 7)
    expect(first).toHaveLength(2_000)
    expect(await linesOf(2_000, 7)).toEqual(first)
    expect((await linesOf(2_300, 7)).slice(0, 2_000)).toEqual(first)
    expect(await linesOf(200, 8)).not.toEqual(first.slice(0, 200))
  })

  test('[P3] is made by the machines of today: deciding each record again gives that very record', async () => {
    const redecider = createRedecider(machineAt)
    const known = { messages: 0, facts: 0 }
    for (const line of await linesOf(5_000, 1)) {
      const record = JSON.parse(line) as LogRecord
      expect(redecider.check(record)).toEqual({ divergences: [], changedDecisions: [] })
      // Timers are no messages that anybody sends.
      if (!record.message.type.startsWith('xstate.')) Message.parse(record.message)
      known.messages += 1
      for (const fact of record.facts) {
        Fact.parse(fact)
        known.facts += 1
      }
    }
    expect(known.messages).toBe(5_000)
    expect(known.facts).toBeGreaterThan(3_000)
  })

  test('is of a town with many hands: records of one owner stand between those of others', async () => {
    const records = (await linesOf(5_000, 1)).map((line) => JSON.parse(line) as LogRecord)
    const alternating = records.filter(({ actor }, n) => n > 0 && records[n - 1]?.actor !== actor).length
    expect(alternating / records.length).toBeGreaterThan(0.8)
    expect(new Set(records.map(({ message }) => message.type)).size).toBeGreaterThanOrEqual(40)
    const bytes = records.reduce((sum, record) => sum + Buffer.byteLength(JSON.stringify(record)) + 1, 0)
    expect(bytes / records.length).toBeGreaterThanOrEqual(600)
    expect(bytes / records.length).toBeLessThan(1_500)
  })
})
