// Asking the town. What it refuses is told in its own words.
//
// Always:    a question about the past carries `at`, and an answer is of the moment that was asked for.

export class Refused extends Error {
  readonly code: string
  readonly remedy: string
  readonly status: number
  constructor(status: number, { code, detail, remedy }: { code?: string; detail?: string; remedy?: string }) {
    super(detail ?? `The town answered with ${status}.`)
    this.status = status
    this.code = code ?? 'INTERNAL'
    this.remedy = remedy ?? ''
  }
}

/** @param at seq, or null for now */
export async function ask<T>(
  path: string,
  query: Readonly<Record<string, string | number>>,
  at: number | null,
  signal: AbortSignal,
): Promise<T> {
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))
  if (at !== null) search.set('at', String(at))
  const answer = await fetch(`${path}?${search}`, { signal, credentials: 'same-origin' })
  const body = await answer.json()
  if (!answer.ok) throw new Refused(answer.status, body)
  return body as T
}
