// What a caller is told when something is refused or fails: an RFC 9457 problem document with our code.
//
// Owns:      the error the routes throw, and how any error becomes a problem.
// Does not:  list codes (src/events/faults.ts does).

import { FAULTS, faultRow } from '../events/faults.ts'
import type { Refusal } from '../events/record.ts'

type Details = Readonly<Record<string, unknown>>

/** Thrown by commands and reads. Codes of machines pass through as they are. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: string
  readonly details: Details
  constructor(code: string, message: string, details: Details = {}) {
    super(message)
    this.code = code
    this.details = details
  }
}

export const refused = ({ code, message, details }: Refusal): Fault => new Fault(code, message, details)

export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly remedy: string
  readonly details: Details
}

function problem(code: string, message: string, details: Details = {}): Problem {
  const { status, remedy } = faultRow(code)
  return { type: `urn:gt:error:${code}`, title: code, status, detail: message, code, remedy, details }
}

/** Any error, also of other rooms (they carry a code of ours) and of the HTTP library. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof Error)) return problem('INTERNAL', `Something of ours broke: ${String(error)}.`)
  const { code, details, statusCode } = error as Error & {
    code?: unknown
    details?: unknown
    statusCode?: unknown
  }
  if (error instanceof Fault) return problem(error.code, error.message, error.details)
  if (typeof code === 'string' && Object.hasOwn(FAULTS, code))
    return problem(code, error.message, isDetails(details) ? details : {})
  if (statusCode === 413) return problem('BODY_TOO_LARGE', 'The body is larger than 1 MB.')
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return { ...problem('INPUT_INVALID', `The body cannot be read: ${error.message}`), status: statusCode }
  return problem('INTERNAL', `Something of ours broke: ${error.message}`)
}

const isDetails = (value: unknown): value is Details => typeof value === 'object' && value !== null
