// The town as one JSON document, as of a moment: what the expressions of `gt bisect` are about.
//
// Owns:      which key stands for which list of the API.
// Does not:  know how a list is made: each is what its GET answers, whole.

import { answerOf, type PastTown } from '../../api/past.ts'
import type { Projections } from '../../projections/index.ts'

/** Each key of the document, and the read whose list it is. */
export const DOCUMENT: Readonly<Record<string, { readonly path: string; readonly query: object }>> = {
  beads: { path: '/v1/beads', query: { view: 'all' } },
  agents: { path: '/v1/agents', query: {} },
  rigs: { path: '/v1/rigs', query: {} },
  mergeQueue: { path: '/v1/merge-queue', query: {} },
  decisions: { path: '/v1/decisions', query: { state: 'all' } },
  escalations: { path: '/v1/escalations', query: {} },
  costs: { path: '/v1/costs', query: { by: 'agent', top: Number.MAX_SAFE_INTEGER } },
  hooks: { path: '/v1/hooks', query: {} },
  status: { path: '/v1/status', query: {} },
}

export type Documents = {
  /** JSON text of the document as of `seq`, of which these are the projections. */
  at(seq: number, projections: Projections): Promise<string>
  /** True when a record that changed only `changed` cannot have changed the document. */
  isUntouched(changed: ReadonlySet<string>): boolean
}

/** `names`: keys that are wanted; null for all. */
export function createDocuments(
  town: Omit<PastTown, 'withProjections'>,
  names: readonly string[] | null,
): Documents {
  const keys = Object.keys(DOCUMENT).filter((key) => names === null || names.includes(key))
  /** Projections that were looked at for it. */
  const used = new Set<string>()
  const signal = new AbortController().signal

  const list = async (key: string, seq: number, projections: Projections): Promise<unknown> => {
    const { path, query } = DOCUMENT[key] as (typeof DOCUMENT)[string]
    const here: PastTown = { ...town, withProjections: (_, use) => use(watched(projections, used)) }
    const answer = await answerOf(
      here,
      {
        path,
        caller: { kind: 'operator', actor: 'overseer' },
        params: {},
        query: { ...query, limit: Number.MAX_SAFE_INTEGER, at: String(seq) },
      },
      signal,
    )
    const { items, seq: _seq, at: _at, ...rest } = answer as Readonly<Record<string, unknown>>
    return items ?? rest
  }
  return {
    async at(seq, projections) {
      const parts: string[] = []
      for (const key of keys)
        parts.push(`${JSON.stringify(key)}:${JSON.stringify(await list(key, seq, projections))}`)
      return `{${parts.join(',')}}`
    },
    isUntouched: (changed) => !changed.values().some((name) => used.has(name)),
  }
}

/** Notes which of them are looked at. */
const watched = (projections: Projections, used: Set<string>): Projections =>
  new Proxy(projections, {
    get(all, name) {
      used.add(String(name))
      return Reflect.get(all, name)
    },
  })
