// Records of the log on one line each.

import { clock } from '../layout.ts'

export type LogRecord = {
  seq: number
  at: string
  actor: string
  by: string
  message: { type: string }
  facts: { type: string }[]
  from: unknown
  to: unknown
  refused?: { code: string }
}

export function recordLine({ seq, at, actor, by, message, facts, from, to, refused }: LogRecord): string {
  const change = JSON.stringify(from) === JSON.stringify(to) ? '' : ` [${stateText(from)} > ${stateText(to)}]`
  const said = facts.map(({ type }) => type).join(' ')
  const end = refused === undefined ? said : `refused: ${refused.code}`
  return `${String(seq).padStart(6)}  ${clock(at)}  ${actor}  ${message.type} by ${by}${change}  ${end}`.trimEnd()
}

export const stateText = (value: unknown): string => {
  if (value === null) return '-'
  if (typeof value === 'string') return value
  return Object.entries(value as object)
    .map(([key, inner]) => `${key}.${stateText(inner)}`)
    .join(',')
}
