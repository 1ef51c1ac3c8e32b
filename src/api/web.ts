// The town on loopback TCP: the same routes as on its socket, and a page that looks at it.
//
// Owns:      listening, who is heard (web-guard.ts), the page's files, links that let a browser in, its cookie.
// Does not:  answer for the town: that is server.ts, which sees a cookie as the token that it holds.
// Always:    the rules WEB-1 to WEB-6 of src/web/SPEC.md.

import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TOWN } from '../events/address.ts'
import type { Clock } from '../ports/clock.ts'
import { Fault, problemOf } from './fault.ts'
import type { Caller, GivenToken, TokensGiven } from './town.ts'
import type { Said } from './turn.ts'
import type { PageFile } from './web-files.ts'
import { type Address, checkSource, hostsOf, SAFE_HEADERS, urlOf } from './web-guard.ts'

/** Asked for so because an import of it loads a whole HTTP client too, for WebSocket, at each start. */
const { createServer } = process.getBuiltinModule('node:http')

/** How long a link is good for, ms: until a browser has started, even on a busy machine. */
const LINK_MS = 60_000
/** Links that wait for a browser; an older one is forgotten. */
const LINKS_MAX = 20
/** How long a browser that was let in may look, ms. */
const LOOK_MS = 30 * 86_400_000

export type WebServer = {
  /** Where it listens, or null. */
  readonly address: Address | null
  /** @throws {Fault} HTTP_PORT_TAKEN. */
  listen(address: Address): Promise<Address>
  close(): Promise<void>
  /** The part of a URL that lets one browser in. */
  newLink(): { readonly path: string; readonly expiresAt: string }
  /** Hangs up on whoever holds a token that is worth nothing any more. */
  dropRevoked(): void
}

type Parts = {
  readonly townId: string
  readonly clock: Clock
  readonly tokens: TokensGiven
  authenticate(token: string): Caller | null
  /** Has the log know who was let in, before they are. */
  note(said: Said): Promise<void>
  /** Answers as the town's socket does. */
  route(request: IncomingMessage, response: ServerResponse): void
  readonly files: () => ReadonlyMap<string, PageFile>
}

export function createWeb({ townId, clock, tokens, authenticate, note, route, files }: Parts): WebServer {
  // Cookies know no ports: each town has one of its own name.
  const cookie = `gt_${townId}`
  const links = new Map<string, number>()
  const open = new Map<ServerResponse, string>()
  let server: Server | undefined
  let address: Address | null = null
  let hosts: ReadonlySet<string> = new Set()
  let page: ReadonlyMap<string, PageFile> = new Map()

  return {
    get address() {
      return address
    },
    async listen(wanted) {
      const fresh = createServer(answer)
      const port = await listening(fresh, wanted)
      await this.close()
      server = fresh
      address = { host: wanted.host, port }
      hosts = hostsOf(address)
      page = files()
      return address
    },
    async close() {
      const ending = server
      server = undefined
      address = null
      if (ending === undefined) return
      const closed = new Promise((resolve) => ending.close(resolve))
      ending.closeAllConnections()
      await closed
    },
    newLink() {
      const code = randomBytes(32).toString('base64url')
      const until = clock.now() + LINK_MS
      links.set(digest(code), until)
      for (const [old] of [...links].slice(0, -LINKS_MAX)) links.delete(old)
      return { path: `/enter?code=${code}`, expiresAt: new Date(until).toISOString() }
    },
    dropRevoked() {
      for (const [response, token] of open) if (authenticate(token) === null) response.destroy()
    },
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value)
    try {
      const [path = '/', query = ''] = (request.url ?? '/').split('?', 2)
      const isRead = request.method === 'GET' || request.method === 'HEAD'
      const file = isRead ? page.get(path) : undefined
      const enters = isRead && path === '/enter'
      checkSource(request.headers, hosts, isRead && (path === '/' || enters))
      if (file !== undefined) sendFile(request, response, file)
      else if (enters) {
        const code = new URLSearchParams(query).get('code') ?? ''
        enter(request, response, code).catch((error: unknown) => refuse(request, response, error))
      } else answerAsTown(request, response)
    } catch (error) {
      refuse(request, response, error)
    }
  }

  function answerAsTown(request: IncomingMessage, response: ServerResponse): void {
    const token = bearerOf(request) ?? cookieOf(request)
    if (token === null) throw new Fault('TOKEN_MISSING', 'This needs a token.')
    if (authenticate(token) === null)
      throw new Fault('TOKEN_UNKNOWN', 'This token is not known here, or is over.')
    request.headers.authorization = `Bearer ${token}`
    response.setHeader('cache-control', 'no-store')
    open.set(response, token)
    response.on('close', () => open.delete(response))
    route(request, response)
  }

  async function enter(request: IncomingMessage, response: ServerResponse, code: string): Promise<void> {
    // A browser that looks ahead at what somebody may open next must not use it up.
    const ahead = request.method === 'HEAD' || request.headers['sec-purpose'] !== undefined
    const key = digest(code)
    const until = links.get(key)
    if (!ahead) links.delete(key)
    if (until === undefined || until <= clock.now())
      throw new Fault('LINK_OVER', 'This link has been used, or is older than a minute.')
    if (ahead) {
      response.writeHead(503).end()
      return
    }
    const wish = { name: 'dashboard', scopes: ['read'], forMs: LOOK_MS } as const
    const { keep, token, ...given } = tokens.draft(wish, randomBytes(16).toString('hex'))
    await note(giving(given))
    keep()
    response.writeHead(303, {
      location: '/',
      'cache-control': 'no-store',
      'set-cookie': `${cookie}=${token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${LOOK_MS / 1_000}`,
    })
    response.end()
  }

  function bearerOf({ headers }: IncomingMessage): string | null {
    return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1] ?? null
  }

  function cookieOf({ headers }: IncomingMessage): string | null {
    const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='))
    return pairs.find(([name]) => name === cookie)?.[1] ?? null
  }
}

/** What the town is told of a token: all but the secret. */
export const giving = ({ id, name, scopes, expiresAt }: GivenToken): Said => ({
  to: TOWN,
  message: { type: 'town.giveToken', token: id, name, scopes: [...scopes], until: expiresAt },
})

/** @throws {Fault} HTTP_PORT_TAKEN. */
function listening(server: Server, { host, port }: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be had (${error.message})`
      reject(new Fault('HTTP_PORT_TAKEN', `${urlOf({ host, port })} ${why}.`))
    })
    server.listen({ host, port, exclusive: true }, () => resolve((server.address() as AddressInfo).port))
  })
}

function sendFile({ method, headers }: IncomingMessage, response: ServerResponse, file: PageFile): void {
  const { type, bytes, etag } = file
  const same = headers['if-none-match'] === etag
  response.writeHead(same ? 304 : 200, {
    etag,
    'cache-control': 'no-cache',
    ...(!same && { 'content-type': type, 'content-length': bytes.length }),
  })
  response.end(same || method === 'HEAD' ? undefined : bytes)
}

function refuse({ headers }: IncomingMessage, response: ServerResponse, error: unknown): void {
  const { status, ...rest } = problemOf(error)
  const isPerson =
    headers['sec-fetch-mode'] === 'navigate' || headers.accept?.startsWith('text/html') === true
  response.writeHead(status, {
    'content-type': isPerson ? 'text/html; charset=utf-8' : 'application/problem+json',
    'cache-control': 'no-store',
    connection: 'close',
  })
  response.end(isPerson ? sentences(rest) : JSON.stringify({ status, ...rest }))
}

/** All of it is ours: nothing that was asked stands in it. */
const sentences = ({ detail, remedy }: { readonly detail: string; readonly remedy: string }): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>gt</title><link rel="stylesheet" href="/web/style.css"><body class="refused"><main><h1>${escaped(detail)}</h1><p>${escaped(remedy)}</p></main></body></html>`

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)

const digest = (code: string): string => createHash('sha256').update(code).digest('base64url')
