// The thread of the past: answers what is asked of the log, beside the town that goes on.
//
// Owns:      one question after the other, and what it has folded for them.
// Does not:  hold the log (reader.ts asks for it), know who asks, or outlive an error it cannot name.

import { parentPort, workerData } from 'node:worker_threads'
import { answerPast } from '../../api/past.ts'
import { machineClock } from '../clock.ts'
import { townFiles } from '../files.ts'
import { openPrices } from '../prices/prices.ts'
import { type FromThread, failed, type PastData, type ToThread } from './protocol.ts'
import { createReader } from './reader.ts'
import { createStates } from './states.ts'

const port = parentPort
if (port === null) throw new Error('Broken invariant: the past is a thread of a town')
const { dir, name, townId, logId } = workerData as PastData
const say = (message: FromThread): void => port.postMessage(message)
const reader = createReader(logId, say)
const states = createStates(reader.log, { dir: townFiles(dir).past, writes: true })
const log = Object.assign(reader.log, { firstAts: states.firstAts })
const prices = openPrices(dir)
const dropped = new Map<number, AbortController>()

const town = {
  dir,
  name,
  townId,
  // A read never writes, and waits for nothing that comes.
  log: log as unknown as Parameters<typeof answerPast>[0]['log'],
  clock: machineClock,
  priceOf: prices.of,
  withProjections: states.withProjections,
  between: states,
}

port.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'ask':
      reader.reached(message.head)
      void answer(message)
      return
    case 'grown':
      reader.reached(message.head)
      void keepUp(message.n, message.most)
      return
    case 'drop':
      dropped.get(message.n)?.abort()
      return
    default:
      reader.take(message)
  }
})

/** In the background: what is asked meanwhile is answered between two runs. */
async function keepUp(n: number, most: number | undefined): Promise<void> {
  try {
    say({ kind: 'answer', n, text: String(await states.catchUp(most)) })
  } catch (error) {
    say({ kind: 'failed', n, error: failed(error) })
  }
}

async function answer({ n, ask }: Extract<ToThread, { kind: 'ask' }>): Promise<void> {
  const gone = new AbortController()
  dropped.set(n, gone)
  try {
    say({ kind: 'answer', n, text: await answerPast(town, ask, gone.signal) })
  } catch (error) {
    say({ kind: 'failed', n, error: failed(error) })
  } finally {
    dropped.delete(n)
  }
}
