// The landing of four requests, one of which conflicts and one of which is red, with everything killed once on the way.
//
// Always:    the worker is a process and ends by kill -9, amid a call of git; the daemon is the real system, and ends
//            behind exactly the record that is asked for, or with the worker; what ran in terminals is lost with it.

import { Repository } from './repository.ts'
import { Run } from './sequence.ts'
import { Died, QueueTown, REFINERY } from './town.ts'
import { type How, KilledWorker } from './worker.ts'

export type Kill =
  | { readonly at: 'record'; readonly n: number; readonly worker: boolean }
  | { readonly at: 'git'; readonly n: number; readonly how: How }

export type Landed = {
  /** Records and calls of git from the thaw of the target to the end. */
  readonly records: number
  readonly calls: number
  readonly crashes: number
}

const REQUESTS = 4

/** Throws the first thing that is lost, doubled or red. `kill` null: nothing is killed, and everything is counted. */
export async function landFour(kill: Kill | null): Promise<Landed> {
  const repository = await Repository.make()
  const worker = new KilledWorker(repository.dir)
  const town = new QueueTown(repository, { worker })
  try {
    await town.install({ 'mq.batch': REQUESTS, 'mq.resolve': [] })
    const run = new Run(repository, town)
    await town.say({ to: REFINERY, message: { type: 'refinery.freeze', reason: 'all at once' } })
    for (const kind of ['hot', 'hot', 'red', 'good'] as const)
      await run.does({ does: 'submit', kind, file: 0, forced: false })
    const before = town.records.length
    worker.arm(kill?.at === 'git' ? kill.n : 1_000_000, kill?.at === 'git' ? kill.how : 'amid')
    if (kill?.at === 'record') town.dieAfter = kill.n
    const isOver = () => run.isAtRest() && run.model.landings.length === REQUESTS
    for (let lives = 0; ; lives += 1) {
      try {
        if (lives > 0) {
          await town.startAgain()
          await town.loseHost()
        }
        await run.comeToRest(isOver)
        break
      } catch (error) {
        if (!(error instanceof Died) || lives > 3) throw error
        if (kill?.at === 'record' && kill.worker) worker.kill()
        run.model.check()
      }
    }
    run.model.checkEnd()
    if (run.model.landings.length !== REQUESTS)
      throw new Error(`${run.model.landings.length} of ${REQUESTS} landed`)
    return { records: town.records.length - before, calls: worker.calls, crashes: town.crashes }
  } finally {
    await town.close()
    await worker.close()
    repository.remove()
  }
}
