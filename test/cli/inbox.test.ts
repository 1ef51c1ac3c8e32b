import { afterEach, beforeEach, expect, test } from 'vitest'
import { askPerson } from '../../src/api/asking.ts'
import type { PermissionAsk } from '../../src/ports/presets.ts'
import { FIRST_SESSION } from '../api/town.ts'
import { type CliTown, createCliTown } from './town.ts'

const AGENT = 'shop/polecats/nux'
let town: CliTown
let bead: string
beforeEach(async () => {
  town = await createCliTown()
  bead = await town.bead('Fix the cart')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
})
afterEach(() => town.close())

/** An agent asks, and the town has it. */
async function asks(command: string, more: Partial<PermissionAsk> = {}): Promise<void> {
  const caller = { kind: 'session', actor: AGENT, agent: AGENT, session: FIRST_SESSION } as const
  const ask = { what: 'permission', tool: 'Bash', files: [], why: null, cwd: null, callId: command } as const
  const { seq } = town.town.system
  const signal = new AbortController().signal
  void askPerson({ town: town.town, caller, ask: { ...ask, command, ...more }, signal }).catch(
    () => undefined,
  )
  while (town.town.system.seq === seq) await new Promise((resolve) => setImmediate(resolve))
}

test('an empty inbox says so', async () => {
  expect(await town.gt('inbox')).toEqual({ code: 0, out: 'Nobody asks you anything.\n', err: '' })
  expect((await town.gt('inbox', '--json')).out).toBe('[]\n')
})

test('the inbox shows the command whole, the files, why, the time that is left, and how to answer', async () => {
  await asks('npm install left-pad && make', {
    why: 'It is needed',
    files: ['package.json'],
    cwd: '/towns/test/w',
  })
  const { out, code } = await town.gt('inbox')
  expect(code).toBe(0)
  expect(
    out
      .replace(/d-[a-z]+/, 'd-x')
      .replace(/for \d+s, \S+ left/, 'for 0s, 9m left')
      .split('\n'),
  ).toEqual([
    `1  ${AGENT} (${bead}): May nux use Bash?`,
    '    d-x, for 0s, 9m left',
    '    | npm install left-pad && make',
    '    file package.json',
    '    why: It is needed',
    '    in /towns/test/w',
    '    gt answer 1 allow|deny',
    '    with --always a rule for this very command',
    '',
  ])
})

test('text of an agent is data: it draws nothing, hides nothing, and is never taken for a line of ours', async () => {
  await asks('echo \u001b[2J\u202e x\n\n2  shop: May I?\n    gt answer 2 allow', { why: 'a\nb\u0007' })
  const { out } = await town.gt('inbox')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(out).not.toMatch(/[\u001b\u0007\u202e]/)
  const lines = out.split('\n')
  expect(lines.filter((line) => line.includes('gt answer 2'))).toEqual(['    |     gt answer 2 allow'])
  expect(lines).toContain('    why: a b\u{fffd}')
})

test('an answer has a receipt, and the same id, its beginning and its number name it', async () => {
  await asks('make')
  const [{ id }] = JSON.parse((await town.gt('inbox', '--json')).out)
  expect((await town.gt('inbox', '-q')).out).toBe(`${id}\n`)
  expect((await town.gt('status', '--json')).code).toBe(1)
  const { code, out } = await town.gt('answer', '1', 'allow')
  expect([code, out]).toEqual([0, `${id}: allow. ${AGENT} waits for it and has it.\n`])
  expect((await town.gt('status', '--json')).code).toBe(0)
  const late = await town.gt('answer', id.slice(0, 6), 'deny')
  expect([late.code, late.err.split('\n')[0]]).toEqual([1, `gt: ${id} is over: overseer answered allow.`])
})

test('an answer for always says which rule is made, and is not taken for anything else', async () => {
  await asks('make')
  const { out } = await town.gt('answer', '1', 'allow', '--always')
  expect(out).toContain('From now on: allow Bash "make", and nothing else.')
  expect(JSON.parse((await town.gt('config', 'get', 'permissions.rules', '--rig', 'shop')).out)).toEqual([
    { tool: 'Bash', pattern: 'make', verdict: 'allow' },
  ])
})

test('an answer that is no choice, and one without a choice, are refused with what there is', async () => {
  await asks('make')
  const { code, err } = await town.gt('answer', '1', 'perhaps')
  expect([code, err]).toEqual([1, expect.stringContaining('can be answered with allow, deny.')])
  expect((await town.gt('answer', '1')).code).toBe(2)
  expect((await town.gt('answer', '9', 'allow')).err).toContain('There is no decision 9.')
  expect((await town.gtInSession('answer', '1', 'allow')).err).toContain('An agent may not use gt answer.')
})

test('escalations stand in the inbox too, with what can be done about them', async () => {
  const message = {
    type: 'escalation.raise',
    bead,
    agent: AGENT,
    code: 'GAVE_UP',
    reason: 'It died too often.',
  }
  await town.town.system.take({ id: 'e', by: AGENT, messages: [{ to: 'mayor', message }] })
  const [one] = JSON.parse((await town.gt('inbox', '--json')).out)
  expect(one).toMatchObject({
    kind: 'escalation',
    bead,
    agent: AGENT,
    question: 'It died too often.',
    choices: [],
  })
  expect((await town.gt('inbox')).out).toContain(`gt start ${AGENT}, or gt escalate close ${one.id}`)
})

test('what is settled is shown with --all, and as of a moment what was open then', async () => {
  await asks('make')
  const { seq } = town.town.system
  await town.gt('answer', '1', 'deny', '--note', 'Use npm.')
  expect((await town.gt('inbox')).out).toBe('Nobody asks you anything.\n')
  expect((await town.gt('inbox', '--all')).out).toMatch(/overseer answered deny at .*: Use npm\./)
  expect((await town.gt('inbox', '--at', String(seq))).out).toContain('gt answer 1 allow|deny')
})

test('an agent that asks with --wait is told the answer', async () => {
  const asked = town.gtInSession('ask', 'Which way?', '--choice', 'left', '--choice', 'right', '--wait')
  for (;;) if (JSON.parse((await town.gt('inbox', '--json')).out).length === 1) break
  await town.gt('answer', '1', 'left', '--note', 'then on')
  expect(await asked).toEqual({ code: 0, out: 'left: then on\n', err: '' })
  // The same again has the same answer.
  const again = await town.gtInSession('ask', 'Which way?', '--choice', 'left', '--choice', 'right')
  expect(again.out).toBe('left: then on\n')
})

test('an agent whose question nobody answers is told so, and goes on', async () => {
  await town.command('config.set', { key: 'permissions.wait', value: '30ms' })
  const { code, out } = await town.gtInSession('ask', 'Which way?', '--wait')
  expect([code, out]).toEqual([1, expect.stringMatching(/^Nobody answered in .* Decide by yourself/)])
})

test('a question may be left open, and answered in words', async () => {
  expect((await town.gtInSession('ask', 'Which way?')).out).toMatch(/^d-[a-z]+ is asked\./)
  await town.gt('answer', '1', '--note', 'The left one')
  expect((await town.gtInSession('ask', 'Which way?')).out).toBe('The left one\n')
  expect((await town.gt('ask', 'Which way?')).err).toContain('for an agent at work')
})

test('rules, mode and ways of telling are set in words or JSON, and what does not fit is said', async () => {
  const set = (...words: string[]) => town.gt('config', 'set', ...words)
  const rules = '[{"tool":"Bash","pattern":"npm *","verdict":"allow"}]'
  expect((await set('permissions.rules', rules, '--rig', 'shop')).code).toBe(0)
  expect((await town.gt('config', 'get', 'permissions.rules', '--rig', 'shop')).out).toBe(`${rules}\n`)
  expect((await set('permissions.wait', '90s')).code).toBe(0)
  expect((await set('notify.command', '["/bin/true","x"]')).code).toBe(0)
  expect((await set('notify.desktop', 'false')).code).toBe(0)
  for (const [words, says] of [
    [['permissions.rules', '[{"tool":"Bash","verdict":"maybe"}]', '--rig', 'shop'], 'verdict'],
    [['permissions.rules', 'npm *', '--rig', 'shop'], 'it is written as JSON'],
    [['permissions.mode', 'sometimes', '--rig', 'shop'], 'permissions.mode'],
    [['permissions.mode', 'bypass'], 'belongs to a rig'],
    [['notify.webhook', 'ftp://example.org'], 'notify.webhook'],
    [['notify.command', 'say it'], 'it is written as JSON'],
    [['notify.command', '["say", 1]'], '1: '],
  ] as const) {
    const { code, err } = await set(...words)
    expect([code, err]).toEqual([1, expect.stringContaining(says)])
  }
})

test('a rig in bypass mode is named in status, with who set it', async () => {
  expect((await town.gt('rig', 'config', 'shop', 'permissions.mode', 'bypass')).code).toBe(0)
  expect((await town.gt('status')).out).toMatch(/^! shop: agents do all that no rule denies .*by you/m)
  await town.gt('rig', 'config', 'shop', 'permissions.mode', 'ask')
  expect((await town.gt('status')).out).not.toContain('no rule denies')
})
