// A process that writes to a log until it is killed, and says on stdout what was acknowledged.
//
// Arguments: folder of the log, first number of its ids. One line `<id number> <last seq>` for each answered append,
// and `seal` before each sealing, if the third argument is `seal`: it then seals by order, 700 entries at a time. With
// `archive` it archives all that is sealed instead.

import { writeSync } from 'node:fs'
import { openLog } from '../../eventlog/index.ts'

const [dir = '', start = '0', mode] = process.argv.slice(2)
const log = await openLog(dir, { autoSeal: mode === undefined })
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

async function writeAndSeal(): Promise<void> {
  for (;;) {
    const appends: Promise<unknown>[] = []
    for (let n = 0; n < 700; n += 1)
      appends.push(log.append([{ n: next, part: 0, of: 1 }], { id: `n-${next++}` }))
    await Promise.all(appends)
    writeSync(1, `seal ${log.head.seq}\n`)
    if (mode === 'archive') await log.archive(log.head.seq)
    else await log.seal()
  }
}

if (mode !== undefined) await writeAndSeal()
await Promise.all([write(), write(), write(), write()])
