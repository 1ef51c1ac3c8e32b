// `npm run corpus -- [--records N] [--seed S] [--into DIR] [--lines] [--measure LOG]`: makes the corpus of the benches.
//
// Prints where it lies, how large its records are, and how they were committed.

import { statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { corpus, corpusLines } from './cache.ts'
import { commitsInWords } from './commit-sizes.ts'
import { measureCommits } from './measure-commits.ts'

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    into: { type: 'string' },
    /** The NDJSON file alone. */
    lines: { type: 'boolean', default: false },
    measure: { type: 'string' },
  },
})

if (values.measure !== undefined) {
  const sizes = await measureCommits(values.measure)
  process.stdout.write(`${JSON.stringify(sizes)}\n`)
} else {
  const records = Number(values.records)
  const begun = performance.now()
  let said = 0
  const onProgress = (what: string, count: number): void => {
    if (!process.stderr.isTTY || performance.now() - said < 500) return
    said = performance.now()
    process.stderr.write(`\r${what} ${count} of ${records}   `)
  }
  const asked = { records, seed: Number(values.seed), into: values.into, onProgress }
  const ndjson = await corpusLines(asked)
  const bytes = statSync(ndjson).size
  const madeIn = seconds(begun)
  process.stdout.write(
    `${ndjson}\n  ${records} records, mean line ${(bytes / records).toFixed(0)} bytes, ${madeIn}\n`,
  )
  if (!values.lines) {
    const again = performance.now()
    const { log } = await corpus(asked)
    process.stdout.write(`${log}\n  ${commitsInWords()}\n  appended and sealed, ${seconds(again)}\n`)
  }
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1_000).toFixed(1)} s`
}
