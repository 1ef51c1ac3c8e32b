// Whether a daemon answers on the socket of a town, and whether it is that town's.

import { operatorToken, socketOf } from '../../client/find-town.ts'
import { isUnreachable } from '../../client/follow.ts'
import { request } from '../../client/http.ts'

export type DaemonSeen =
  /** Nobody listens. */
  | { readonly kind: 'none' }
  /** Somebody takes the connection, and says nothing within two seconds. */
  | { readonly kind: 'silent' }
  /** Somebody answers, but not as the daemon of this town. */
  | { readonly kind: 'foreign'; readonly says: string }
  | { readonly kind: 'answers'; readonly pid: number; readonly troubles: readonly Trouble[] }

type Trouble = { readonly code: string; readonly message: string }

const ANSWER_MS = 2_000

export async function lookForDaemon(dir: string, townId: string): Promise<DaemonSeen> {
  try {
    const health = (await ask(dir, '/v1/health')) as { pid?: unknown; troubles?: readonly Trouble[] }
    const status = (await ask(dir, '/v1/status')) as { town?: { id?: unknown; dir?: unknown } }
    const { town } = status
    if (town?.id !== townId) return { kind: 'foreign', says: `the town ${String(town?.id ?? 'of nobody')}` }
    return { kind: 'answers', pid: Number(health.pid ?? 0), troubles: health.troubles ?? [] }
  } catch (error) {
    if (isUnreachable(error)) return { kind: 'none' }
    if (error instanceof Error && error.name === 'TimeoutError') return { kind: 'silent' }
    return { kind: 'foreign', says: error instanceof Error ? error.message : String(error) }
  }
}

/** @throws the socket's own error; TimeoutError; an Error with what was answered instead */
export async function ask(dir: string, path: string): Promise<unknown> {
  return told({ dir, path, method: 'GET' }, ANSWER_MS)
}

/** A clone of a large repository takes its time. */
const COMMAND_MS = 10 * 60_000

export async function tell(dir: string, name: string, input: object): Promise<void> {
  await told({ dir, path: `/v1/commands/${name}`, method: 'POST', body: input }, COMMAND_MS)
}

async function told(
  asked: {
    readonly dir: string
    readonly path: string
    readonly method: 'GET' | 'POST'
    readonly body?: object
  },
  timeoutMs: number,
): Promise<unknown> {
  const { dir, path, method, body: given } = asked
  const signal = AbortSignal.timeout(timeoutMs)
  const socketPath = socketOf(dir)
  const { status, body } = await request({
    ...{ socketPath, method, path, token: operatorToken(dir), signal },
    ...(given !== undefined && { body: given }),
  }).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : error
  })
  if (status < 300) return body
  const { detail, code } = (body ?? {}) as { detail?: string; code?: string }
  throw new Error(detail ?? code ?? `it answers ${status}`)
}
