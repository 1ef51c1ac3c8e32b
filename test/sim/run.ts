// Many seeds, one after the other: npm run sim -- --seeds 5000 [--from 1] [--thorough]
//
// Prints the first seed that breaks something, with the line that repeats it.

import { parseArgs } from 'node:util'
import { NO_FAULTS, simulate } from './world.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    from: { type: 'string', default: '1' },
    thorough: { type: 'boolean', default: false },
    calm: { type: 'boolean', default: false },
    notes: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
})
const began = performance.now()
const from = Number(values.from)
const facts = new Map<string, number>()
let records = 0
let crashes = 0
let landed = 0
let broken = 0
for (let seed = from; seed < from + Number(values.seeds); seed += 1) {
  const result = await simulate({
    seed,
    thorough: values.thorough,
    keep: values.notes,
    ...(values.calm && { faults: NO_FAULTS }),
  })
  records += result.records
  crashes += result.crashes
  landed += result.landed
  for (const [fact, count] of result.facts) facts.set(fact, (facts.get(fact) ?? 0) + count)
  if (values.notes) for (const note of result.notes) console.log(note)
  if (values.notes) for (const line of result.lines) console.log(line)
  if (result.violation === null) continue
  broken += 1
  console.log(`SEED=${seed} npx vitest run test/sim\n  ${result.violation}`)
  process.exitCode = 1
  if (!values['keep-going']) break
}
const seconds = (performance.now() - began) / 1_000
console.log(
  `${values.seeds} seeds from ${from}: ${broken} broken, ${records} records, ${crashes} crashes, ${landed} landed, ${seconds.toFixed(1)} s`,
)
console.log(
  [...facts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([fact, count]) => `${fact} ${count}`)
    .join(', '),
)
