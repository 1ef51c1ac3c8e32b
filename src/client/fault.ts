// What a client of a town can fail with: the answer's problem, or that there is no answer.

export class ClientFault extends Error {
  override readonly name = 'ClientFault'
  readonly code: string
  /** What to do, when the town said it; else the table of codes knows. */
  readonly remedy: string | null
  readonly details: Readonly<Record<string, unknown>>
  constructor(
    code: string,
    message: string,
    more: { remedy?: string | null; details?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.remedy = more.remedy ?? null
    this.details = more.details ?? {}
  }
}

/** Whether an error carries this code, whoever made it. */
export const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && codes.includes(String((error as { code?: unknown }).code))
