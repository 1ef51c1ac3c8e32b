import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Asking, askPerson, guard } from '../../src/api/asking.ts'
import type { HookReply, PermissionAsk } from '../../src/ports/presets.ts'
import { createTown, FIRST_SESSION, type TestTown, tokenOf } from './town.ts'

const AGENT = 'shop/polecats/nux'
const caller = { kind: 'session', actor: AGENT, agent: AGENT, session: FIRST_SESSION } as const
const token = tokenOf(FIRST_SESSION)
const TREE = '/towns/test/w'

const bash = (command: string, callId: string | null = `call ${command}`): PermissionAsk => ({
  what: 'permission',
  tool: 'Bash',
  command,
  files: [],
  why: 'To see',
  cwd: TREE,
  callId,
})

let town: TestTown
let bead: string
beforeEach(async () => {
  town = await createTown()
  bead = await town.bead('Fix the cart')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
})
afterEach(() => town.close())

const asking = (ask: PermissionAsk, more: Partial<Asking> = {}): Promise<HookReply> =>
  askPerson({ town: town.town, caller, ask, signal: new AbortController().signal, ...more })
/** Nobody waits for the reply; the town may close first. */
const leave = (ask: PermissionAsk): void => void asking(ask).catch(() => undefined)
const set = async (key: string, value: unknown) =>
  expect((await town.command('config.set', { rig: 'shop', key, value })).status).toBe(200)
const inbox = async (query = '') => (await town.get(`/v1/decisions${query}`)).body.items
/** Waits until so many are open. */
async function opened(count = 1) {
  for (;;) {
    const items = await inbox()
    if (items.length === count) return items
    await new Promise((resolve) => setImmediate(resolve))
  }
}
const answer = (decision: string, choice: string, more: object = {}) =>
  town.command('decision.answer', { decision, choice, ...more })
const standing = async () => town.town.system.owner(FIRST_SESSION)?.context.standing

describe('what a rule decides', () => {
  test('is answered at once, and nobody is asked', async () => {
    await set('permissions.rules', [
      { tool: 'Bash', pattern: 'npm test', verdict: 'allow' },
      { tool: 'Bash', pattern: 'git push *', verdict: 'deny' },
    ])
    expect(await asking(bash('npm test'))).toEqual({ kind: 'allow' })
    const denied = await asking(bash('npm test && git push origin main'))
    expect(denied).toMatchObject({ kind: 'deny', reason: expect.stringContaining('Bash "git push *"') })
    expect(await inbox('?state=all')).toEqual([])
  })

  test('holds before any tool runs, in bypass mode too, where nobody is asked', async () => {
    await set('permissions.mode', 'bypass')
    await set('permissions.rules', [{ tool: 'Bash', pattern: 'rm *', verdict: 'deny' }])
    expect(await asking(bash('make'))).toEqual({ kind: 'allow' })
    expect(await asking({ ...bash(''), what: 'plan', tool: 'ExitPlanMode' })).toEqual({ kind: 'allow' })
    expect(await asking(bash('rm -rf x'))).toMatchObject({ kind: 'deny' })
    expect(guard(town.town, caller, bash('sudo rm -rf x'))).toMatchObject({
      kind: 'deny',
      reason: expect.stringMatching(/^A rule of rig shop denies this: Bash "rm \*"\./),
    })
    expect(guard(town.town, caller, bash('ls'))).toEqual({ kind: 'none' })
    const { body } = await town.get('/v1/status')
    expect(body.rigs[0].bypass).toMatchObject({ by: 'overseer' })
  })
})

describe('what no rule decides', () => {
  test('waits for a person, who sees it whole, and whose yes is the answer', async () => {
    const reply = asking({ ...bash('npm install left-pad'), files: [`${TREE}/package.json`, '/etc/hosts'] })
    const [one] = await opened()
    expect(one).toMatchObject({
      n: 1,
      kind: 'permission',
      agent: AGENT,
      bead,
      question: 'May nux use Bash?',
      choices: ['allow', 'deny'],
      context: {
        tool: 'Bash',
        command: 'npm install left-pad',
        files: ['package.json', '/etc/hosts'],
        why: 'To see',
      },
      state: 'open',
      always: 'Bash "npm install left-pad"',
    })
    expect(Date.parse(one.expiresAt) - Date.parse(one.since)).toBe(600_000)
    expect(await standing()).toMatchObject({ state: 'waitingForPermission', tool: 'Bash' })
    const { body } = await answer(one.id, 'allow')
    expect(body).toMatchObject({ decision: one.id, choice: 'allow', heard: 'now', rule: null })
    expect(await reply).toEqual({ kind: 'allow' })
    expect(await standing()).not.toMatchObject({ state: 'waitingForPermission' })
    expect(await inbox()).toEqual([])
  })

  test('is denied with what the person said', async () => {
    const reply = asking(bash('make'))
    const [one] = await opened()
    await answer('1', 'DENY', { note: 'Use npm.' })
    expect(await reply).toEqual({
      kind: 'deny',
      reason: 'The person who runs this town said no: Use npm. Go on another way.',
    })
    expect((await town.get(`/v1/decisions/${one.id}`)).body).toMatchObject({
      state: 'answered',
      answer: { choice: 'deny', note: 'Use npm.', by: 'overseer' },
    })
  })

  test('is denied after its time, with a sentence for the agent', async () => {
    await set('permissions.wait', '40ms')
    expect(await asking(bash('make'))).toEqual({
      kind: 'deny',
      reason:
        'Nobody answered in 1 s, so the answer is no. Go on another way, or hand the work back: gt done --status ESCALATED --note "<what you need>".',
    })
    expect((await inbox('?state=all'))[0]).toMatchObject({
      state: 'expired',
      answer: { choice: 'deny', by: 'clock' },
    })
    expect(await standing()).not.toMatchObject({ state: 'waitingForPermission' })
  })

  test('of one call is one decision, however often and from wherever it is asked', async () => {
    const replies = [asking(bash('make')), asking(bash('make')), asking(bash('make', 'another'))]
    const both = await opened(2)
    await answer(both[0].id, 'allow')
    await answer(both[1].id, 'deny')
    expect((await Promise.all(replies)).map(({ kind }) => kind)).toEqual(['allow', 'allow', 'deny'])
    expect(await asking(bash('make')), 'asked once more').toEqual({ kind: 'allow' })
    expect(await inbox('?state=all')).toHaveLength(2)
  })

  test('of a call without a name is known by what it says while it is open, and by its launcher', async () => {
    const nameless = bash('make', null)
    const replies = [asking(nameless), asking(nameless), asking(nameless, { call: 'l-1' })]
    const both = await opened(2)
    for (const { id } of both) await answer(id, 'allow')
    expect(await Promise.all(replies)).toEqual([{ kind: 'allow' }, { kind: 'allow' }, { kind: 'allow' }])
    leave(nameless)
    expect(await opened()).toMatchObject([{ n: 3 }])
  })

  test('stays when the caller goes, and who asks again has the answer of then', async () => {
    const gone = new AbortController()
    const first = asking(bash('make'), { signal: gone.signal })
    const [one] = await opened()
    gone.abort()
    expect(await first).toEqual({ kind: 'none' })
    expect(await inbox()).toHaveLength(1)
    expect((await answer(one.id, 'allow')).body.heard).toBe('later')
    expect(await asking(bash('make'))).toEqual({ kind: 'allow' })
  })

  test('is over when its session is', async () => {
    const reply = asking(bash('make'))
    await opened()
    const message = { type: 'session.exited', ending: { kind: 'exited', exitCode: 1 } }
    await town.town.system.take({ id: 'x', by: 'host', messages: [{ to: FIRST_SESSION, message }] })
    expect(await reply).toMatchObject({ kind: 'deny', reason: expect.stringContaining('Nobody waits') })
    expect((await inbox('?state=all'))[0]).toMatchObject({ state: 'withdrawn', answer: null })
  })

  test('is one of twenty at most', async () => {
    for (let n = 0; n < 20; n += 1) leave(bash(`make ${n}`))
    await opened(20)
    expect(await asking(bash('make more'))).toMatchObject({
      kind: 'deny',
      reason: expect.stringContaining('Nobody could be asked'),
    })
  })
})

describe('an answer', () => {
  test('for always is a rule that says just that, and the next call needs nobody', async () => {
    const reply = asking(bash('npm ci'))
    await opened()
    const { body } = await answer('1', 'allow', { always: true })
    expect(body).toMatchObject({
      rule: { tool: 'Bash', pattern: 'npm ci', verdict: 'allow' },
      ruleText: 'Bash "npm ci"',
      ruleDecides: true,
    })
    await reply
    expect(await asking(bash('npm ci', 'second'))).toEqual({ kind: 'allow' })
    leave(bash('npm ci; make', 'third'))
    await opened()
    const rules = (await town.get('/v1/settings?rig=shop&key=permissions.rules')).body.value
    expect(rules).toEqual([{ tool: 'Bash', pattern: 'npm ci', verdict: 'allow' }])
  })

  test('says so when an earlier rule decides otherwise', async () => {
    leave(bash('npm ci'))
    await opened()
    await set('permissions.rules', [{ tool: 'Bash', verdict: 'deny' }])
    expect((await answer('1', 'allow', { always: true })).body).toMatchObject({ ruleDecides: false })
  })

  test('is refused when it is none of the choices, comes too late, or would be too broad a rule', async () => {
    leave({ ...bash('x'), tool: 'mcp__mail__send', command: null })
    const [{ id }] = await opened()
    const unknown = (await answer(id, 'maybe')).body
    expect([unknown.code, unknown.details.choices]).toEqual(['CHOICE_UNKNOWN', ['allow', 'deny']])
    expect((await answer(id, 'allow', { always: true })).body.code).toBe('ALWAYS_NOT_POSSIBLE')
    expect((await answer(id.slice(0, 5), 'allow')).status).toBe(200)
    const late = (await answer(id.slice(2, 8), 'deny')).body
    expect([late.code, late.detail]).toEqual(['DECISION_OVER', `${id} is over: overseer answered allow.`])
    expect((await answer('zzz', 'allow')).body.code).toBe('DECISION_NOT_FOUND')
  })

  test('[P2] that is sent again with its id is given once, and is answered as before', async () => {
    leave(bash('make'))
    await opened()
    const first = await answer('1', 'allow', { id: 'mine' })
    const again = await answer('1', 'allow', { id: 'mine' })
    expect([first.status, again.status, again.body.seq]).toEqual([200, 200, first.body.seq])
  })

  test("[P9] is a person's: no agent gives it", async () => {
    leave(bash('make'))
    await opened()
    const body = { decision: '1', choice: 'allow' }
    expect((await town.command('decision.answer', body, token)).body.code).toBe('FORBIDDEN')
    expect((await town.get('/v1/decisions', token)).body.code).toBe('FORBIDDEN')
  })
})

test('status says what waits for you, with the command that answers', async () => {
  leave(bash('npm install'))
  await opened()
  const { body } = await town.get('/v1/status')
  expect(body.waitsForYou).toMatchObject([
    { code: 'PERMISSION_ASKED', what: 'May nux use Bash? npm install', bead, next: 'gt answer 1 allow|deny' },
  ])
})

test('[P4] what was open at a moment is shown as open', async () => {
  leave(bash('make'))
  const [one] = await opened()
  const { seq } = (await town.get('/v1/decisions')).body
  await answer(one.id, 'deny')
  expect(await inbox(`?at=${seq}`)).toMatchObject([{ id: one.id, state: 'open' }])
  expect((await town.get(`/v1/decisions/${one.id}?at=${seq}`)).body).toMatchObject({ state: 'open' })
})

describe('a question of an agent', () => {
  const ask = (question: string, more: object = {}) => town.command('ask', { question, ...more }, token)

  test('is asked once, and is read by who asked alone', async () => {
    const { body } = await ask('Which way?', { choices: ['left', 'right'], wait: true })
    expect((await ask('Which way?', { choices: ['left', 'right'] })).body.decision).toBe(body.decision)
    expect(await inbox()).toMatchObject([
      { kind: 'question', question: 'Which way?', choices: ['left', 'right'], always: null },
    ])
    expect(await standing()).toMatchObject({ state: 'waitingForPerson' })
    const url = `/v1/decisions/${body.decision}?until=settled&waitMs=5000`
    const answered = town.get(url, token)
    await answer('1', 'left')
    expect((await answered).body).toMatchObject({ state: 'answered', answer: { choice: 'left' } })
    const other = tokenOf('shop/polecats/slit/sessions/1.1')
    expect((await town.get(url, other)).status).toBe(403)
  })

  test('without choices is answered with yes, no, or in words', async () => {
    await ask('Which way?')
    expect(await standing(), 'it does not wait').not.toMatchObject({ state: 'waitingForPerson' })
    expect((await inbox())[0].choices).toEqual(['yes', 'no', 'note'])
  })

  test('that its runtime asks is answered by a refusal that holds the answer', async () => {
    await set('permissions.mode', 'bypass')
    const reply = asking({ ...bash('{"question":"Which?"}'), what: 'question', tool: 'AskUserQuestion' })
    await opened()
    await answer('1', 'note', { note: 'The left one' })
    expect(await reply).toEqual({
      kind: 'deny',
      reason: 'The person who runs this town answered: The left one. Go on by that.',
    })
  })
})

test('a hook of Claude Code waits for the person, and says what they said', async () => {
  const reply = town.server.inject({
    method: 'POST',
    url: '/v1/hooks/PermissionRequest',
    headers: { authorization: `Bearer ${token}`, 'x-gt-runtime': 'claude', 'x-gt-call': 'l-1' },
    payload: { tool_name: 'Bash', tool_input: { command: 'make all' }, cwd: TREE },
  })
  const [one] = await opened()
  expect(one.context.command).toBe('make all')
  await answer(one.id, 'allow')
  expect(JSON.parse((await reply).payload)).toMatchObject({
    hookSpecificOutput: { decision: { behavior: 'allow' } },
  })
})
