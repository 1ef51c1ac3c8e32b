// The towns of this user, so that the only one need not be named. Losing this file loses no town.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export type RegisteredTown = { readonly dir: string; readonly id: string }

export function registeredTowns(env: NodeJS.ProcessEnv): RegisteredTown[] {
  try {
    const { towns } = JSON.parse(readFileSync(registryFile(env), 'utf8')) as { towns: RegisteredTown[] }
    return towns.filter(({ dir }) => typeof dir === 'string')
  } catch {
    return []
  }
}

/** Adds a town. Errors are the caller's: a town works without being listed. */
export function registerTown(env: NodeJS.ProcessEnv, town: RegisteredTown): void {
  const file = registryFile(env)
  const towns = [...registeredTowns(env).filter(({ dir }) => dir !== town.dir), town]
  mkdirSync(dirname(file), { recursive: true })
  // Replaced whole, so that nobody reads half of it.
  const fresh = `${file}.${process.pid}`
  writeFileSync(fresh, `${JSON.stringify({ towns }, null, 2)}\n`, { mode: 0o600 })
  renameSync(fresh, file)
}

function registryFile(env: NodeJS.ProcessEnv): string {
  const state = env.XDG_STATE_HOME
  const home = state !== undefined && state !== '' ? state : join(env.HOME ?? '/', '.local', 'state')
  return join(home, 'gt', 'towns.json')
}
