// One measurement in a process of its own: `node bench/up-load.ts <town>` prints the ms that loading its checkpoint takes.

import { performance } from 'node:perf_hooks'
import { openLog } from '../eventlog/index.ts'
import { createProjections } from '../src/projections/index.ts'
import { createKnown } from '../src/system/known.ts'
import { readCheckpoint } from '../src/town/checkpoint/checkpoint.ts'
import { townFiles } from '../src/town/files.ts'

const files = townFiles(process.argv[2] ?? '')
const log = await openLog(files.log, { autoSeal: false })
const projections = createProjections()
const begun = performance.now()
const start = await readCheckpoint(files.checkpoint, log, projections)
if (start === null) throw new Error('There is no checkpoint')
createKnown(start)
const took = performance.now() - begun
await log.close()
process.stdout.write(`${took}\n`)
