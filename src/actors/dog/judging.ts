// What came of a question that a model was asked, for whoever asked it.

import type { ChoreOf } from '../../events/dogs.ts'
import type { FactOf } from '../../events/index.ts'
import type { Deciding, Event } from '../machine.ts'

type To = Pick<Deciding<object>, 'fact' | 'tell'>
type Given = Pick<FactOf<'JudgementGiven'>, 'choice' | 'by' | 'why'>
type Took = Pick<FactOf<'JudgementGiven'>, 'seen' | 'calls' | 'tokens' | 'costUsd'>

/** Gives what it has cost; null when nobody knows. */
export function judged(
  dog: string,
  chore: ChoreOf<'judge'>,
  event: Event<'chore.judged'>,
  to: To,
): number | null {
  const { choice, why, runtime, usage, seen } = event
  const { about, bead, rig, safe, choices } = chore
  const of = <K extends 'input' | 'output' | 'cacheRead' | 'cacheWrite' | 'requests'>(key: K) =>
    usage.reduce((sum, each) => sum + each[key], 0)
  const tokens = of('input') + of('output') + of('cacheRead') + of('cacheWrite')
  // An answer of which nothing was counted has cost something all the same.
  const known = usage.length > 0 && usage.every(({ costUsd }) => costUsd !== null)
  const costUsd = known ? usage.reduce((sum, each) => sum + (each.costUsd ?? 0), 0) : null
  for (const each of usage)
    to.fact({ type: 'TokensUsed', session: dog, agent: dog, bead, rig, role: 'dog', runtime, ...each })
  const isChoice = choice !== null && choices.includes(choice)
  tellOf(
    chore,
    isChoice
      ? { choice, by: 'model', why }
      : { choice: safe, by: 'safe', why: why === '' ? `no answer about ${about}` : why },
    { seen, calls: Math.max(1, of('requests')), tokens, costUsd },
    to,
  )
  return costUsd
}

/** Nothing came of it. */
export const giveSafe = (chore: ChoreOf<'judge'>, why: string, to: To): void =>
  tellOf(chore, { choice: chore.safe, by: 'safe', why }, { seen: '', calls: 1, tokens: 0, costUsd: null }, to)

function tellOf(chore: ChoreOf<'judge'>, given: Given, took: Took, to: To): void {
  const { judgement, asker, about, rig, bead, code, question, choices, evidence } = chore
  const what = { asker, about, rig, bead, code, question, choices, evidence }
  to.fact({ type: 'JudgementGiven', judgement, ...given, ...what, ...took })
  to.tell({ to: asker, message: { type: 'judgement.given', judgement, ...given } })
}
