// Tokens that a person gave out: to a script, to a page in a browser.
//
// Owns:      .gt/tokens.json: of each its id, name, scopes, end, and the digest of its secret.
// Does not:  know the person's own token or those of sessions (tokens.ts).
// Always:    the secret is handed out once and kept nowhere; a fork gets none of them, for they are not in the log.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import type { GivenToken, Scope, TokenDraft, TokenWish } from '../../api/town.ts'
import { townFiles } from '../files.ts'

const Kept = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(['read', 'write', 'terminal'])),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  sha256: z.string(),
})
type Kept = z.infer<typeof Kept>

export interface IssuedTokens {
  /**
   * One that is good for something once it is kept; `token` is told here and never again. The same `seed` gives the same
   * id, and what is kept later takes the other one's place: who asks twice for want of an answer has one token.
   */
  draft(wish: TokenWish, seed: string): TokenDraft
  list(): GivenToken[]
  /** False: there is none of that id. */
  revoke(id: string): boolean
  /** What a token may, or null when it is none, or over. */
  scopesOf(token: string): readonly Scope[] | null
}

/** @param now ms since the epoch */
export function issuedTokens(dir: string, now: () => number = Date.now): IssuedTokens {
  const file = townFiles(dir).tokens
  let kept = read(file)
  const alive = ({ expiresAt }: Kept): boolean => expiresAt === null || Date.parse(expiresAt) > now()
  const write = (next: Kept[]): void => {
    kept = next.filter(alive)
    const fresh = `${file}.${process.pid}`
    writeFileSync(fresh, JSON.stringify(kept, null, 2), { mode: 0o600 })
    renameSync(fresh, file)
  }
  return {
    draft({ name, scopes, forMs }, seed) {
      const id = digest(seed).toString('hex').slice(0, 10)
      const secret = randomBytes(32).toString('base64url')
      const from = now()
      const given = {
        id,
        name,
        scopes: [...scopes],
        createdAt: new Date(from).toISOString(),
        expiresAt: forMs === null ? null : new Date(from + forMs).toISOString(),
      }
      const sha256 = digest(secret).toString('hex')
      const keep = (): void => write([...kept.filter((one) => one.id !== id), { ...given, sha256 }])
      return { ...given, token: `gtt_${id}.${secret}`, keep }
    },
    list: () => kept.filter(alive).map(({ sha256: _, ...given }) => given),
    revoke(id) {
      const rest = kept.filter((one) => one.id !== id)
      const found = rest.length < kept.length
      if (found) write(rest)
      return found
    },
    scopesOf(token) {
      const [, id, secret = ''] = /^gtt_([0-9a-f]{10})\.([\w-]{43})$/.exec(token) ?? []
      const found = kept.find((one) => one.id === id)
      if (found === undefined || !alive(found)) return null
      return timingSafeEqual(digest(secret), Buffer.from(found.sha256, 'hex')) ? found.scopes : null
    },
  }
}

/** The secret is 256 random bits: nothing slower than one digest is needed to keep it. */
const digest = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** A file that cannot be read lets nobody in. */
function read(file: string): Kept[] {
  try {
    return z.array(Kept).parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return []
  }
}
