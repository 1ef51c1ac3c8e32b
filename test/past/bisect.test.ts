import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bisect, firstTurn, type Probe } from '../../src/past/bisect.ts'

/** An answer for each position; the first is before the first record. */
const probeOf = (answers: readonly boolean[]): { probe: Probe; asked: number[] } => {
  const asked: number[] = []
  return {
    asked,
    probe: async (seq) => {
      asked.push(seq)
      const isTrue = answers[seq] === true
      return { isTrue, value: isTrue }
    },
  }
}

test('[P4] what bisect finds is a turn, in about log2 of the length probes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 0, maxLength: 300 }), async (middle) => {
      const answers = [false, ...middle, true]
      const { probe, asked } = probeOf(answers)
      const found = await bisect(probe, 0, answers.length - 1)
      expect(found.kind).toBe('turn')
      if (found.kind !== 'turn') return
      expect([answers[found.seq - 1], answers[found.seq]]).toEqual([false, true])
      expect(asked.length).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(answers.length)))
    }),
  )
})

test('[P4] of an answer that turns once, bisect and one pass find the same record', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 0, max: 500 }),
      async (turn, rest) => {
        const answers = Array.from({ length: turn + rest + 1 }, (_, seq) => seq >= turn)
        const { probe } = probeOf(answers)
        const changes = (async function* () {
          for (let seq = 1; seq < answers.length; seq += 1) yield seq
        })()
        const halved = await bisect(probe, 0, answers.length - 1)
        const passed = await firstTurn(probe, { from: 0, changes })
        expect(halved).toMatchObject({ kind: 'turn', seq: turn })
        expect(passed).toEqual(halved)
      },
    ),
  )
})

test('ends that say the same, or turn the other way, are no turn', async () => {
  expect(await bisect(probeOf([false, true, false]).probe, 0, 2)).toMatchObject({ kind: 'none' })
  expect(await bisect(probeOf([true, false, true]).probe, 0, 2)).toMatchObject({ kind: 'none' })
  expect(await bisect(probeOf([true, false]).probe, 0, 1)).toMatchObject({ kind: 'none' })
})

test('one pass finds the first of several turns, also where the beginning is true', async () => {
  const answers = [true, true, false, false, true, false, true]
  const changes = (async function* () {
    for (let seq = 1; seq < answers.length; seq += 1) yield seq
  })()
  expect(await firstTurn(probeOf(answers).probe, { from: 0, changes })).toMatchObject({
    kind: 'turn',
    seq: 4,
  })
})
