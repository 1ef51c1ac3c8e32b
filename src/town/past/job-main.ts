// The thread of one long job: does it, says how far it is, and ends.

import { parentPort, workerData } from 'node:worker_threads'
import type { Slice } from '../../past/compare.ts'
import type { FromJob, JobData, ToJob } from './job-protocol.ts'
import { failed } from './protocol.ts'
import { createReader } from './reader.ts'

const port = parentPort
if (port === null) throw new Error('Broken invariant: a job is a thread of a town')
const { job, dir, name, townId, logId, head } = workerData as JobData
const say = (message: FromJob): void => port.postMessage(message)
const reader = createReader(logId, say)
reader.reached(head)
const { log } = reader
const onProgress = (progress: Extract<FromJob, { kind: 'progress' }>['progress']): void =>
  say({ kind: 'progress', progress })

let waiting: ((slice: Slice) => void) | undefined
const live = {
  next: () =>
    new Promise<Slice>((resolve) => {
      waiting = resolve
      say({ kind: 'slice' })
    }),
}

port.on('message', (message: ToJob) => {
  if (message.kind !== 'slice') return reader.take(message)
  reader.reached(message.head)
  waiting?.(message.slice)
})

/** What a job does not need is not loaded for it. */
async function done(): Promise<unknown> {
  if (job.kind === 'replay') {
    const { replay } = await import('./replay.ts')
    return replay(log, job.asked, live, onProgress)
  }
  const { bisectIn } = await import('./bisect-in.ts')
  return bisectIn({ log, dir, name, townId }, job.asked, onProgress)
}

done().then(
  (result) => say({ kind: 'done', result }),
  (error: unknown) => say({ kind: 'failed', error: failed(error) }),
)
