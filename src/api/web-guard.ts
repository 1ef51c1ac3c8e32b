// Which requests that come over TCP are heard at all. A browser sends what any page tells it to: that it is on this
// machine says nothing.
//
// Owns:      what Host, Origin and the browser's own Sec-Fetch headers must be; the headers that each answer carries.
// Does not:  know tokens, or what is asked for.
// Always:    a name that is not ours is refused, whoever resolves it to our address (DNS rebinding).

import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { Fault } from './fault.ts'

export type Address = { readonly host: string; readonly port: number }

/** @throws {Fault} HTTP_ADDRESS_INVALID, HTTP_NOT_LOOPBACK. */
export function parseAddress(text: string): Address {
  const [, bracketed, plain, digits = ''] =
    /^(?:(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/i.exec(text) ?? []
  const port = Number(digits)
  if (digits === '' || port > 65_535)
    throw new Fault(
      'HTTP_ADDRESS_INVALID',
      `${JSON.stringify(text.slice(0, 60))} is no address to listen on.`,
    )
  const host = bracketed ?? plain ?? '127.0.0.1'
  if (!isLoopback(host))
    throw new Fault(
      'HTTP_NOT_LOOPBACK',
      `The town listens on this machine alone, and ${host.slice(0, 60)} is not that.`,
    )
  return { host, port }
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

export const urlOf = ({ host, port }: Address): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`

/** What a browser may call us: by the address, or by the name that every machine has for itself. */
export function hostsOf(address: Address): ReadonlySet<string> {
  const { port } = address
  return new Set([urlOf(address), `http://localhost:${port}`].map((url) => url.slice('http://'.length)))
}

/**
 * Refuses what was asked under another name than ours, or by another page than ours. A person may come to a page
 * from anywhere (`isPage`): they see it, and whoever sent them sees nothing of it.
 * @throws {Fault} HOST_NOT_ALLOWED, ORIGIN_NOT_ALLOWED.
 */
export function checkSource(headers: IncomingHttpHeaders, hosts: ReadonlySet<string>, isPage: boolean): void {
  const { host, origin } = headers
  if (host === undefined || !hosts.has(host.toLowerCase()))
    throw new Fault('HOST_NOT_ALLOWED', 'This town is not known by that name.')
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`)
    throw new Fault('ORIGIN_NOT_ALLOWED', 'Another page has asked for this.')
  const site = headers['sec-fetch-site']
  const arrives = isPage && headers['sec-fetch-mode'] === 'navigate'
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !arrives)
    throw new Fault('ORIGIN_NOT_ALLOWED', 'Another page has asked for this.')
}

/** Nothing from elsewhere, nothing inline, in no frame; and no page reads our answers but ours. */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}
