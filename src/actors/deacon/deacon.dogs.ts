// What the Deacon tells its dogs: that something was left behind which will be old one day.
//
// Always:    said once, until the kennel says that nothing is left.

import { KENNEL } from '../../events/address.ts'
import type { Json } from '../../events/record.ts'
import type { Deciding } from '../machine.ts'

type Context = { readonly [key: string]: Json | undefined }
type To = Deciding<Context>

const AGING = 'dogs/aging'

/** An assignment is over, and with it what is kept of it begins to age. */
export function leftBehind(context: Context, to: To): void {
  if (context[AGING] === true) return
  to.set({ [AGING]: true })
  to.tell({ to: KENNEL, message: { type: 'kennel.aging' } })
}

/** From the kennel. */
export function tidied(to: To): void {
  to.set({ [AGING]: undefined })
}
