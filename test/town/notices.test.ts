import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { createNotices } from '../../src/git/notices.ts'
import type { Notices } from '../../src/ports/notices.ts'
import type { Carrier } from '../../src/town/effects/carrier.ts'
import { performWith } from '../../src/town/effects/index.ts'
import { folderOfFile } from '../support/folder.ts'

const temp = folderOfFile('gt-notice-')
const servers: Server[] = []
afterAll(async () => {
  for (const server of servers) await new Promise((resolve) => server.close(resolve))
})

const PARAMS = {
  decision: 'd-1',
  agent: 'shop/polecats/nux',
  title: 'nux (sh-1): may I use Bash?',
  body: 'rm -rf <x> & "y"\u0000\u001b[2J',
}
const SEEN = 'rm -rf <x> & "y"\u{fffd}\u{fffd}[2J'

/** What comes of one notice in a town that is set so. */
async function send(
  settings: object,
  {
    env = {},
    again = false,
    fork = null,
    notices = createNotices(temp),
    body = PARAMS.body,
  }: { env?: object; again?: boolean; fork?: object | null; notices?: Notices; body?: string } = {},
) {
  const town = {
    system: { owner: () => ({ context: { name: 'farm', settings, fork } }) },
    projections: { decisions: { rows: { byId: new Map([['d-1', { n: 12 }]]) } } },
    operatorEnv: { PATH: process.env.PATH, HOME: temp, SECRET_TOKEN: 'canary', ...env },
    bin: '/nowhere',
    noticesFor: () => notices,
  }
  const perform = performWith(() => town as unknown as Carrier)
  const signal = new AbortController().signal
  const { message } = await perform({
    id: '7.0',
    kind: 'notice.send',
    params: { ...PARAMS, body },
    actor: 'decisions/d-1',
    again,
    signal,
  })
  return message
}

async function listener(answer: number, headers: Record<string, string> = {}) {
  const got: { request: IncomingMessage; body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      got.push({ request, body })
      response.writeHead(answer, headers).end()
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, got }
}

test('[NOTICE-1] with no way that is set and no desktop it is no failure', async () => {
  expect(await send({})).toEqual({ type: 'notice.sent', decision: 'd-1', ways: [], failed: [] })
})

test('[NOTICE-1] [NOTICE-2] a webhook is posted what was asked, and nothing else', async () => {
  const { url, got } = await listener(204)
  expect(await send({ 'notify.webhook': url })).toMatchObject({ ways: ['webhook'], failed: [] })
  expect(got).toHaveLength(1)
  expect(JSON.parse(got[0]?.body ?? '')).toEqual({ ...PARAMS, body: SEEN, town: 'farm' })
  expect(got[0]?.request.headers).not.toHaveProperty('authorization')
})

test('[NOTICE-1] it says how to answer with the number of the inbox; what an agent wrote stays as it is', async () => {
  const { url, got } = await listener(204)
  const body = (name: string) => `gt answer d-1 no\ngt answer ${name} allow|deny\nAfter 10 min it is no.`
  await send({ 'notify.webhook': url }, { body: body('d-1') })
  expect(JSON.parse(got[0]?.body ?? '')).toMatchObject({ decision: 'd-1', body: body('12') })
})

test('[NOTICE-1] [NOTICE-2] a program gets title and body in variables, all of it on its input, and no secret', async () => {
  const script = `printf '%s|%s' "$GT_NOTICE_TITLE" "$GT_NOTICE_BODY" > ${temp}/vars; env > ${temp}/env; cat > ${temp}/input`
  const sent = await send({ 'notify.command': ['/bin/sh', '-c', script] })
  expect(sent).toEqual({ type: 'notice.sent', decision: 'd-1', ways: ['command'], failed: [] })
  expect(readFileSync(join(temp, 'vars'), 'utf8')).toBe(`${PARAMS.title}|${SEEN}`)
  expect(JSON.parse(readFileSync(join(temp, 'input'), 'utf8'))).toEqual({
    ...PARAMS,
    body: SEEN,
    town: 'farm',
  })
  expect(readFileSync(join(temp, 'env'), 'utf8')).not.toContain('canary')
})

test('[NOTICE-1] a desktop is told without markup, where there is one and nobody said no', async () => {
  const asked: string[][] = []
  const notices: Notices = {
    async notify({ command }) {
      asked.push([...command])
      return { kind: 'done' }
    },
    askOnce: () => Promise.reject(new Error('not asked here')),
  }
  const env = { DISPLAY: ':0' }
  expect(await send({}, { env, notices })).toMatchObject({ ways: ['desktop'] })
  expect(asked[0]?.slice(-2)).toEqual([PARAMS.title, SEEN.replace('<x> &', '&lt;x&gt; &amp;')])
  expect(await send({ 'notify.desktop': false }, { env, notices })).toMatchObject({ ways: [] })
  // That nobody said no does not come along with a fork: what the parent had set does not either.
  const fork = { name: 'farm' }
  expect(await send({}, { env, notices, fork })).toMatchObject({ ways: [] })
  expect(await send({ 'notify.desktop': true }, { env, notices, fork })).toMatchObject({ ways: ['desktop'] })
  expect(asked).toHaveLength(2)
  const none: Notices = {
    notify: async () => ({ kind: 'notStarted', message: 'notify-send was not found on PATH.' }),
    askOnce: () => Promise.reject(new Error('not asked here')),
  }
  expect(await send({}, { env, notices: none })).toMatchObject({
    type: 'notice.sent',
    decision: 'd-1',
    ways: [],
    failed: [],
  })
  expect(await send({ 'notify.desktop': true }, { env, notices: none })).toMatchObject({
    type: 'notice.notSent',
  })
})

test('[NOTICE-1] a webhook that does not answer is waited for 10 seconds', async () => {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  const timeout = AbortSignal.timeout.bind(AbortSignal)
  const asked = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(20))
  try {
    const { message } = await send({ 'notify.webhook': url })
    expect(asked.mock.calls).toEqual([[10_000]])
    expect(message).toBe('webhook: no answer within 10 s')
  } finally {
    asked.mockRestore()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

test('[NOTICE-3] a way that failed is named with its reason, beside those that worked', async () => {
  const { url } = await listener(500)
  const sent = await send({ 'notify.webhook': url, 'notify.command': ['/bin/sh', '-c', 'cat > /dev/null'] })
  expect(sent).toEqual({
    type: 'notice.sent',
    decision: 'd-1',
    ways: ['command'],
    failed: ['webhook: it answered 500'],
  })
})

test('[NOTICE-3] when none worked, that is what is said', async () => {
  const { url, got } = await listener(302, { location: 'http://127.0.0.1:1/elsewhere' })
  const settings = {
    'notify.webhook': url,
    'notify.command': ['/bin/sh', '-c', 'echo no such phone >&2; exit 3'],
  }
  const sent = await send(settings)
  expect(sent).toMatchObject({ type: 'notice.notSent', code: 'NOTICE_FAILED' })
  expect(sent.message).toMatch(/webhook: .*; command: exit code 3: no such phone$/)
  expect(got, 'a redirection is not followed').toHaveLength(1)
  const missing = await send({ 'notify.command': ['/no/such/program'] })
  expect(missing.message).toBe('command: /no/such/program was not found on PATH.')
})

test('[NOTICE-4] [P2] one that a crash came between is not sent again, and noted as unknown', async () => {
  const { url, got } = await listener(200)
  expect(await send({ 'notify.webhook': url }, { again: true })).toMatchObject({
    type: 'notice.notSent',
    code: 'NOTICE_UNKNOWN',
  })
  expect(got).toHaveLength(0)
})
