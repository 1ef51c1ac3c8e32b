// What a why says beyond the feed: why an attempt began, and which checks passed.

import type { AttemptReason } from '../../events/define.ts'
import type { LogRecord } from '../../events/record.ts'

/** Why a session began. */
export const BEGAN: Readonly<Record<AttemptReason, string>> = {
  first: 'the first try',
  rework: 'its work did not fit onto the target',
  gateFailed: 'its work did not pass',
  recovered: 'the session before it had died',
  handoff: 'the session before it handed over',
}

type Check = { readonly name: string; readonly outcome: string; readonly durationMs: number }

/** Said when nothing else is: a landing says itself what it is. */
export function checksPassed({ facts }: LogRecord): string | null {
  const fact = facts.find(({ type }) => type === 'MergeLanding')
  if (fact === undefined) return null
  const results = fact.results as readonly Check[]
  if (results.length === 0) return 'no check is asked for'
  return `the checks pass: ${results.map(({ name, durationMs }) => `${name} in ${seconds(durationMs)}`).join(', ')}`
}

const ORDERS: { readonly [message: string]: string } = {
  'sandbox.retry': 'another try is asked for',
  'session.stop': 'its session is to end',
}

/** Of a person's word that no fact tells of. */
export function began({ cause, message, from, to }: LogRecord): string | null {
  if (cause !== null || JSON.stringify(from) === JSON.stringify(to)) return null
  return ORDERS[message.type] ?? null
}

const seconds = (ms: number): string => (ms < 950 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`)
