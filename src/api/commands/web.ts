// What a person says about the page in the browser: listen, listen no more, let me in; and about tokens.

import { z } from 'zod'
import { TOWN } from '../../events/address.ts'
import { line } from '../../events/define.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import type { Caller, TownHandle, Web } from '../town.ts'
import { recordsOfId, take } from '../turn.ts'
import { giving } from '../web.ts'

const open = command({
  name: 'http.open',
  summary: 'Listens on loopback TCP from now on; without `address` where it did last, or on a free port.',
  who: 'operator',
  scope: 'whole',
  input: z.strictObject({ address: z.string().min(1).max(100).optional() }),
  async run({ town, input }) {
    const url = await webOf(town).open(input.address ?? null)
    return { url, seq: town.system.seq }
  },
})

const shut = command({
  name: 'http.shut',
  summary: 'Listens on TCP no more.',
  who: 'operator',
  scope: 'whole',
  input: z.strictObject({}),
  async run({ town }) {
    await webOf(town).shut()
    return { url: null, seq: town.system.seq }
  },
})

const link = command({
  name: 'dashboard.link',
  summary: 'A link that lets one browser in to look: good once, for a minute.',
  who: 'operator',
  scope: 'whole',
  input: z.strictObject({}),
  async run({ town }) {
    const web = webOf(town)
    if (web.url === null) await web.open(null)
    return { ...web.link(), seq: town.system.seq }
  },
})

const create = command({
  name: 'token.create',
  summary: 'A token for the HTTP API, with some scopes. It is told in this answer alone.',
  who: 'operator',
  scope: 'whole',
  input: z.strictObject({
    name: line.default(''),
    scopes: z
      .array(z.enum(['read', 'write', 'terminal']))
      .min(1)
      .default(['read']),
    /** How long it is good for, ms; until it is revoked when not said. */
    forMs: z
      .number()
      .int()
      .min(1_000)
      .max(10 * 366 * 86_400_000)
      .optional(),
  }),
  async run({ town, caller, id, input: { name, scopes, forMs } }) {
    const wish = { name, scopes: [...new Set(scopes)], forMs: forMs ?? null }
    const { keep, ...made } = town.tokens.draft(wish, `${town.townId} ${id}`)
    const { seq } = await take(town, caller, id, [giving(made)])
    keep()
    return { ...made, seq }
  },
})

const list = command({
  name: 'token.list',
  summary: 'The tokens that were given out, without their secrets.',
  who: 'operator',
  scope: 'whole',
  input: z.strictObject({}),
  run: async ({ town }) => ({ items: town.tokens.list(), seq: town.system.seq }),
})

const revoke = command({
  name: 'token.revoke',
  summary: 'Makes a token worth nothing, at once.',
  who: 'operator',
  scope: 'whole',
  input: z.strictObject({ token: z.string().min(1).max(100) }),
  async run({ town, caller, id, input: { token } }) {
    const { seq, repeated } = town.tokens.list().some((one) => one.id === token)
      ? await take(town, caller, id, [{ to: TOWN, message: { type: 'town.revokeToken', token } }])
      : await before(town, caller, id, token)
    if (!repeated) town.tokens.revoke(token)
    town.web?.dropRevoked()
    return { id: token, seq }
  },
})

export const webCommands = [open, shut, link, create, list, revoke]

/** The answer to whoever asks again for want of one. @throws {Fault} TOKEN_NOT_FOUND */
async function before(town: TownHandle, caller: Caller, id: string, token: string) {
  const last = (await recordsOfId(town, caller, id)).at(-1)
  if (last === undefined) throw new Fault('TOKEN_NOT_FOUND', `There is no token with the id ${token}.`)
  return { seq: last.seq, repeated: true }
}

function webOf({ web }: TownHandle): Web {
  if (web === null)
    throw new Fault('DAEMON_DOWN', 'The town is not up, so it cannot be looked at in a browser.')
  return web
}
