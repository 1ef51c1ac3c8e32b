// Work that conflicts: what is tried before its worker is asked.
//
// Always:    what came out of a try is tested like anything else, and its request says what was done to it.

import type { Resolve } from '../../events/landing-settings.ts'
import type { Event } from '../machine.ts'
import { type RefineryContext, settingsOf } from './refinery.context.ts'
import { isRevert } from './refinery.reverts.ts'

/** What the worker is to try where it conflicts. What is taken back is not guessed at. */
export function resolveAsked(context: RefineryContext, address: string): { resolve?: Resolve[] } {
  const { resolve = [] } = settingsOf(context) ?? {}
  return resolve.length === 0 || isRevert(context, address) ? {} : { resolve: [...resolve] }
}

/** What was done to it, as its request is told. */
export const resolvedIn = ({ resolved }: Event<'merge.built'>) => (resolved === undefined ? {} : { resolved })
