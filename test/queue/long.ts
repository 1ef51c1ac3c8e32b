// Many sequences, one after the other: npm run mq-model -- --sequences 5000 [--seed 1] [--least 6] [--commands 20]
//
// Prints the first seed that breaks something, as short as it gets, and the line that repeats it.

import { parseArgs } from 'node:util'
import { checkSequence } from './check.ts'
import { type Done, summary } from './sequence.ts'

const { values } = parseArgs({
  options: {
    sequences: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
    least: { type: 'string', default: '6' },
    commands: { type: 'string', default: '20' },
  },
})
const first = Number(values.seed)
const count = Number(values.sequences)
const done: Done[] = []
console.log(`seeds ${first} to ${first + count - 1}`)
for (let seed = first; seed < first + count; seed += 1) {
  const result = await checkSequence(seed, { min: Number(values.least), max: Number(values.commands) })
  if (typeof result === 'string') {
    console.log(
      `npm run mq-model -- --sequences 1 --seed ${seed} --least ${values.least} --commands ${values.commands}\n${result}`,
    )
    process.exitCode = 1
    break
  }
  done.push(result)
  if (done.length % 100 === 0) console.log(summary(done))
}
console.log(summary(done))
