// A process that erases in a log and kills itself before the Nth thing that it does to files.
//
// Arguments: folder of the log, the text that goes, N (0: never; then it says how many there were).

import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const [dir = '', secret = '', nth = '0'] = process.argv.slice(2)
let count = 0
const kills = (): void => {
  count += 1
  if (count === Number(nth)) process.kill(process.pid, 'SIGKILL')
}
for (const name of ['mkdir', 'copyFile', 'rename', 'rm', 'open', 'writeFile'] as const) {
  const was = fs[name] as (...args: unknown[]) => unknown
  Object.assign(fs, {
    [name]: (...args: unknown[]) => {
      // What lies in the temporary folder is no part of it.
      if (String(args[0]).startsWith(dir)) kills()
      return was.apply(fs, args)
    },
  })
}
syncBuiltinESMExports()

const { eraseEntries, openLog } = await import('../../../eventlog/index.ts')
await eraseEntries(dir, {
  erase({ line }) {
    const entry = JSON.parse(line) as Record<string, unknown>
    return entry.text === secret ? { ...entry, text: '' } : undefined
  },
  async finish(draft, erased) {
    const log = await openLog(draft)
    await log.append([{ told: erased }], { id: 'told' })
    await log.close()
  },
})
console.log(count)
