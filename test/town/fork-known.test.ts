import { expect, test } from 'vitest'
import { takeOver } from '../../src/town/fork/known.ts'
import { BASE, COMMIT, message, TREE } from '../support/messages.ts'
import { objectName } from '../support/records.ts'

/** Where the target stood by these lines of one Refinery. */
async function targetAfter(
  ...said: readonly { message: object; facts?: readonly object[] }[]
): Promise<string | undefined> {
  const lines = said.map(({ message: each, facts = [] }, n) =>
    JSON.stringify({
      seq: n + 1,
      v: 1,
      at: '2027-03-01T08:00:00.000Z',
      actor: 'shop/refinery',
      machine: 'refinery@4',
      message: each,
      from: n === 0 ? null : 'building',
      to: 'building',
      change: {},
      facts,
      effects: [],
      by: 'worker',
      cause: null,
      correlation: 1,
    }),
  )
  const { targets } = await takeOver(
    (async function* () {
      yield lines
    })(),
    async (all) => {
      for await (const _ of all);
      return { seq: lines.length, chain: '0'.repeat(64) }
    },
    () => {},
  )
  return targets.get('shop')
}

test('a fork has its target where the real one stood, not at what was built upon it and has not landed', async () => {
  const [second, other] = [objectName('e'), objectName('f')]
  const first = { message: message('merge.built', { base: BASE, commit: COMMIT, tree: TREE }) }
  const upon = { message: message('merge.built', { base: COMMIT, commit: second, tree: TREE }) }
  expect(await targetAfter(first, upon)).toBe(BASE)
  const moved = { type: 'TargetAdvanced', rig: 'shop', target: 'main', from: BASE, to: second }
  const landed = { message: message('target.advanced'), facts: [moved] }
  expect(await targetAfter(first, upon, landed)).toBe(second)
  // Somebody else pushed meanwhile.
  const elsewhere = { message: message('merge.built', { base: other, commit: COMMIT, tree: TREE }) }
  expect(await targetAfter(first, upon, landed, elsewhere)).toBe(other)
})
