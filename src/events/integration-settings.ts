// How integration branches are named, and how they land.

import { z } from 'zod'
import { MERGE_METHODS } from './landing-settings.ts'

/** Beads from a bead to the epic whose branch its work goes to, at most. */
export const EPIC_DEPTH_MAX = 10

/** `{epic-id}` stands for the id of the epic. */
export const BRANCH_TEMPLATE = 'integration/{epic-id}'

export const integrationSettings = {
  'integration.branch': {
    scope: 'rig',
    value: z
      .string()
      .min(1)
      .max(150)
      .refine((value) => value.includes('{epic-id}'), 'a name with {epic-id} in it'),
    help: 'name of an integration branch when none is given; integration/{epic-id} when it is not set',
    example: 'epics/{epic-id}',
  },
  'integration.method': {
    scope: 'rig',
    value: z.enum(MERGE_METHODS),
    help: 'by which commits an integration branch lands; merge keeps the commits that were tested, and is the default',
  },
  'integration.autoLand': {
    scope: 'rig',
    value: z.boolean(),
    help: 'whether an integration branch lands by itself when the last bead below its epic has landed on it',
  },
} as const

export type MergeMethod = (typeof MERGE_METHODS)[number]
