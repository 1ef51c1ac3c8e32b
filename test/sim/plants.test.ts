import { describe, expect, test } from 'vitest'
import type { Plant } from './daemon.ts'
import * as plants from './plants.ts'
import { simulate } from './world.ts'

/** Enough for each of these; the demanding ones need a few. */
const SEEDS = 12

/** What the first seed that notices anything says, or null. */
async function foundIn(plant: Plant): Promise<string | null> {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { violation } = await simulate({ seed, plant })
    if (violation !== null) return violation
  }
  return null
}

describe('the simulated town finds a defect that was put there:', () => {
  test.each([
    [
      'an acknowledgement before the record is durable',
      plants.acknowledgesTooEarly,
      /durable|lost|follows|ends at/,
    ],
    ['an effect before its record is durable', plants.actsTooEarly, /before the record that asks for it/],
    ['a timer that is forgotten', plants.forgetsTimers, /not at rest/],
    ['a place that is not there', plants.ignoresPlaces, /places of/],
    ['an effect carried out twice', plants.performsTwice, /begins twice/],
    ['ids that are not remembered', plants.forgetsIds, /acts twice|lost|has a record/],
    ['a red gate taken for a green one', plants.trustsTheWorker, /no gate has passed/],
  ])('%s', async (_, plant, sentence) => {
    expect(await foundIn(plant)).toMatch(sentence)
  })
})
