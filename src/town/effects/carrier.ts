// What carrying out an effect needs of the town.

import type { EventLog } from '../../../eventlog/types.ts'
import type { EffectKind, EffectParams, Message } from '../../events/index.ts'
import type { Forge } from '../../ports/forge.ts'
import type { Notices } from '../../ports/notices.ts'
import type { Presets, UsageRead } from '../../ports/presets.ts'
import type { Repositories } from '../../ports/repositories.ts'
import type { Terminals } from '../../ports/terminals.ts'
import type { Projections } from '../../projections/index.ts'
import type { OpenEffect, System } from '../../system/types.ts'
import type { Tokens } from '../access/tokens.ts'
import type { Transcripts } from '../agents/transcripts.ts'

export interface Carrier {
  readonly dir: string
  readonly townId: string
  readonly owner: { readonly name: string; readonly email: string }
  readonly system: System
  readonly projections: Projections
  readonly log: EventLog
  readonly tokens: Tokens
  readonly terminals: Terminals
  /** The kinds of agent programs there are. */
  readonly presets: Presets
  /** Dollars; null when nobody knows. */
  priceOf(usage: UsageRead): number | null
  readonly transcripts: Pick<Transcripts, 'finish'>
  repositoriesFor(effectId: string): Repositories
  forgeFor(effectId: string): Forge
  noticesFor(effectId: string): Notices
  /** The operator's environment: that of `gt up`. */
  readonly operatorEnv: Readonly<Record<string, string | undefined>>
  /** Folder of the `gt` that sessions find first. */
  readonly bin: string
}

/** Carries out one kind of effect; the message is the answer for the owner that asked. */
export type CarryOut<K extends EffectKind> = (
  params: EffectParams<K>,
  effect: OpenEffect,
  town: Carrier,
) => Promise<Message>
