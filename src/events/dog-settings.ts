// Settings of the dogs: how many there are, how long what was left behind is kept, and whether a model may be asked.
//
// Always:    a value is within its range: what a person sets beyond it is refused with the range.

import { z } from 'zod'
import { duration } from './setting-values.ts'

const DAY_MS = 86_400_000

/** In the order in which they are woken. */
export const DOG_NAMES = ['argos', 'balto', 'hachi', 'laika', 'bolt', 'fido', 'rex', 'toto'] as const
/** Dogs when nothing is set. */
export const DOGS_DEFAULT = 4
/** How long recordings and trash are kept when nothing is set, ms. */
export const KEEP_MS_DEFAULT = 30 * DAY_MS
/** How long a recording that was taken away can be brought back, ms. */
export const KEEP_UNDO_MS_DEFAULT = 7 * DAY_MS
/** Dollars a day, and how long an answer may take, ms. */
export const JUDGEMENT_USD_DEFAULT = 1
export const JUDGEMENT_WAIT_MS_DEFAULT = 2 * 60_000
/** Of a judgement at most, ms; whatever is set. */
export const JUDGEMENT_WAIT_MS_MAX = 10 * 60_000

const between = (from: string, fromMs: number, to: string, toMs: number) =>
  duration.refine((ms) => ms >= fromMs && ms <= toMs, `a time from ${from} to ${to}`)

const kept = between('1d', DAY_MS, '3650d', 3_650 * DAY_MS)

export const dogSettings = {
  'limits.dogs': {
    scope: 'town',
    value: z.number().int('a whole number from 1 to 8').min(1, 'at least 1').max(8, 'at most 8'),
    help: 'dogs (helpers of the Deacon) that work at a time, from 1 to 8',
  },
  'keep.recordings': {
    scope: 'town',
    value: kept,
    help: 'how long the recording of a session that is over stays, from 1d to 3650d',
    example: '90d',
  },
  'keep.trash': {
    scope: 'town',
    value: kept,
    help: 'how long the branch and checkpoints of work that has landed stay, from 1d to 3650d',
    example: '90d',
  },
  'keep.undo': {
    scope: 'town',
    value: between('1h', 3_600_000, '365d', 365 * DAY_MS),
    help: 'how long a recording that was taken away can be brought back, from 1h to 365d',
  },
  'judgements.mode': {
    scope: 'town',
    value: z.enum(['off', 'on']),
    help: 'whether a model is asked about what code cannot decide; off: the safe way is taken',
  },
  'judgements.preset': {
    scope: 'town',
    value: z.string().min(1).max(64),
    help: 'the agent whose program is asked then; agents.default when not said',
  },
  'judgements.budget': {
    scope: 'town',
    value: z.number().min(0, 'at least 0').max(1_000, 'at most 1000'),
    help: 'dollars a day, from 0 to 1000, that judgements may take',
  },
  'judgements.wait': {
    scope: 'town',
    value: between('5s', 5_000, '10m', JUDGEMENT_WAIT_MS_MAX),
    help: 'how long an answer may take, from 5s to 10m; then the safe way is taken',
  },
} as const

/** Whether the dogs are told of a setting. */
export const concernsDogs = (key: string): boolean => Object.hasOwn(dogSettings, key)
