// Every record and every call of git of a landing of four, each a run of its own: npm run mq-crashes [--every 1]

import { parseArgs } from 'node:util'
import { type Kill, landFour } from './crashes.ts'
import type { How } from './worker.ts'

const { values } = parseArgs({ options: { every: { type: 'string', default: '1' } } })
const every = Number(values.every)
const { records, calls } = await landFour(null)
console.log(`${records} records and ${calls} calls of git when nothing is killed`)
const HOWS: readonly How[] = ['before', 'amid', 'after']
const kills: Kill[] = []
for (let n = 1; n <= records; n += every) kills.push({ at: 'record', n, worker: n % 2 === 0 })
for (let n = 1; n <= calls; n += every) kills.push({ at: 'git', n, how: HOWS[n % HOWS.length] as How })
const failed: string[] = []
let crashes = 0
for (const [n, kill] of kills.entries()) {
  try {
    crashes += (await landFour(kill)).crashes
  } catch (error) {
    failed.push(JSON.stringify(kill))
    console.log(`${JSON.stringify(kill)}: ${error instanceof Error ? error.message : String(error)}`)
  }
  if ((n + 1) % 20 === 0)
    console.log(`${n + 1} of ${kills.length}, ${crashes} killed, failed: ${failed.length}`)
}
console.log(`${kills.length} runs, ${crashes} killed, lost, doubled or red: ${failed.length}`)
process.exitCode = failed.length === 0 ? 0 : 1
