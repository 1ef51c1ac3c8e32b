// Answers of the forge of tests that are the same whatever is asked: errors, limits, trouble.

import type { ServerResponse } from 'node:http'

export type Json = { readonly [key: string]: unknown }
export type Answer = {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** What the server does instead of answering. `hang`: it never does. `drop`: the connection ends. */
export type Trouble = 'hang' | 'drop' | 'error' | 'moved' | 'limited' | 'secondary' | 'flood' | 'text'

const DOCS = 'https://docs.github.com/rest'

export const said = (status: number, message: string, more: Json = {}): Answer => ({
  status,
  body: { message, ...more, documentation_url: DOCS, status: String(status) },
})

export const limits = (left: number): Record<string, string> => ({
  'x-ratelimit-limit': '5000',
  'x-ratelimit-remaining': String(left),
  'x-ratelimit-used': String(5_000 - left),
  'x-ratelimit-reset': String(Math.floor(Date.now() / 1_000) + 60),
  'x-ratelimit-resource': 'core',
})

/** The answer to give in such trouble; null: none is given. */
export function inTrouble(kind: Trouble, url: string, response: ServerResponse): Answer | null {
  switch (kind) {
    case 'hang':
      return null
    case 'drop':
      response.socket?.destroy()
      return null
    case 'error':
      return { status: 502, body: '<html>Bad Gateway</html>' }
    case 'moved':
      return {
        ...said(301, 'Moved Permanently', { url: `${url}/repositories/42` }),
        headers: { location: `${url}/repositories/42` },
      }
    case 'limited':
      return { ...said(403, 'API rate limit exceeded for user ID 1.'), headers: limits(0) }
    case 'secondary':
      return {
        ...said(
          403,
          'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
        ),
        headers: { 'retry-after': '90' },
      }
    case 'flood':
      return { status: 200, body: { text: 'x'.repeat(12_000_000) } }
    case 'text':
      return { status: 200, body: 'not json' }
  }
}
