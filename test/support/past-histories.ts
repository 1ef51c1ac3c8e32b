// Histories by the real actors for questions about the past, each told of by one number.
//
// Even numbers: a town of the simulation, with whatever goes wrong in it. Odd ones: a town of the corpus, with everything that
// the benches' town does.

import { generate } from '../../bench/corpus/generate.ts'
import { createRandom } from '../sim/random.ts'
import { simulate } from '../sim/world.ts'
import { type Compared, LiveHistory, RECORDS_MIN } from './live-history.ts'

export { RECORDS_MIN }

/** What the town held after each of its records, against its log; `violation`: what else was not as it must be. */
export async function lived(number: number): Promise<Compared & { readonly violation: string | null }> {
  if (number % 2 === 1) return { ...(await livedInCorpus(number)), violation: null }
  const { prefixes, violation } = await simulate({ seed: number, prefixes: true })
  if (prefixes === null) throw new Error('Nothing was noted.')
  return { ...prefixes, violation }
}

export async function livedInCorpus(seed: number): Promise<Compared> {
  const live = new LiveHistory(createRandom(seed))
  const lines: string[] = []
  await generate({
    records: RECORDS_MIN,
    seed,
    onLines: (some) => void lines.push(...some),
    onRecord(record, system) {
      if (record.seq <= RECORDS_MIN) live.note(record, system)
    },
  })
  return live.compare(lines)
}

/** The lines of one. In those of the simulation the clock of the machine jumps, also back. */
export async function linesOfHistory(number: number): Promise<string[]> {
  if (number % 2 === 0)
    return [...(await simulate({ seed: number, keep: true, faults: { clock: true } })).lines]
  const lines: string[] = []
  await generate({ records: RECORDS_MIN, seed: number, onLines: (some) => void lines.push(...some) })
  return lines
}
