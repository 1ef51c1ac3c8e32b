// Settings of health: how long an agent may give no sign.

import { z } from 'zod'
import type { Patience } from './health.ts'
import { duration } from './setting-values.ts'

/** When nothing is set, ms. */
export const PATIENCE: Patience = {
  start: 2 * 60_000,
  silent: 10 * 60_000,
  tool: 30 * 60_000,
  idle: 2 * 60_000,
  cooldown: 5 * 60_000,
  program: null,
}

const MIN_MS = 1_000
const MAX_MS = 24 * 60 * 60_000
const RANGE = 'a time from 1s to 24h'
const span = duration.refine((ms) => ms >= MIN_MS && ms <= MAX_MS, RANGE)

const both = (help: string, value: z.ZodType = span) => ({ scope: 'both' as const, value, help })

export const healthSettings = {
  'health.start': both('how long a program may take to say that it takes input, 1s to 24h'),
  'health.silent': both('how long a turn may go without a sign, 1s to 24h'),
  'health.tool': both('how long one tool may run without a sign, 1s to 24h'),
  'health.idle': both('how long an agent may rest with its work not handed in, 1s to 24h'),
  'health.cooldown': both('the least time between two steps about an agent that stalls, 1s to 24h'),
  'health.program': both(
    'how long a program without hooks may run at all, 1s to 24h, or "off"',
    z.union([span, z.literal('off')]),
  ),
}

type Settings = { readonly [key: string]: unknown }

/** What is set of it, or null when nothing is. Values are trusted: they were checked when they were set. */
export function patienceSet(town: Settings, rig: Settings): Patience | null {
  const names = Object.keys(PATIENCE) as (keyof Patience)[]
  const set = names.flatMap((name) => {
    const value = rig[`health.${name}`] ?? town[`health.${name}`]
    return value === undefined ? [] : [[name, value === 'off' ? null : value]]
  })
  return set.length === 0 ? null : { ...PATIENCE, ...Object.fromEntries(set) }
}

/** Of each pair the first may not be longer: what is meant to be noticed sooner would be noticed later. */
const ORDER = [
  ['idle', 'silent'],
  ['silent', 'tool'],
] as const

/** One sentence about settings that contradict each other, or null. */
export function contradiction(town: Settings, rig: Settings): string | null {
  const now = patienceSet(town, rig) ?? PATIENCE
  for (const [short, long] of ORDER) {
    if (now[short] <= now[long]) continue
    return (
      `health.${short} (${shown(now[short])}) may not be longer than health.${long} (${shown(now[long])}): ` +
      `set health.${short} to 1s up to ${shown(now[long])}, or health.${long} to ${shown(now[short])} up to 24h first.`
    )
  }
  return null
}

const shown = (ms: number): string =>
  ms % 3_600_000 === 0 ? `${ms / 3_600_000}h` : ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1_000}s`
