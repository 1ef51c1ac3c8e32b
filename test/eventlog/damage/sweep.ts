// Every point at which the process of a log may be killed, or a call to the system may fail.
//
// Owns:      the list of points: kind of file, call, how often it was made before; and what came of each.
// Always:    each point begins with the same log and does the same work (writer.ts); a failure names its point, which
//            `npm run damage -- --point '<point>'` repeats.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { wrongWith } from './judge.ts'
import { copyFolder, type SoundLog } from './sound-log.ts'
import { CALLS, type Call, countsIn, GROUPS, type Group, runTraced } from './strace.ts'

/** What happens at a point: the process is killed before the call, or the call fails once, or six times in a row. */
export type Blow = 'kill' | 'EIO' | 'EIO-EIO' | 'ENOSPC'

export type Point = { readonly group: Group; readonly call: Call; readonly n: number; readonly blow: Blow }

export const nameOf = ({ group, call, n, blow }: Point): string => `${group}:${call}:${n}:${blow}`

export function pointOf(name: string): Point {
  const [group, call, n, blow] = name.split(':')
  return { group: group as Group, call: call as Call, n: Number(n), blow: blow as Blow }
}

export type Outcome = {
  readonly point: Point
  /** The call was made so often, and so the blow was struck. */
  readonly struck: boolean
  readonly acks: number
  readonly wrong: string | undefined
}

/** Calls of which the Nth is a point: as many as the work makes when nothing fails. */
export async function countCalls(
  sound: SoundLog,
  scratch: string,
  amount: 'short' | 'whole',
): Promise<readonly { readonly group: Group; readonly call: Call; readonly count: number }[]> {
  const counted: { group: Group; call: Call; count: number }[] = []
  for (const group of GROUPS) {
    const dir = await copyFolder(sound.dir, join(scratch, 'counted'))
    const told = await runTraced(dir, { group, amount })
    if (!told.ended) throw new Error(`The work does not end by itself: ${told.complained}${told.troubles[0]}`)
    const counts = countsIn(told.trace)
    for (const call of CALLS) {
      const count = counts.get(call) ?? 0
      if (count > 0) counted.push({ group, call, count })
    }
    await rm(dir, { recursive: true })
  }
  return counted
}

/** Strikes at one point, and looks what is left. `scratch` is used by nobody else meanwhile. */
export async function strike(
  sound: SoundLog,
  scratch: string,
  point: Point,
  amount: 'short' | 'whole',
): Promise<Outcome> {
  const { call, n, blow, group } = point
  const dir = await copyFolder(sound.dir, join(scratch, 'struck'))
  const how = blow === 'kill' ? 'signal=SIGKILL' : `error=${blow.slice(0, blow === 'ENOSPC' ? 6 : 3)}`
  const when = blow === 'EIO-EIO' ? `${n}..${n + 5}` : `${n}`
  const told = await runTraced(dir, { group, amount, inject: `${call}:${how}:when=${when}` })
  const struck = blow === 'kill' ? !told.ended : told.trace.includes('(INJECTED)')
  const outcome = (wrong: string | undefined): Outcome => ({ point, struck, acks: told.acks.length, wrong })
  if (told.complained !== '') return outcome(`it says: ${told.complained.slice(0, 500)}`)
  // What fails is tried again until it works: so the work must come to its end.
  if (blow !== 'kill' && (!told.ended || told.late))
    return outcome(`it did not go on; ${told.troubles.at(-1) ?? ''}`)
  return outcome(await wrongWith(dir, scratch, sound, told.acks))
}
