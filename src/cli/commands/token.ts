// gt token: what lets scripts and pages speak to the town's HTTP API.

import { type Command, listOf, textOf } from '../command.ts'
import { table } from '../layout.ts'
import { durationMs } from '../options.ts'
import { UsageError } from '../usage.ts'

type Given = { id: string; name: string; scopes: string[]; createdAt: string; expiresAt: string | null }

const SCOPES = ['read', 'write', 'terminal']

export const tokenCreate: Command = {
  name: 'token create',
  summary: 'makes a token for the HTTP API; it is shown once',
  usage: '[name]',
  where: 'person',
  words: [0, 1],
  options: {
    scopes: { type: 'list', value: '<scopes>', help: 'read (alone, when not said), write, terminal' },
    for: {
      type: 'text',
      value: '<time>',
      help: 'how long it is good for: 12h, 30d; until revoked when not said',
    },
  },
  async run(call) {
    const scopes = listOf(call, 'scopes')
    const wrong = scopes?.find((scope) => !SCOPES.includes(scope))
    if (wrong !== undefined)
      throw new UsageError(
        `there is no scope ${JSON.stringify(wrong.slice(0, 20))}: ${SCOPES.join(', ')}`,
        'token create',
      )
    const given = textOf(call, 'for')
    const made = await call.town().command<Given & { token: string }>('token.create', {
      name: call.words[0] ?? '',
      ...(scopes !== undefined && { scopes }),
      ...(given !== undefined && { forMs: lasting(given) }),
    })
    call.out.answer({ json: made, ids: [made.id], lines: () => [made.token] })
    return undefined
  },
}

export const tokenList: Command = {
  name: 'token list',
  summary: 'the tokens that were made, without their secrets',
  usage: '',
  where: 'person',
  words: [0, 0],
  async run(call) {
    const { items } = await call.town().command<{ items: Given[] }>('token.list', {})
    call.out.answer({
      json: items,
      ids: items.map(({ id }) => id),
      lines: () => {
        if (items.length === 0) return ['No token was made.']
        return table(
          ['ID', 'NAME', 'MAY', 'UNTIL'],
          items.map(({ id, name, scopes, expiresAt }) => [
            id,
            name,
            scopes.join(' '),
            expiresAt ?? 'revoked',
          ]),
          { wide: 1, columns: call.out.columns },
        )
      },
    })
    return undefined
  },
}

export const tokenRevoke: Command = {
  name: 'token revoke',
  summary: 'makes a token worth nothing, at once',
  usage: '<id>',
  where: 'person',
  words: [1, 1],
  async run(call) {
    const answer = await call.town().command<{ id: string }>('token.revoke', { token: call.words[0] })
    call.out.answer({
      json: answer,
      ids: [answer.id],
      lines: () => [`Token ${answer.id} is worth nothing now.`],
    })
    return undefined
  },
}

/** As other times are written, and days. */
function lasting(text: string): number {
  const [, days] = /^(\d+(?:\.\d+)?)d$/.exec(text) ?? []
  return days === undefined ? durationMs(text, 0) : Math.round(Number(days) * 86_400_000)
}
