// What comes in is parsed once, here, and what does not fit is refused with one sentence that names the field.

import type { z } from 'zod'
import { Fault } from './fault.ts'

/** @throws {Fault} INPUT_INVALID, with every problem in `details.problems`. */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => said(issue, input))
  throw new Fault('INPUT_INVALID', problems[0] ?? 'The body does not fit.', { problems })
}

function said(issue: z.core.$ZodIssue, input: unknown): string {
  const field = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys')
    return `The field ${quoted(field === '' ? issue.keys[0] : `${field}.${issue.keys[0]}`)} is not known here.`
  if (field === '') return `This does not fit: ${lower(issue.message)}.`
  const missing = issue.code === 'invalid_type' && at(input, issue.path) === undefined
  return missing
    ? `The field ${quoted(field)} is missing.`
    : `The field ${quoted(field)} does not fit: ${lower(issue.message)}.`
}

const at = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    input,
  )

const quoted = (field: string | undefined): string => JSON.stringify((field ?? '').slice(0, 80))

const lower = (message: string): string =>
  message
    .replace(/^Invalid input: /, '')
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase())
    .replace(/\.$/, '')
