// After a start, or after a host was lost: what is at work in the terminals, against what the log believes.
//
// Owns:      telling endings to their sessions, once each.
// Does not:  decide what an ending means. It never says that something ended which it did not see gone (P5).

import type { Address } from '../../events/record.ts'
import type { SessionEnding, Terminals } from '../../ports/terminals.ts'
import { stoppedBecause } from '../../pty/recorded.ts'
import type { System } from '../../system/types.ts'
import { asRecorded, cleanUpAfter, lastWords } from '../effects/sessions.ts'
import { sessionFiles } from '../files.ts'
import type { TownHearing } from './hearing.ts'
import type { Transcripts } from './transcripts.ts'

/** Sessions whose program should be at work. A starting one is looked for by its own effect. */
const ALIVE = new Set(['running', 'finishing', 'stopping'])

export interface Adoption {
  /** Compares terminals and log. Answers with the sessions that go on. */
  reconcile(): Promise<readonly Address[]>
}

export function createAdoption(options: {
  readonly dir: string
  readonly system: System
  readonly terminals: Terminals
  readonly hearing: TownHearing
  readonly transcripts: Pick<Transcripts, 'finish'>
  readonly onTrouble: (code: string, message: string) => void
}): Adoption {
  const { dir, system, terminals, hearing, transcripts, onTrouble } = options

  terminals.onEnding((session, ending) => {
    tellEnding(session, ending).catch((error: unknown) => onTrouble('ENDING_NOT_TOLD', String(error)))
  })

  async function tellEnding(session: Address, ending: SessionEnding): Promise<void> {
    const said = await lastWords(terminals, session, ending)
    const why = await stoppedBecause(sessionFiles(dir, session).recording).catch(() => null)
    if (why !== null)
      onTrouble(
        'RECORDING_STOPPED',
        `The recording of ${session} is cut (${why}); the session itself went on.`,
      )
    // What its program left running is in a worktree that the next session may get as soon as this one has ended.
    await terminals.stop(session, 0)
    // What its last hooks said, and what it used last, counts before its end.
    await hearing.catchUpAll([session])
    await transcripts.finish(session)
    // Refused when the session ended by another way already; then there is nothing left to tell.
    await system.take({
      id: `ended.${session}`,
      by: 'host',
      messages: [{ to: session, message: { type: 'session.exited', ending: asRecorded(ending, said) } }],
    })
    hearing.forget(session)
    await terminals.forget(session)
    await cleanUpAfter(dir, session)
  }

  return {
    async reconcile() {
      const found = new Map((await terminals.list()).map((info) => [info.id, info]))
      const adopted: Address[] = []
      for (const [address, { value }] of [...system.living('session')]) {
        if (!ALIVE.has(String(value))) continue
        const info = found.get(address)
        if (info === undefined) {
          // Its host is gone. What may be left of it would write into a worktree that goes to another session.
          await terminals.stop(address, 0)
          await tellEnding(address, { kind: 'lost', survivors: [] })
        } else if (info.ending === null) adopted.push(address)
      }
      for (const { id, ending } of found.values()) {
        const value = String(system.owner(id)?.value ?? 'absent')
        if (ending !== null) await tellEnding(id, ending)
        else if (value === 'ended' || value === 'absent') {
          await terminals.stop(id, 0)
          await terminals.forget(id)
        }
      }
      await hearing.catchUpAll(adopted)
      return adopted
    },
  }
}
