// What the kennel keeps: settings, chores that wait, and which dog is at what.

import {
  DOG_NAMES,
  DOGS_DEFAULT,
  JUDGEMENT_USD_DEFAULT,
  JUDGEMENT_WAIT_MS_DEFAULT,
  KEEP_MS_DEFAULT,
} from '../../events/dog-settings.ts'
import type { Chore } from '../../events/dogs.ts'
import type { Json } from '../../events/record.ts'
import type { Deciding } from '../machine.ts'

export type KennelContext = {
  /** Of the town, as far as they concern dogs. */
  settings: { readonly [key: string]: Json }
  /** Until the next look at what is old, ms. */
  dueMs: number
  /** The chore that cleans of itself; null while none does. */
  cleaning: string | null
  /** A setting changed while it cleaned: it looks again soon. */
  again: boolean
  /** A person was told that cleaning does not work, and it has not since. */
  told: boolean
  queue: readonly Chore[]
  /** By the dog's name. */
  working: { readonly [name: string]: Chore }
  /** What judgements have cost on a day (UTC). */
  spent: { readonly day: string; readonly usd: number }
}
export type To = Deciding<KennelContext>

export const NEW: KennelContext = {
  settings: {},
  dueMs: 0,
  cleaning: null,
  again: false,
  told: false,
  queue: [],
  working: {},
  spent: { day: '', usd: 0 },
}

type Settings = KennelContext['settings']

const numberIn = (settings: Settings, key: string, otherwise: number): number => {
  const value = settings[key]
  return typeof value === 'number' ? value : otherwise
}

export const dogsOf = (settings: Settings): readonly string[] =>
  DOG_NAMES.slice(0, numberIn(settings, 'limits.dogs', DOGS_DEFAULT))

/** How soon the first thing that is left behind now will be old, ms. */
export const keepMsOf = (settings: Settings): number =>
  Math.min(
    numberIn(settings, 'keep.recordings', KEEP_MS_DEFAULT),
    numberIn(settings, 'keep.trash', KEEP_MS_DEFAULT),
  )

export const judgingOf = (settings: Settings) => ({
  on: settings['judgements.mode'] === 'on',
  usd: numberIn(settings, 'judgements.budget', JUDGEMENT_USD_DEFAULT),
  waitMs: numberIn(settings, 'judgements.wait', JUDGEMENT_WAIT_MS_DEFAULT),
})
