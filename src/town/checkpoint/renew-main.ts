// The thread that makes one checkpoint, and ends.

import { parentPort, workerData } from 'node:worker_threads'
import { failed, type LogAnswer, type LogQuestion } from '../past/protocol.ts'
import { createReader } from '../past/reader.ts'
import { renewCheckpoint } from './renew.ts'
import type { FromRenewal, RenewalData } from './renewals.ts'

const port = parentPort
if (port === null) throw new Error('Broken invariant: a checkpoint is made in a thread of a town')
const { dir, logId, head } = workerData as RenewalData
const say = (message: FromRenewal | LogQuestion): void => port.postMessage(message)
const reader = createReader(logId, say)
reader.reached(head)
port.on('message', (message: LogAnswer) => reader.take(message))

renewCheckpoint(dir, reader.log).then(
  (renewed) => say({ kind: 'done', renewed }),
  (error: unknown) => say({ kind: 'failed', error: failed(error) }),
)
