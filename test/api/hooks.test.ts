import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTown, FIRST_SESSION, OPERATOR, type TestTown, tokenOf } from './town.ts'

let town: TestTown
const token = tokenOf(FIRST_SESSION)

beforeEach(async () => {
  town = await createTown()
  const bead = await town.bead('Fix the cart')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
})
afterEach(() => town.close())

async function hook(event: string, input: unknown, { by = token, runtime = 'claude', call = '' } = {}) {
  const { statusCode, payload, headers } = await town.server.inject({
    method: 'POST',
    url: `/v1/hooks/${event}`,
    headers: {
      authorization: `Bearer ${by}`,
      'content-type': 'application/json',
      'x-gt-runtime': runtime,
      ...(call !== '' && { 'x-gt-call': call }),
    },
    payload: JSON.stringify(input),
  })
  return { status: statusCode, text: payload, exit: headers['x-gt-exit'] }
}
const codeOf = (text: string): unknown => (JSON.parse(text) as { code: unknown }).code
const state = () => town.town.hearing?.live(FIRST_SESSION)?.state

test('what a runtime says is heard in its own words, and answered with what it prints', async () => {
  expect(await hook('UserPromptSubmit', { prompt: 'Go on.' })).toEqual({ status: 200, text: '', exit: '0' })
  expect(state()).toBe('thinking')
  await hook('PreToolUse', { tool_name: 'Bash', tool_input: { command: 'ls' } })
  expect(town.town.hearing?.live(FIRST_SESSION)).toMatchObject({ state: 'runningTool', tool: 'Bash' })
  const { body } = await town.get('/v1/agents/nux')
  expect(body.standing).toMatchObject({ state: 'runningTool', tool: 'Bash' })
  await hook('Stop', { background_tasks: [] })
  expect(state()).toBe('idle')
})

test('a turn that would end with nothing handed in is told so once, and not when a nudge began it', async () => {
  const stop = (again: boolean) => hook('Stop', { background_tasks: [], stop_hook_active: again })
  await hook('UserPromptSubmit', { prompt: 'Go on.' })
  const { text } = await stop(false)
  expect(JSON.parse(text)).toMatchObject({ decision: 'block', reason: expect.stringContaining('gt done') })
  expect(state()).toBe('thinking')
  expect((await stop(true)).text).toBe('')
  expect(state()).toBe('idle')
  const { body } = await town.command('nudge.send', { to: 'nux', text: 'What is left?' })
  const { line } = town.town.system.owner(`nudges/${body.id}`)?.context ?? {}
  await hook('UserPromptSubmit', { prompt: line })
  expect((await stop(false)).text).toBe('')
  expect(state()).toBe('idle')
})

test('what a runtime has no hooks for, and a program that has none at all, are answered with nothing', async () => {
  expect(await hook('Invented', {})).toEqual({ status: 200, text: '', exit: '0' })
  expect(await hook('Stop', {}, { runtime: 'script' })).toEqual({ status: 200, text: '', exit: '0' })
  expect(await hook('Stop', {}, { runtime: '../etc' })).toEqual({ status: 200, text: '', exit: '0' })
})

test('[P9] a hook is its session speaking, and only while that lives', async () => {
  expect(codeOf((await hook('Stop', {}, { by: OPERATOR })).text)).toBe('NOT_IN_A_SESSION')
  expect(codeOf((await hook('Stop', {}, { by: 'stolen' })).text)).toBe('TOKEN_UNKNOWN')
  expect(codeOf((await hook('Stop', [1])).text)).toBe('INPUT_INVALID')
  expect((await hook('Stop', { text: 'x'.repeat(1_100_000) })).status).toBe(413)
  const exited = { type: 'session.exited', ending: { kind: 'exited', exitCode: 0 } }
  await town.town.system.take({ id: 'over', by: 'host', messages: [{ to: FIRST_SESSION, message: exited }] })
  const { status, text } = await hook('Stop', {})
  expect([status, codeOf(text)]).toEqual([403, 'ASSIGNMENT_OVER'])
})

test('[P9] a secret in what a runtime says is blotted out before it is shown or recorded', async () => {
  const secret = `ghp_${'a1B2'.repeat(9)}`
  const asked = hook('PermissionRequest', {
    tool_name: 'Bash',
    tool_input: { command: `curl -H "X-Key: ${secret}" example.org`, description: `with ${secret}` },
  })
  const open = () => town.get('/v1/decisions').then(({ body }) => body.items)
  await expect.poll(open).toHaveLength(1)
  const [one] = await open()
  expect(one.context.command).toBe(`curl -H "X-Key: ghp_${'*'.repeat(36)}" example.org`)
  await town.command('decision.answer', { decision: one.id, choice: 'deny' })
  await asked
  await hook('UserPromptSubmit', { prompt: 'Go on.' })
  await hook('StopFailure', { error: 'server_error', last_assistant_message: `the key ${secret} is wrong` })
  expect(town.town.system.owner(FIRST_SESSION)?.context.standing).toMatchObject({
    state: 'stuck',
    reason: expect.stringContaining('the key ghp_***'),
  })
  expect(JSON.stringify([...town.town.system.owners()])).not.toContain(secret)
  const records = JSON.stringify((await town.get('/v1/records?limit=500')).body)
  expect(records).toContain('the key ghp_***')
  expect(records).not.toContain(secret)
})

test('a burst is not slowed, and what is beyond 200 in hand is dropped, and shown', async () => {
  const all = await Promise.all(
    Array.from({ length: 260 }, () => hook('PreToolUse', { tool_name: 'Read', tool_input: {} })),
  )
  const dropped = all.filter(({ status }) => status === 503)
  expect(dropped.length).toBeLessThanOrEqual(60)
  for (const { text } of dropped) expect(codeOf(text)).toBe('TOWN_BUSY')
  expect((await hook('PreToolUse', { tool_name: 'Read', tool_input: {} })).status).toBe(200)
  const message = expect.stringContaining(`${dropped.length} hooks of agents came while 200 of the same`)
  const shown = [{ code: 'HOOKS_DROPPED', message }]
  expect(dropped.length).toBeGreaterThan(0)
  expect((await town.get('/v1/status')).body.problems).toMatchObject(shown)
  expect((await town.get('/v1/health')).body).toMatchObject({ ok: false, troubles: shown })
})
