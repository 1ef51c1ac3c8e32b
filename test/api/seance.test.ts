import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTown, FIRST_SESSION, type TestTown, tokenOf } from './town.ts'

let town: TestTown
let folder: string
const token = tokenOf(FIRST_SESSION)
const USAGE = { input: 11, output: 42, cacheRead: 5_000, cacheWrite: 0, costUsd: null, requests: 1 }

const hook = (event: string, input: object) =>
  town.server.inject({
    method: 'POST',
    url: `/v1/hooks/${event}`,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'x-gt-runtime': 'claude',
    },
    payload: JSON.stringify(input),
  })

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gt-api-'))
  town = await createTown()
  const bead = await town.bead('Fix the cart')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
})
afterEach(async () => {
  await town.close()
  rmSync(folder, { recursive: true })
})

const first = async () => (await town.get('/v1/sessions?agent=nux')).body.items[0]

test('a session says what it was: bead, how it ended, turns, tokens', async () => {
  expect(await first()).toMatchObject({
    session: FIRST_SESSION,
    turns: 0,
    costUsd: null,
    asks: 'read',
    ending: null,
  })
  await hook('SessionStart', { source: 'startup', session_id: 'u-1', transcript_path: '/nowhere.jsonl' })
  await hook('UserPromptSubmit', { prompt: 'Go on.' })
  expect(await first()).toMatchObject({ turns: 1, runtimeSession: 'u-1', asks: 'read' })
  const own = await town.get('/v1/sessions?agent=shop%2Fpolecats%2Fnux', token)
  expect(own.body.items).toHaveLength(1)
  expect((await town.get('/v1/sessions', token)).status).toBe(403)
})

test('[TOWNUP-43] [POLECAT-6] what a question took is counted to the polecat, also when its session is over', async () => {
  const told = { session: FIRST_SESSION, question: 'Why by hand?', answered: true }
  const exited = { type: 'session.exited', ending: { kind: 'exited', exitCode: 0 } }
  await town.town.system.take({ id: 'over', by: 'host', messages: [{ to: FIRST_SESSION, message: exited }] })
  const { status, body } = await town.command('seance.told', {
    ...told,
    usage: [{ ...USAGE, model: 'in-the-table' }],
  })
  expect([status, body.usage]).toMatchObject([200, [{ costUsd: 0.011 }]])
  const { body: costs } = await town.get('/v1/costs?by=role')
  expect(costs.items).toMatchObject([{ key: 'seance', costUsd: 0.011, tokens: { output: 42 } }])
  const { body: feed } = await town.get('/v1/feed')
  expect(JSON.stringify(feed.items)).toContain('is asked about earlier work: Why by hand?')
  expect((await town.command('seance.told', { ...told, usage: [] }, token)).body.code).toBe('FORBIDDEN')
})

test('[TOWNUP-43] an agent reads what its own sessions said, and asks nobody', async () => {
  const transcript = join(folder, 'u-1.jsonl')
  writeFileSync(transcript, '')
  await hook('SessionStart', { source: 'startup', session_id: 'u-1', transcript_path: transcript })
  await hook('UserPromptSubmit', { prompt: 'Go on.' })
  const open = (session: string, by?: string) => town.command('seance.open', { session }, by)
  expect((await open(FIRST_SESSION, token)).body).toMatchObject({ asks: 'read', transcript })
  expect((await open('shop/polecats/nux/sessions/9.9')).body.code).toBe('SESSION_NOT_FOUND')
  expect((await open('nobody')).body.code).toBe('AGENT_NOT_FOUND')
  // Its own session, now, is nothing earlier.
  expect((await open('nux', token)).body.code).toBe('SESSION_NOT_FOUND')
  expect((await open('nux')).body).toMatchObject({ session: FIRST_SESSION, program: null, allow: [] })
})
