// Sealing and checking beside the loop: what another thread does, and what its end costs.

import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLog, type EventLog, openLog } from '../../eventlog/index.ts'
import { temporaryFolder } from './level-subject.ts'

const RUN = 512

/** Threads that were begun, and what is done to the next ones. */
const begun: Worker[] = []
let treat: ((worker: Worker) => void) | undefined
const onWorker = (worker: Worker): void => {
  begun.push(worker)
  treat?.(worker)
}

describe('the thread beside a log', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let dir: string

  beforeEach(async () => {
    folder = await temporaryFolder()
    dir = `${folder.path}/log`
    process.on('worker', onWorker)
  })

  afterEach(async () => {
    treat = undefined
    process.off('worker', onWorker)
    // Each test begins with none.
    await Promise.all(begun.map((worker) => worker.terminate()))
    begun.length = 0
    await folder.remove()
  })

  test('[L19] most of what sealing and checking cost is spent in another thread', async () => {
    const log = await createLog(dir, { autoSeal: false })
    await append(log, 20 * RUN)
    await log.verify()
    expect(begun).toHaveLength(1)
    // The first answer was that of a thread that had to be begun, and compiled.
    for (const work of [() => log.seal(), () => log.verify()]) {
      const here = threadMs()
      const all = processMs()
      await work()
      const [ofHere, ofAll] = [threadMs() - here, processMs() - all]
      expect(ofHere, `${ofHere} of ${ofAll} ms`).toBeLessThan(ofAll / 2)
    }
    expect(await log.stats()).toMatchObject({ sealed: 20 * RUN })
    await log.close()
  })

  test.each(['before it does anything', 'with rows in its hands'])(
    '[L10] [L19] a thread that is killed %s is replaced, and the run is sealed',
    async (when) => {
      const log = await createLog(dir, { autoSeal: false })
      await append(log, 2 * RUN + 7)
      const before = await lines(log)
      let kills = 0
      treat = (worker) => {
        if (kills++ === 0) killWhen(worker, when)
      }
      expect(await log.seal()).toEqual({ segments: 2 })
      expect(kills).toBe(2)
      expect(await lines(log)).toEqual(before)
      expect((await log.verify()).problems).toEqual([])
      await log.close()
    },
  )

  test('[L10] [L19] a run whose thread is killed again and again stays unsealed, and nothing else happens', async () => {
    const troubles: unknown[] = []
    const log = await createLog(dir, { onBackgroundError: (error) => troubles.push(error) })
    treat = (worker) => killWhen(worker, 'with rows in its hands')
    await append(log, RUN + 7)
    await expect(log.seal()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' })
    await expect(log.verify()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' })
    const before = await lines(log)
    expect(before).toHaveLength(RUN + 7)
    expect((await log.stats()).sealed).toBe(0)
    await append(log, RUN)
    while (troubles.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(troubles).toContainEqual(expect.objectContaining({ code: 'LOG_UNAVAILABLE' }))
    treat = undefined
    // The next full run is another occasion.
    await append(log, RUN)
    while ((await log.stats()).sealed < 3 * RUN) await new Promise((resolve) => setTimeout(resolve, 5))
    expect((await lines(log)).slice(0, before.length)).toEqual(before)
    expect((await log.verify()).problems).toEqual([])
    await log.close()
  })

  test('[L19] close waits for no thread, neither sealing nor checking, and leaves a sound log', async () => {
    const log = await createLog(dir, { autoSeal: false })
    await append(log, 3 * RUN)
    treat = (worker) => {
      // It never hears of anything, so it never answers.
      worker.postMessage = () => {}
    }
    const sealing = log.seal()
    const checking = log.verify().catch((error: unknown) => error)
    await log.close()
    expect(await sealing).toEqual({ segments: 0 })
    treat = undefined
    await begun[0]?.terminate()
    expect(await checking).toMatchObject({ code: 'LOG_CLOSED' })
    const again = await openLog(dir, { autoSeal: false })
    expect(await again.verify()).toMatchObject({ ok: true, records: 3 * RUN })
    expect(await again.seal()).toEqual({ segments: 3 })
    await again.close()
  })

  test('[L19] a log closed and opened again while it is sealed is sealed to its end, and is sound', async () => {
    let log = await createLog(dir)
    for (let round = 0; round < 6; round += 1) {
      await append(log, 2 * RUN)
      void log.seal()
      if (round % 2 === 0) await log.reopen()
      else {
        await log.close()
        log = await openLog(dir)
      }
    }
    await log.seal()
    expect((await log.stats()).sealed).toBe(12 * RUN)
    expect(await log.verify()).toMatchObject({ ok: true, records: 12 * RUN })
    await log.close()
  })

  test('[L19] [P7] the thread ends when it has had nothing to do for a while, and the next job begins another', async () => {
    const log = await createLog(dir, { autoSeal: false })
    await append(log, RUN)
    await log.seal()
    const [first] = begun
    if (first) await once(first, 'exit')
    expect((await log.verify()).ok).toBe(true)
    expect(begun).toHaveLength(2)
    await log.close()
  })

  test('[L19] entries that are not sealed need no thread', async () => {
    const log = await createLog(dir)
    await append(log, RUN - 1)
    await log.seal()
    expect(await lines(log)).toHaveLength(RUN - 1)
    await log.close()
    expect(begun).toEqual([])
  })
})

function killWhen(worker: Worker, when: string): void {
  if (when === 'before it does anything') void worker.terminate()
  // It asks for more when it has taken rows.
  else worker.on('message', ({ kind }: { kind: string }) => kind === 'more' && void worker.terminate())
}

async function append(log: EventLog, count: number): Promise<void> {
  const first = log.next
  const under: Promise<unknown>[] = []
  for (let n = first; n < first + count; n += 64) {
    const some = Array.from({ length: Math.min(64, first + count - n) }, (_, index) => entry(n + index))
    under.push(log.append(some, { id: `n-${n}` }))
  }
  await Promise.all(under)
}

const entry = (n: number) => ({ n, actor: `agent/${n % 7}`, text: `${n} `.repeat(100) })

async function lines(log: EventLog): Promise<string[]> {
  const found: string[] = []
  for await (const { line } of log.read()) found.push(line)
  return found
}

/** ms that this thread has computed. Asking for the whole process first brings the figure up to now. */
function threadMs(): number {
  process.cpuUsage()
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function processMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
