// One request to a forge's API: who asks, how long, how much, and what an answer that is none means.
//
// Owns:      token, time and size of a request; the codes of what goes wrong.
// Does not:  know pull requests (github.ts), follow an address that it was not given.
// Crosses:   the one place that reads the operator's token; it leaves in the header of a request and nowhere else.

import { readFile } from 'node:fs/promises'
import type { ForgeAt } from '../ports/forge.ts'
import { RepositoryError, type RepositoryErrorCode } from '../ports/repositories.ts'

/** Longest that one request may take, ms. */
const REQUEST_MS_MAX = 30_000
/** Longest answer that is read, bytes. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024
const PAGES_MAX = 10
const TOKEN_BYTES_MAX = 4_096

export type Asking = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT'
  /** Below the repository: `/pulls/3`. */
  readonly path: string
  readonly body?: unknown
}
export type Answer = { readonly status: number; readonly body: unknown; readonly next: number | null }

/** Asks, and gives the answer if its status is 2xx or one of `expected`. @throws RepositoryError FORGE_* */
export async function askForge(
  forge: ForgeAt,
  { method, path, body }: Asking,
  expected: readonly number[] = [],
  timeoutMs = REQUEST_MS_MAX,
): Promise<Answer> {
  const base = checkedUrl(forge.url)
  const token = await tokenOf(forge)
  const signal = AbortSignal.timeout(timeoutMs)
  const told = (text: string): string =>
    text
      .replaceAll(token, '***')
      .replaceAll(/\p{Cc}+/gu, ' ')
      .slice(0, 500)
  let response: Response
  let text: string
  try {
    response = await fetch(`${base}/repos/${checkedRepo(forge.repo)}${path}`, {
      method,
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${token}`,
        'user-agent': 'gt',
        'x-github-api-version': '2022-11-28',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      // The token goes nowhere that the settings do not name.
      redirect: 'manual',
      signal,
    })
    text = await bounded(response)
  } catch (error) {
    if (error instanceof RepositoryError) throw error
    const { name, message, cause } = error as Error
    const why = name === 'TimeoutError' ? `no answer within ${timeoutMs / 1_000} s` : message
    const said = cause instanceof Error ? `${why} (${cause.message})` : why
    throw new RepositoryError('FORGE_UNREACHABLE', told(`${base} could not be asked: ${said}.`))
  }
  const { status } = response
  const answer = parsed(text)
  if ((status >= 200 && status < 300) || expected.includes(status)) {
    if (answer === undefined && text !== '')
      throw new RepositoryError('FORGE_ANSWER_UNREADABLE', `${base} answered with what is no JSON.`)
    return { status, body: answer, next: nextPage(response.headers.get('link')) }
  }
  throw refusal(base, forge.repo, response, told(sentenceOf(answer)))
}

/** All rows of a list, page after page, at most ten of 100. `rows` finds them in a page. */
export async function askAll(
  forge: ForgeAt,
  path: string,
  rows: (body: unknown) => readonly unknown[] = (body) => body as readonly unknown[],
): Promise<unknown[]> {
  const all: unknown[] = []
  const list = `${path}${path.includes('?') ? '&' : '?'}per_page=100`
  for (let page: number | null = 1; page !== null; ) {
    if (page > PAGES_MAX)
      throw new RepositoryError('FORGE_ANSWER_UNREADABLE', `The list ${path} of ${forge.repo} does not end.`)
    const answer: Answer = await askForge(forge, { method: 'GET', path: `${list}&page=${page}` })
    all.push(...rows(answer.body))
    page = answer.next
  }
  return all
}

/** https, or http to this machine: a token is not said to a network. @throws RepositoryError FORGE_NOT_SET */
export function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const isHere = url !== null && /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname)
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isHere)
  if (url === null || !isSafe || url.username !== '' || url.search !== '')
    throw new RepositoryError('FORGE_NOT_SET', 'forge.url is no https address (http only on this machine).')
  return text.replace(/\/+$/, '')
}

function checkedRepo(repo: string): string {
  if (/^[A-Za-z0-9_.-]{1,100}\/[A-Za-z0-9_.-]{1,100}$/.test(repo) && !/(^|\/)\.{1,2}(\/|$)/.test(repo))
    return repo
  throw new RepositoryError(
    'FORGE_NOT_SET',
    `${JSON.stringify(repo.slice(0, 100))} is no owner/name; set forge.repo.`,
  )
}

async function tokenOf({ tokenFile }: ForgeAt): Promise<string> {
  const missing = (why: string) =>
    new RepositoryError('FORGE_TOKEN_MISSING', `${why}; nothing was asked of the forge.`)
  let text: string
  if (tokenFile === null) text = process.env.GITHUB_TOKEN ?? ''
  else {
    try {
      text = await readFile(tokenFile, 'utf8')
    } catch {
      throw missing('The file that forge.tokenFile names cannot be read')
    }
  }
  const token = text.trim()
  if (token === '')
    throw missing(
      tokenFile === null
        ? 'Neither forge.tokenFile is set nor was GITHUB_TOKEN there when the town was brought up'
        : 'The file that forge.tokenFile names is empty',
    )
  if (token.length > TOKEN_BYTES_MAX || !/^[\x21-\x7e]+$/.test(token))
    throw missing('What was to be the token of the forge is none')
  return token
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > ANSWER_BYTES_MAX)
      throw new RepositoryError('FORGE_ANSWER_UNREADABLE', 'The forge answered with more than 8 MB.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What it says is wrong, with the reasons that stand below. */
function sentenceOf(body: unknown): string {
  const { message, errors } = (body ?? {}) as { message?: unknown; errors?: unknown }
  const reasons = Array.isArray(errors)
    ? errors.map((one: { message?: unknown; field?: unknown; code?: unknown }) =>
        typeof one.message === 'string' ? one.message : `${String(one.field)}: ${String(one.code)}`,
      )
    : []
  return [typeof message === 'string' ? message : 'it gave no reason', ...reasons]
    .join('; ')
    .replace(/\.+$/, '')
}

function refusal(base: string, repo: string, { status, headers }: Response, said: string): RepositoryError {
  const failed = (code: RepositoryErrorCode, message: string, details: Record<string, unknown> = {}) =>
    new RepositoryError(code, message, { status, ...details })
  const waitMs = patience(headers)
  if (status === 429 || (status === 403 && waitMs !== null))
    return failed('FORGE_BUSY', `${base} wants no more requests for now: ${said}.`, {
      waitMs: waitMs ?? 60_000,
    })
  if (status >= 300 && status < 400)
    return failed('FORGE_MOVED', `${repo} is elsewhere now; set forge.repo, or the remote, to its new name.`)
  if (status === 401 || status === 403) return failed('FORGE_REFUSED', `${base} refuses the token: ${said}.`)
  if (status === 404)
    return failed(
      'FORGE_NOT_FOUND',
      `${base} knows no such thing in ${repo}, or not with this token: ${said}.`,
    )
  if (status >= 500) return failed('FORGE_UNREACHABLE', `${base} answered ${status}: ${said}.`)
  return failed('FORGE_SAYS_NO', `${base} answered ${status}: ${said}.`)
}

/** How long it asks to be left alone, ms; null when it does not. */
function patience(headers: Headers): number | null {
  const after = Number(headers.get('retry-after') ?? Number.NaN)
  if (Number.isFinite(after)) return Math.max(1_000, after * 1_000)
  if (headers.get('x-ratelimit-remaining') !== '0') return null
  const reset = Number(headers.get('x-ratelimit-reset') ?? Number.NaN) * 1_000 - Date.now()
  return Number.isFinite(reset) ? Math.max(1_000, reset) : 60_000
}

/** Number of the next page. The address that comes with it is not followed: it may name the repository otherwise. */
const nextPage = (link: string | null): number | null => {
  const page = Number(/<[^<>]*[?&]page=(\d+)[^<>]*>;\s*rel="next"/.exec(link ?? '')?.[1] ?? Number.NaN)
  return Number.isFinite(page) ? page : null
}
