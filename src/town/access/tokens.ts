// Tokens: who speaks (P9).
//
// Owns:      the person's token, and session tokens made of the session's address and a key of the town; asks
//            issued-tokens.ts about those that the person gave out.
// Does not:  say what a caller may do (src/api) or whether a session is over (its owner's state).
// Always:    a session's token is never in the log; it is made again from the address whenever it is needed.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Caller } from '../../api/town.ts'
import { agentOf, OVERSEER, ownerKind } from '../../events/address.ts'
import type { Address } from '../../events/record.ts'
import { townFiles } from '../files.ts'
import { type IssuedTokens, issuedTokens } from './issued-tokens.ts'

export interface Tokens {
  forSession(session: Address): string
  readonly issued: IssuedTokens
  authenticate(token: string): Caller | null
}

/** Makes the secrets of a new town. */
export function makeTokens(dir: string): void {
  const files = townFiles(dir)
  writeFileSync(files.secret, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' })
  writeFileSync(files.operatorToken, `gto_${randomBytes(32).toString('base64url')}`, {
    mode: 0o600,
    flag: 'wx',
  })
}

export function readTokens(dir: string): Tokens {
  const files = townFiles(dir)
  const secret = readFileSync(files.secret, 'utf8').trim()
  const operator = readFileSync(files.operatorToken, 'utf8').trim()
  const issued = issuedTokens(dir)
  const sign = (session: string) => createHmac('sha256', secret).update(session).digest('base64url')
  return {
    forSession: (session) => `gts_${Buffer.from(session).toString('base64url')}.${sign(session)}`,
    issued,
    authenticate(token) {
      if (token.startsWith('gtt_')) {
        const scopes = issued.scopesOf(token)
        return scopes === null ? null : { kind: 'operator', actor: OVERSEER, scopes }
      }
      if (same(token, operator)) return { kind: 'operator', actor: OVERSEER }
      const [, name = '', mark = ''] = /^gts_([\w-]{1,400})\.([\w-]{1,100})$/.exec(token) ?? []
      const session = Buffer.from(name, 'base64url').toString('utf8')
      if (name === '' || ownerKind(session) !== 'session' || !same(mark, sign(session))) return null
      const agent = agentOf(session)
      return agent === null ? null : { kind: 'session', actor: agent, agent, session }
    },
  }
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
