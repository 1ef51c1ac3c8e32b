// Asking a town: what both ways of asking have in common.

import { randomUUID } from 'node:crypto'
import { ClientFault } from './fault.ts'
import type { OnProgress, Response, ServerEvent } from './http.ts'

export type Answer = { readonly [key: string]: unknown; readonly seq?: number }

export interface Connection {
  /** The town's folder, as far as the asker may know it. */
  readonly dir: string | null
  /** @throws {ClientFault} with the code of the refusal. */
  get<T = Answer>(path: string, query?: Query): Promise<T>
  /** Sends a command with an id of its own, so that it is done once however often it has to be sent. */
  command<T = Answer>(name: string, input: object, watch?: CommandWatch): Promise<T>
  /**
   * Calls `onEvent` for each event after `after` until `signal` is aborted, connecting again whenever that is needed.
   * @throws {ClientFault} DAEMON_DOWN, or the code of the refusal.
   */
  follow(path: string, options: FollowOptions, onEvent: (event: ServerEvent) => void): Promise<void>
  close(): Promise<void>
}

export type CommandWatch = {
  /** Hears how far it is, of a command that says so. */
  readonly onProgress?: OnProgress | undefined
  /** Aborted: nobody waits for it any more. */
  readonly signal?: AbortSignal | undefined
}

export type FollowOptions = { readonly query?: Query; readonly after?: number; readonly signal: AbortSignal }

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

/** A path with its query; what is undefined is left out. */
export function pathWith(path: string, query: Query = {}): string {
  const parts = Object.entries(query).flatMap(([name, value]) => {
    const values = Array.isArray(value) ? value : [value]
    return values.flatMap((each) =>
      each === undefined ? [] : [`${name}=${encodeURIComponent(String(each))}`],
    )
  })
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`
}

/** One part of a path: `hermes%2Fpolecats%2Fnux`. */
export const part = encodeURIComponent

/** Made before the first try, and the same for all tries. */
export const newId = (): string => `gt-${randomUUID()}`

/** The body of an answer. @throws {ClientFault} when it is a problem. */
export function bodyOf<T>({ status, body }: Response): T {
  if (status >= 200 && status < 300) return body as T
  const { code, detail, remedy, details } = (body ?? {}) as {
    code?: string
    detail?: string
    remedy?: string
    details?: Readonly<Record<string, unknown>>
  }
  throw new ClientFault(code ?? 'INTERNAL', detail ?? `The town answered with status ${status}.`, {
    remedy: remedy ?? null,
    details: details ?? {},
  })
}

/** Answers that mean: the same again in a moment, nothing is done twice. */
export const isPassing = ({ status, body }: Response): boolean =>
  status === 503 && PASSING.has(String((body as { code?: unknown } | null)?.code))

const PASSING: ReadonlySet<string> = new Set([
  'TOWN_CLOSING',
  'TURN_UNKNOWN',
  'TOWN_BUSY',
  'WORKER_GONE',
  'LOG_POISONED',
])
