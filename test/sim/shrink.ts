// The smallest town in which the same thing goes wrong: fewer kinds of faults, fewer beads, less time.
//
// Always:    what is left says the same in its own numbers; a run that breaks in another way is not it.

import type { Plant } from './daemon.ts'
import { type Faults, NO_FAULTS, type SimulationOptions, type SimulationResult, simulate } from './world.ts'

export type Shrunk = {
  readonly result: SimulationResult
  readonly options: SimulationOptions
  /** Runs that it took. */
  readonly runs: number
}

/** What went wrong, whoever and whenever it was. */
export const kindOf = (violation: string): string =>
  violation
    .replace(/^at record \d+, \d+ ms: /, '')
    .replaceAll(/[\w-]+(\/[\w.-]+)+|\b[a-z]{2}-u?\d+\b|[0-9a-f]{40}/g, '<name>')
    .replaceAll(/\d+/g, '#')
    .slice(0, 60)

/** A run that throws is one that breaks. */
export async function tried(options: SimulationOptions): Promise<SimulationResult> {
  try {
    return await simulate(options)
  } catch (error) {
    const none = { records: 0, crashes: 0, virtualMs: 0, landed: 0, facts: new Map(), hash: '', notes: [] }
    const rest = {
      lines: [],
      story: [],
      faults: NO_FAULTS,
      beads: 0,
      prefixes: null,
      quiet: { records: 0, effects: 0, processes: 0 },
    }
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { seed: options.seed, violation: `the simulation threw: ${said}`, ...none, ...rest }
  }
}

export async function shrink(
  seed: number,
  found: SimulationResult,
  { plant, runsMax = 40 }: { readonly plant?: Plant; readonly runsMax?: number } = {},
): Promise<Shrunk> {
  const kind = kindOf(found.violation ?? '')
  let best: SimulationResult = found
  let options: SimulationOptions = { seed, ...(plant && { plant }) }
  let runs = 0
  const attempt = async (smaller: Partial<SimulationOptions>): Promise<boolean> => {
    if (runs >= runsMax) return false
    runs += 1
    const result = await tried({ ...options, ...smaller })
    if (result.violation === null || kindOf(result.violation) !== kind) return false
    options = { ...options, ...smaller }
    best = result
    return true
  }
  for (const name of Object.keys(NO_FAULTS) as (keyof Faults)[])
    if (found.faults[name] !== NO_FAULTS[name])
      await attempt({ faults: { ...options.faults, [name]: NO_FAULTS[name] } })
  for (let beads = Math.floor(found.beads / 2), step = beads; step >= 1; step = Math.floor(step / 2))
    beads += (await attempt({ beads: Math.max(1, beads) }))
      ? -Math.max(1, Math.floor(step / 2))
      : Math.max(1, Math.floor(step / 2))
  for (const minutes of [2, 5, 10]) if (await attempt({ faultsForMs: minutes * 60_000 })) break
  return { result: best, options, runs }
}

/** The line that repeats a run. */
export function commandOf({ seed, faults = {}, beads, faultsForMs }: SimulationOptions, plant = ''): string {
  const without = Object.keys(faults)
  return [
    `npm run sim -- --seed ${seed}`,
    ...(without.length > 0 ? [`--without ${without.join()}`] : []),
    ...(beads === undefined ? [] : [`--beads ${beads}`]),
    ...(faultsForMs === undefined ? [] : [`--faults-for ${faultsForMs / 60_000}`]),
    ...(plant === '' ? [] : [`--plant ${plant}`]),
  ].join(' ')
}
