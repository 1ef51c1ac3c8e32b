import { expect, test } from 'vitest'
import { firstOf } from '../../src/api/follow.ts'
import { createTown } from './town.ts'

test('whoever waits for a record is answered when what it told others is decided, too', async () => {
  const { town, bead, close } = await createTown()
  const settled = Promise.withResolvers<void>()
  const asked: number[] = []
  const system = Object.create(town.system, {
    settled: {
      value: (correlation: number) => {
        asked.push(correlation)
        return settled.promise
      },
    },
  })
  let found: number | null = null
  const waiting = firstOf(
    { ...town, system },
    { after: town.system.seq, timeoutMs: 10_000 },
    ({ facts, seq }) => (facts.some(({ type }) => type === 'BeadCreated') ? seq : null),
  ).then((seq) => {
    found = seq
  })
  await bead('Told')
  await expect.poll(() => asked).toEqual([town.system.seq])
  expect(found).toBeNull()
  settled.resolve()
  await waiting
  expect(found).toBe(town.system.seq)
  await close()
})
