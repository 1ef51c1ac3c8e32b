import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { READS } from '../../src/api/reads/index.ts'
import { makeTown, type TestTown } from '../support/town.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const GT = join(import.meta.dirname, '../../bin/gt')

let town: TestTown
let url: string
beforeAll(async () => {
  town = await makeTown()
  await town.up()
  url = String((await town.command('http.open')).url)
})
afterAll(async () => {
  await town.down()
  await town.close()
})

type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }

/** As any program may ask; a `host` of its own if it says so. */
function get(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, url), { method, headers, agent: false }, (answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }))
    })
    asked.on('error', reject)
    asked.end()
  })
}
const code = async (answer: Promise<Answer>): Promise<unknown> => JSON.parse((await answer).body).code
const bearer = (token: unknown) => ({ authorization: `Bearer ${token}` })
const newLink = async () => String((await town.command('dashboard.link')).url)
const token = async (scopes: readonly string[]) => await town.command('token.create', { scopes })
const gt = async (...args: string[]) => {
  const env = { PATH: `${join(town.temp, 'bin')}:${process.env.PATH}`, HOME: town.temp }
  return (await promisify(execFile)(GT, ['--town', town.dir, ...args], { env })).stdout.trim()
}

test('[WEB-1] over TCP every route needs a token, and the page’s own files none', async () => {
  const paths = READS.map(({ path }) => path.replace(/:\w+/g, 'x'))
  for (const path of [
    ...paths,
    '/v1/health',
    '/openapi.json',
    '/v1/records/stream',
    '/v1/feed/stream',
    '/nowhere',
  ])
    expect(await code(get(path)), path).toBe('TOKEN_MISSING')
  expect(await code(get('/v1/commands/down', {}, 'POST'))).toBe('TOKEN_MISSING')
  expect(await code(get('/v1/status', bearer('gtt_0000000000.x')))).toBe('TOKEN_UNKNOWN')
  for (const path of [
    '/',
    '/web/main.js',
    '/web/preact.js',
    '/web/style.css',
    '/events/words.js',
    '/machines.json',
  ])
    expect((await get(path)).status, path).toBe(200)
  for (const path of ['/web/../../../.gt/operator.token', '/web/%2e%2e/town/tokens.js', '/web/main.ts'])
    expect((await get(path)).status, path).toBe(401)
})

test('[WEB-2] a link is good once; the cookie it is exchanged for is no script’s, and reads only', async () => {
  const link = await newLink()
  const looksAhead = await get(link, { 'sec-purpose': 'prefetch' })
  expect(looksAhead.status, 'a browser that looks ahead uses up nothing').toBe(503)
  const first = await get(link)
  expect(first.status).toBe(303)
  const set = String(first.headers['set-cookie'])
  expect(set).toMatch(/^gt_\w+=gtt_[\w.-]+; HttpOnly; SameSite=Strict; Path=\/; Max-Age=\d+$/)
  expect(await code(get(link))).toBe('LINK_OVER')
  expect(await code(get('/enter?code='))).toBe('LINK_OVER')
  const cookie = { cookie: set.split(';')[0] ?? '' }
  expect((await get('/v1/status', cookie)).status).toBe(200)
  expect(await code(get('/v1/commands/down', cookie, 'POST'))).toBe('SCOPE_MISSING')
  expect(await code(get('/v1/commands/dashboard.link', cookie, 'POST'))).toBe('SCOPE_MISSING')
})

test('[WEB-3] another name, another origin and another page are refused, token or not', async () => {
  const with_ = bearer(town.operatorToken)
  const { host } = new URL(url)
  for (const name of ['evil.example', `evil.example:${host.split(':')[1]}`, '127.0.0.1', 'localhost'])
    for (const path of ['/v1/status', '/', '/web/main.js', '/enter?code=x'])
      expect(await code(get(path, { ...with_, host: name })), `${name} ${path}`).toBe('HOST_NOT_ALLOWED')
  for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1', `https://${host}`])
    expect(await code(get('/v1/status', { ...with_, origin })), origin).toBe('ORIGIN_NOT_ALLOWED')
  for (const site of ['cross-site', 'same-site']) {
    const sent = { ...with_, 'sec-fetch-site': site }
    expect(await code(get('/v1/status', sent)), site).toBe('ORIGIN_NOT_ALLOWED')
    expect((await get('/v1/status', { ...sent, 'sec-fetch-mode': 'navigate' })).status, site).toBe(403)
  }
  expect((await get('/v1/status', { ...with_, origin: url, 'sec-fetch-site': 'same-origin' })).status).toBe(
    200,
  )
  expect((await get('/', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).status).toBe(200)
})

test('[WEB-7] each answer forbids whatever is not its own, also a refusal', async () => {
  for (const path of ['/', '/web/main.js', '/v1/status', '/enter?code=x']) {
    const { headers } = await get(path, path === '/v1/status' ? bearer(town.operatorToken) : {})
    const policy = String(headers['content-security-policy'])
    for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"])
      expect(policy, path).toContain(part)
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(headers['x-content-type-options'], path).toBe('nosniff')
    expect(headers['referrer-policy'], path).toBe('no-referrer')
    expect(headers['access-control-allow-origin'], path).toBeUndefined()
  }
})

test('[WEB-5] only digests of tokens are kept, and what a revoked one has open is cut off', async () => {
  const { id, token: secret } = await token(['read'])
  const file = join(town.dir, '.gt/tokens.json')
  expect(readFileSync(file, 'utf8')).not.toContain(String(secret).split('.')[1])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect((await get('/v1/status', bearer(secret))).status).toBe(200)
  const cut = new Promise<void>((resolve, reject) => {
    const asked = request(
      new URL('/v1/feed/stream', url),
      { headers: bearer(secret), agent: false },
      (answer) => {
        answer.once('data', () => void town.command('token.revoke', { token: id }).catch(reject))
        answer
          .resume()
          .on('close', resolve)
          .on('error', () => {})
      },
    )
    asked.on('error', reject)
    asked.end()
  })
  await cut
  expect(await code(get('/v1/status', bearer(secret)))).toBe('TOKEN_UNKNOWN')
  const again = await town.post('/v1/commands/token.revoke', { token: id })
  expect(again.body.code).toBe('TOKEN_NOT_FOUND')
})

test('[WEB-6] a token does what its scopes say, also on the socket, and makes no other', async () => {
  const [read, write, terminal] = await Promise.all(
    [['read'], ['write'], ['terminal']].map(async (scopes) => String((await token(scopes)).token)),
  )
  const status = async (name: string, by: string | undefined) =>
    (await town.post(`/v1/commands/${name}`, { title: 'x', to: 'nobody', text: 'x' }, by)).body.code
  expect((await town.get('/v1/status', write)).body.code).toBe('SCOPE_MISSING')
  expect(await status('bead.create', read)).toBe('SCOPE_MISSING')
  expect(await status('bead.create', terminal)).toBe('SCOPE_MISSING')
  expect(await status('bead.create', write), 'it may, and has said too much').toBe('INPUT_INVALID')
  expect(await status('nudge.send', write)).toBe('SCOPE_MISSING')
  expect(await status('nudge.send', terminal)).toBe('INPUT_INVALID')
  for (const name of [
    'token.create',
    'token.list',
    'token.revoke',
    'dashboard.link',
    'http.open',
    'http.shut',
  ])
    expect(await status(name, write), name).toBe('SCOPE_MISSING')
})

test('[WEB-4] it listens on loopback alone, and where it did again after the daemon was killed', async () => {
  const open = async (address: string) => (await town.post('/v1/commands/http.open', { address })).body
  for (const address of ['0.0.0.0:0', '[::]:0', '192.168.0.1:80', 'example.org:80'])
    expect((await open(address)).code, address).toBe('HTTP_NOT_LOOPBACK')
  for (const address of ['x', '99999', '127.0.0.1', 'http://127.0.0.1:80'])
    expect((await open(address)).code, address).toBe('HTTP_ADDRESS_INVALID')
  const cookie = { cookie: String((await get(await newLink())).headers['set-cookie']).split(';')[0] ?? '' }
  await town.kill()
  await town.up()
  expect((await get('/v1/status', cookie)).status, 'by the same address and the same cookie').toBe(200)
  const other = String((await open('127.0.0.1:0')).url)
  expect(other).not.toBe(url)
  await expect(get('/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  const taken = await makeTaken()
  expect((await open(`127.0.0.1:${taken.port}`)).code).toBe('HTTP_PORT_TAKEN')
  taken.close()
  url = other
  expect((await get('/')).status, 'a port that cannot be had changes nothing').toBe(200)
  expect(await gt('up', '--http', 'off')).toContain('It listens on no port.')
  await expect(get('/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  expect(existsSync(join(town.dir, '.gt/http.json'))).toBe(false)
  url = JSON.parse(await gt('up', '--json', '--http')).http
  expect((await get('/')).status).toBe(200)
})

test('[WEB-12] the log knows who was given access and when it was taken back, and no secret', async () => {
  const made = await token(['read', 'terminal'])
  await town.fact('who has it is known', 'TokenGiven', { token: String(made.id) })
  const cookie = String((await get(await newLink())).headers['set-cookie'])
  const [, id, secret] = /=gtt_(\w+)\.([\w-]+);/.exec(cookie) ?? []
  await town.fact('who came by a link is known', 'TokenGiven', { token: String(id), name: 'dashboard' })
  const given = town.facts('TokenGiven').find((fact) => fact.token === id)
  expect(given).toMatchObject({ scopes: ['read'], record: { by: 'overseer' } })
  expect(Date.parse(String(given?.until)), 'a month').toBeGreaterThan(Date.now() + 29 * 86_400_000)
  await town.command('token.revoke', { token: made.id }, { id: 'revoke-once' })
  await town.fact('it is taken back', 'TokenRevoked', { token: String(made.id) })
  expect((await town.command('token.revoke', { token: made.id }, { id: 'revoke-once' })).id).toBe(made.id)
  const again = await town.command('token.create', { name: 'twice' }, { id: 'create-once' })
  const repeated = await town.command('token.create', { name: 'twice' }, { id: 'create-once' })
  expect(repeated.id, 'one that is asked for again for want of an answer').toBe(again.id)
  expect(await code(get('/v1/status', bearer(again.token)))).toBe('TOKEN_UNKNOWN')
  expect((await get('/v1/status', bearer(repeated.token))).status).toBe(200)
  expect(town.facts('TokenGiven').filter(({ token: one }) => one === again.id)).toHaveLength(1)
  const lines = town.watch.lines.join('\n')
  for (const text of [secret, String(made.token).split('.')[1], String(repeated.token).split('.')[1]])
    expect(lines).not.toContain(text)
})

test('gt dashboard prints the link, and opens it where there is something to open it with', async () => {
  const printed = await gt('dashboard')
  expect(printed).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/enter\?code=[\w-]{43}$/)
  mkdirSync(join(town.temp, 'bin'))
  writeFileSync(join(town.temp, 'bin/xdg-open'), `#!/bin/sh\necho "$1" > "${town.temp}/opened"\n`, {
    mode: 0o755,
  })
  const { url: link, opened } = JSON.parse(await gt('dashboard', '--open', '--json'))
  expect(opened).toBe(true)
  expect(readFileSync(join(town.temp, 'opened'), 'utf8').trim()).toBe(link)
  expect((await get(link)).status).toBe(303)
})

test('gt token makes, lists and revokes tokens', async () => {
  const made = JSON.parse(
    await gt('token', 'create', 'ci', '--scopes', 'read,write', '--for', '30d', '--json'),
  )
  expect(made).toMatchObject({ name: 'ci', scopes: ['read', 'write'] })
  expect(Date.parse(made.expiresAt) - Date.parse(made.createdAt)).toBe(30 * 86_400_000)
  expect((await get('/v1/status', bearer(made.token))).status).toBe(200)
  expect(await gt('token', 'list')).toContain('ci')
  expect(await gt('token', 'list', '--json')).not.toContain(made.token.split('.')[1])
  await gt('token', 'revoke', made.id)
  expect(await gt('token', 'list', '-q')).not.toContain(made.id)
})

async function makeTaken(): Promise<{ readonly port: number; close(): void }> {
  const { createServer } = await import('node:net')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('It does not listen.')
  return { port: address.port, close: () => server.close() }
}

test('gt up --foreground says where it listens, and ends with Ctrl-C', async () => {
  const other = await makeTown()
  const env = { PATH: process.env.PATH ?? '', HOME: other.temp, XDG_STATE_HOME: other.temp }
  const child = spawn(GT, ['--town', other.dir, 'up', '--foreground', '--http'], { env, detached: true })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await other.until('it says where', () => /It listens at http:\/\/127\.0\.0\.1:\d+/.test(said))
  const [where = ''] = /http:\/\/[\d.]+:\d+/.exec(said) ?? []
  expect((await fetch(where)).status).toBe(200)
  process.kill(-(child.pid ?? 0), 'SIGINT')
  expect(await ended).toBe(0)
  await other.close()
})
