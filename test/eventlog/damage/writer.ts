// A process that writes a fixed work to a log, whatever becomes of the disk, and says on stdout what was acknowledged.
//
// Arguments: folder of the log, a prefix for its ids, how much: `short`, `whole` or `endless`, and after how many ms what was
//            refused is tried again.
// Output:    `open`, then one line `ack <id> <first> <last>` for each answered append, `trouble <code>` for each refusal, and `end`.
//
//   The whole work begins another file of LevelDB's own log, seals a run, merges tables and opens the log again. What is
//   refused is asked for again with its id, after the log was opened again, as a town does it.

import { writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { type Entry, type EventLog, LogError, openLog } from '../../../eventlog/index.ts'

const [dir = '', prefix = 'n', amount = 'whole', againMs = '20'] = process.argv.slice(2)
const say = (line: string): number => writeSync(1, `${line}\n`)

let log: EventLog
for (;;) {
  try {
    log = await openLog(dir, {
      autoSeal: false,
      onBackgroundError: (error) => say(`trouble ${error.message}`),
    })
    break
  } catch (error) {
    await tellOrThrow(error)
  }
}
say(`open ${log.head.seq}`)

let count = 0
for (let n = 0; amount === 'endless'; n += 1) await put((n % 3) + 1, (n * 977) % 5_000)
for (let n = 0; n < 6; n += 1) await put(1, 40)
// Several at once share a commit.
await Promise.all([put(3, 30), put(1, 10), put(2, 20)])
await again(() => log.seal())
if (amount === 'whole') for (let n = 0; n < 5; n += 1) await put(1, 900_000)
await put(2, 100)
await again(() => log.compact())
await put(1, 100)
await again(() => log.reopen())
for (let n = 0; n < 3; n += 1) await put(1, 50)
await log.close()
say('end')

async function put(entries: number, size: number): Promise<void> {
  count += 1
  const id = `${prefix}-${count}`
  const some: Entry[] = Array.from({ length: entries }, (_, part) => ({
    id,
    part,
    of: entries,
    text: 'x'.repeat(size),
  }))
  for (;;) {
    try {
      const { first, last } = await log.append(some, { id })
      say(`ack ${id} ${first} ${last}`)
      return
    } catch (error) {
      await tellOrThrow(error)
      await log.reopen().catch(tellOrThrow)
    }
  }
}

async function again(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work()
      return
    } catch (error) {
      await tellOrThrow(error)
      await log.reopen().catch(tellOrThrow)
    }
  }
}

async function tellOrThrow(error: unknown): Promise<void> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  say(`trouble ${code} ${error instanceof Error ? error.message : ''}`)
  const passes = ['APPEND_UNKNOWN', 'LOG_POISONED', 'LOG_UNAVAILABLE']
  if (error instanceof LogError && !passes.includes(error.code)) throw error
  await wait(Number(againMs))
}
