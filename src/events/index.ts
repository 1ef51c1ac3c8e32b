// The vocabulary: every message, fact and effect there is, found by name.

import { z } from 'zod'
import { aheadEffects, aheadFacts, aheadMessages } from './ahead.ts'
import { beadFacts, beadMessages } from './bead.ts'
import { bootEffects, bootFacts, bootMessages } from './boot.ts'
import { budgetFacts, budgetMessages, stopFacts, stopMessages } from './budget.ts'
import { crewFacts, crewMessages } from './crew.ts'
import { askingMessages, decisionEffects, decisionFacts, decisionMessages } from './decision.ts'
import type { EffectSpec } from './define.ts'
import { dogEffects, dogFacts, dogMessages, kennelMessages } from './dogs.ts'
import { forkFacts, forkMessages } from './fork.ts'
import { healthFacts, ladderMessages, stallMessages, watchMessages } from './health.ts'
import { hearingFacts, hearingMessages } from './hearing.ts'
import { integrationEffects, integrationFacts, integrationMessages } from './integration.ts'
import { keepingEffects, keepingFacts, keepingMessages } from './keeping.ts'
import {
  landingEffects,
  mergeRequestFacts,
  mergeRequestMessages,
  refineryFacts,
  refineryMessages,
  witnessFacts,
  witnessMessages,
} from './landing.ts'
import { deaconFacts, deaconMessages, mayorFacts, mayorMessages } from './mayor.ts'
import { composerMessages, nudgeEffects, nudgeFacts, nudgeMessages } from './nudge.ts'
import { planFacts, planMessages } from './plan.ts'
import { pullAnswers, pullEffects, pullFacts, pullMessages } from './pull.ts'
import { reviewAnswers, reviewEffects, reviewFacts, reviewMessages } from './review.ts'
import { systemEffects, systemMessages } from './system.ts'
import { rigEffects, rigFacts, rigMessages, townFacts, townMessages } from './town.ts'
import {
  polecatFacts,
  polecatMessages,
  sandboxFacts,
  sandboxMessages,
  sessionFacts,
  sessionMessages,
  workerEffects,
} from './worker.ts'

const messages = [
  ...townMessages,
  ...rigMessages,
  ...beadMessages,
  ...mayorMessages,
  ...deaconMessages,
  ...bootMessages,
  ...kennelMessages,
  ...dogMessages,
  ...polecatMessages,
  ...sandboxMessages,
  ...keepingMessages,
  ...sessionMessages,
  ...crewMessages,
  ...hearingMessages,
  ...watchMessages,
  ...stallMessages,
  ...askingMessages,
  ...composerMessages,
  ...nudgeMessages,
  ...decisionMessages,
  ...planMessages,
  ...witnessMessages,
  ...ladderMessages,
  ...refineryMessages,
  ...mergeRequestMessages,
  ...aheadMessages,
  ...pullMessages,
  ...pullAnswers,
  ...reviewMessages,
  ...reviewAnswers,
  ...integrationMessages,
  ...budgetMessages,
  ...stopMessages,
  ...forkMessages,
  ...systemMessages,
] as const

const facts = [
  ...townFacts,
  ...rigFacts,
  ...beadFacts,
  ...mayorFacts,
  ...deaconFacts,
  ...bootFacts,
  ...dogFacts,
  ...polecatFacts,
  ...sandboxFacts,
  ...keepingFacts,
  ...sessionFacts,
  ...crewFacts,
  ...hearingFacts,
  ...healthFacts,
  ...nudgeFacts,
  ...decisionFacts,
  ...planFacts,
  ...witnessFacts,
  ...refineryFacts,
  ...mergeRequestFacts,
  ...aheadFacts,
  ...pullFacts,
  ...reviewFacts,
  ...integrationFacts,
  ...budgetFacts,
  ...stopFacts,
  ...forkFacts,
] as const

export const Message = z.discriminatedUnion('type', messages)
export type Message = z.infer<typeof Message>
export type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>

export const Fact = z.discriminatedUnion('type', facts)
export type Fact = z.infer<typeof Fact>
export type FactOf<T extends Fact['type']> = Extract<Fact, { type: T }>

export const EFFECTS = {
  ...rigEffects,
  ...workerEffects,
  ...keepingEffects,
  ...nudgeEffects,
  ...decisionEffects,
  ...landingEffects,
  ...aheadEffects,
  ...pullEffects,
  ...reviewEffects,
  ...integrationEffects,
  ...bootEffects,
  ...dogEffects,
  ...systemEffects,
} as const
export type EffectKind = keyof typeof EFFECTS
export type EffectParams<K extends EffectKind> = z.infer<(typeof EFFECTS)[K]['params']>
export const effectSpec = (kind: string): EffectSpec | undefined =>
  (EFFECTS as Record<string, EffectSpec>)[kind]

export const MESSAGE_TYPES: readonly string[] = messages.map((schema) => schema.shape.type.value)
export const FACT_TYPES: readonly string[] = facts.map((schema) => schema.shape.type.value)

/** Names that old logs still contain. Never give one a new meaning. */
export const RETIRED: readonly string[] = []

export type { LogRecord } from './record.ts'
