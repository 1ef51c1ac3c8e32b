// What can still be asked of a session: a copy of its conversation, or what is written down of it.

import { existsSync } from 'node:fs'
import type { SessionRow } from '../projections/sessions.ts'
import type { TownHandle } from './town.ts'

/**
 * `talk`: a copy of its conversation can be asked. `read`: only what is written down can be looked through. Of a crew
 * member nobody counts what an answer takes, so that only a polecat's is asked.
 */
function readiness(town: Pick<TownHandle, 'presets'>, row: SessionRow): 'talk' | 'read' {
  const { runtime, runtimeSession, transcript, turns, session } = row
  const preset = runtime === null ? null : town.presets.get(runtime)
  const kept = runtimeSession !== null && turns > 0 && transcript !== null && existsSync(transcript)
  return preset?.seance !== undefined && kept && session.includes('/polecats/') ? 'talk' : 'read'
}

export const sessionShape = (town: Pick<TownHandle, 'presets'>, row: SessionRow) => ({
  ...structuredClone(row),
  asks: readiness(town, row),
})
