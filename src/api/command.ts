// What a command is to the routes.

import type { z } from 'zod'
import type { SessionRole } from '../events/address.ts'
import type { Caller, Scope, TownHandle } from './town.ts'

export type CommandContext<Input, C extends Caller = Caller> = {
  readonly town: TownHandle
  readonly caller: C
  readonly input: Input
  /** Makes it idempotent. */
  readonly id: string
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal
  /** Tells the caller how far it is, when they asked for that. */
  readonly onProgress?: ((progress: object) => void) | undefined
}

/** Who may give it. `anyone`: the person, and a session as far as it is its own. A list: the person, and those. */
type Who = 'operator' | 'session' | 'anyone' | readonly SessionRole[]

export type CommandRoute = {
  readonly name: string
  readonly summary: string
  readonly who: Who
  /** Of the token, when it was given out with some only; `whole`: the person's own. Absent: write. */
  readonly scope?: Scope | 'whole'
  readonly input: z.ZodObject
  run(context: CommandContext<unknown>): Promise<Answer>
}

/** Plain JSON. Whatever changed something says which record was the last of it. */
export type Answer = { readonly [key: string]: unknown; readonly seq: number }

/** Keeps the type of the input between its schema and `run`. */
export const command = <S extends z.ZodObject>(spec: {
  readonly name: string
  readonly summary: string
  readonly who: Who
  readonly scope?: CommandRoute['scope']
  readonly input: S
  run(context: CommandContext<z.output<S>>): Promise<Answer>
}): CommandRoute => spec as unknown as CommandRoute
