// A process that writes to a log until it is killed, and says on stdout what was acknowledged.
//
// Arguments: folder of the log, first number of its ids. One line `<id number> <last seq>` for each answered append.

import { writeSync } from 'node:fs'
import { openLog } from '../../eventlog/index.ts'

const [dir = '', start = '0'] = process.argv.slice(2)
const log = await openLog(dir)
let next = Number(start)
writeSync(1, `open ${log.head.seq}\n`)

async function write(): Promise<void> {
  for (;;) {
    const n = next
    next += 1
    const entries = Array.from({ length: (n % 3) + 1 }, (_, part) => ({ n, part, of: (n % 3) + 1 }))
    const { last } = await log.append(entries, { id: `n-${n}` })
    writeSync(1, `${n} ${last}\n`)
  }
}

await Promise.all([write(), write(), write(), write()])
