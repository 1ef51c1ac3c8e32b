import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ENTRY = join(import.meta.dirname, '../../../dist/src/town/past/expression-main.js')

/** Ends the thread as soon as it has spoken, as whoever asks does with an expression that cannot be parsed. */
const ENDED_AT_ONCE = `
  import { once } from 'node:events'
  import { Worker } from 'node:worker_threads'
  for (let n = 0; n < 60; n += 1) {
    const worker = new Worker(process.env.ENTRY, { workerData: { text: 'beads[' } })
    await once(worker, 'message')
    await worker.terminate()
  }`

test('a thread that is ended at its first word takes nobody with it', { timeout: 60_000 }, () => {
  const { status, signal, stderr } = spawnSync(process.execPath, ['-e', ENDED_AT_ONCE], {
    env: { ENTRY },
    encoding: 'utf8',
  })
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' })
})
