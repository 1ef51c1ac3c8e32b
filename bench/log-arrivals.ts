// A clock for arrivals: a thread that says when each one is due, so that the loop that serves them rests between two as
// that of a daemon does. Its own timers are too coarse, and one that looks at the clock all the time is what others wait for.

import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** ms since 1970, the same in every thread. */
const now = (): number => performance.timeOrigin + performance.now()

/** Calls at each of these ms from now on; answers the ms of each call, and what it had to wait to be made counts. */
export async function callAt(
  due: Float64Array,
  call: (n: number) => Promise<number>,
): Promise<readonly number[]> {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: due })
  const under: Promise<number>[] = []
  await new Promise<void>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', () => resolve())
    worker.on('message', (at: number) => {
      const late = Math.max(0, now() - at)
      under.push(call(under.length).then((took) => took + late))
    })
  })
  return Promise.all(under)
}

if (!isMainThread && workerData instanceof Float64Array) {
  const nobody = new Int32Array(new SharedArrayBuffer(4))
  // Whoever listens must have begun to.
  const begun = now() + 50
  for (const due of workerData) {
    const left = begun + due - now()
    if (left > 0) Atomics.wait(nobody, 0, 0, left)
    parentPort?.postMessage(begun + due)
  }
}
