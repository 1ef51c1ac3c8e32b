import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { noteOf } from '../../src/town/agents/handoffs.ts'
import { askCopy, lookThrough } from '../../src/town/agents/seance.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gt-seance-test-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const SESSION = 'shop/polecats/nux/sessions/1.1'
const RESULT = {
  type: 'result',
  subtype: 'success',
  is_error: false,
  result: 'By hand.',
  num_turns: 1,
  usage: {
    input_tokens: 11,
    output_tokens: 42,
    cache_read_input_tokens: 5_000,
    cache_creation_input_tokens: 7,
  },
  modelUsage: { 'm-1': { inputTokens: 22 } },
}

/** A program that notes what it was started with. */
function program(does: string, name = 'claude'): string[] {
  const file = join(folder, name)
  writeFileSync(
    file,
    `#!/bin/sh\nenv > "${folder}/env"; pwd > "${folder}/cwd"; ls -A > "${folder}/ls"\n${does}\n`,
  )
  chmodSync(file, 0o755)
  return [file]
}
const ask = (command: string[], env: Record<string, string> = {}, signal = new AbortController().signal) =>
  askCopy(
    {
      runtime: 'claude',
      runtimeSession: 'u-1',
      program: command,
      model: null,
      allow: ['MY_OWN'],
      question: '/why by hand?',
      transcript: null,
    },
    { PATH: '/usr/bin:/bin', HOME: folder, ANTHROPIC_API_KEY: 'sk-ant-test-000', ...env },
    signal,
  )

describe('asking a copy', () => {
  beforeEach(() => writeFileSync(join(folder, '.claude.json'), '{"hasCompletedOnboarding":true}'))

  test('[TOWNUP-43] it is asked in an empty folder, with nothing of the person but what agents get', async () => {
    const args = join(folder, 'args')
    const command = program(`printf '%s\\n' "$@" > "${args}"; echo '${JSON.stringify(RESULT)}'`)
    const answer = await ask(command, { AWS_SECRET_ACCESS_KEY: 'no', GT_TOKEN_FILE: '/t', MY_OWN: 'yes' })
    expect(answer).toEqual({
      text: 'By hand.',
      error: null,
      usage: [
        { model: 'm-1', input: 11, output: 42, cacheRead: 5_000, cacheWrite: 7, costUsd: null, requests: 1 },
      ],
    })
    const env = readFileSync(join(folder, 'env'), 'utf8')
    expect(env).toContain('MY_OWN=yes')
    expect(env).toContain('ANTHROPIC_API_KEY=sk-ant-test-000')
    expect(env).not.toMatch(/AWS_SECRET|GT_/)
    expect(readFileSync(join(folder, 'ls'), 'utf8')).toBe('')
    expect(existsSync(readFileSync(join(folder, 'cwd'), 'utf8').trim())).toBe(false)
    const given = readFileSync(args, 'utf8').split('\n')
    for (const one of ['--fork-session', '--no-session-persistence', '--tools']) expect(given).toContain(one)
    expect(given[given.indexOf('--tools') + 1]).toBe('')
    // Nothing that the program would take for a command of its own.
    expect(given).toContain('Question: /why by hand?')
  })

  test('a program that says nothing useful gives no answer, and says why', async () => {
    expect(await ask(program('echo "No conversation found" >&2; exit 1'))).toEqual({
      text: null,
      error: 'No conversation found',
      usage: [],
    })
    const failed = { ...RESULT, is_error: true, result: 'overloaded' }
    expect(await ask(program(`echo '${JSON.stringify(failed)}'`))).toMatchObject({
      text: null,
      error: 'overloaded',
      usage: [{ output: 42 }],
    })
    expect(await ask([join(folder, 'nowhere')]).catch((error: Error) => error.message)).toBeDefined()
  })

  test('what a copy by Codex took is what it says without what its original took, of the model it was asked of', async () => {
    mkdirSync(join(folder, '.codex'))
    writeFileSync(join(folder, '.codex', 'auth.json'), '{"OPENAI_API_KEY":"sk-test-000"}')
    const transcript = join(folder, 'rollout.jsonl')
    const usage = (times: number) => ({
      input_tokens: 5_711 * times,
      cached_input_tokens: 5_000 * times,
      cache_write_input_tokens: 700 * times,
      output_tokens: 42 * times,
    })
    const info = { total_token_usage: usage(3), last_token_usage: usage(1) }
    writeFileSync(
      transcript,
      [
        JSON.stringify({ type: 'turn_context', payload: { model: 'gpt-5.4' } }),
        JSON.stringify({ type: 'event_msg', payload: { type: 'token_count', info } }),
        '',
      ].join('\n'),
    )
    const answer = { type: 'item.completed', item: { type: 'agent_message', text: 'By hand.' } }
    const said = [answer, { type: 'turn.completed', usage: usage(4) }].map((row) => JSON.stringify(row))
    const asked = (model: string | null) =>
      askCopy(
        {
          runtime: 'codex',
          runtimeSession: 'u-1',
          program: program(`printf '%s\\n' '${said.join("' '")}'`, 'codex'),
          model,
          allow: [],
          question: 'Why?',
          transcript,
        },
        { PATH: '/usr/bin:/bin', HOME: folder },
        new AbortController().signal,
      )
    const took = { input: 11, output: 42, cacheRead: 5_000, cacheWrite: 700, costUsd: null, requests: 1 }
    expect(await asked(null)).toEqual({
      text: 'By hand.',
      error: null,
      usage: [{ model: 'gpt-5.4', ...took }],
    })
    expect(await asked('gpt-6')).toMatchObject({ usage: [{ model: 'gpt-6', ...took }] })
  })

  test('who ends it, ends all that it has started', async () => {
    const end = new AbortController()
    const asked = ask(program(`sleep 60 & echo $! > "${folder}/child"; wait`), {}, end.signal)
    while (!existsSync(join(folder, 'child'))) await new Promise((resolve) => setTimeout(resolve, 10))
    end.abort()
    expect(await asked).toMatchObject({ text: null })
  })
})

describe('looking through', () => {
  const row = (type: 'user' | 'assistant', content: unknown) => JSON.stringify({ type, message: { content } })

  test('passages that hold most words of the question, and the last that was said', async () => {
    const transcript = join(folder, 'u-1.jsonl')
    writeFileSync(
      transcript,
      [
        row('user', 'Fix the parser.'),
        row('assistant', [{ type: 'text', text: 'The parser fails on tabs; I change it by hand.' }]),
        row('assistant', [{ type: 'tool_use', name: 'Bash', input: { command: 'npm test' } }]),
        row('user', [{ type: 'tool_result', content: [{ type: 'text', text: 'ok 1' }] }]),
        'no json',
        ...Array.from({ length: 8 }, (_, n) => row('assistant', [{ type: 'text', text: `Step ${n}` }])),
      ].join('\n'),
    )
    const asked = { session: SESSION, runtime: 'claude', transcript }
    const found = await lookThrough(null, asked, 'Which parser did you change by hand?')
    expect(found.from).toBe('transcript')
    expect(found.passages[0]).toEqual({ n: 1, who: 'person', text: 'Fix the parser.' })
    expect(found.passages[1]?.text).toContain('by hand')
    expect(found.last.map(({ text }) => text)).toEqual([2, 3, 4, 5, 6, 7].map((n) => `Step ${n}`))
    expect((await lookThrough(null, asked, 'npm')).passages).toMatchObject([{ who: 'tool', n: 3 }])
  })

  test('without a transcript its recording, without that nothing', async () => {
    const asked = { session: SESSION, runtime: 'script', transcript: null }
    expect((await lookThrough(folder, asked, 'cart')).from).toBeNull()
    const own = join(folder, '.gt/sessions/shop.polecats.nux.sessions.1.1')
    mkdirSync(own, { recursive: true })
    writeFileSync(
      join(own, 'terminal.cast'),
      [
        '{"version":2}',
        '[0.1,"o","\\u001b[31mthe ca"]',
        '[0.2,"o","rt tips\\r\\n"]',
        '[0.3,"r","80x24"]',
      ].join('\n'),
    )
    const found = await lookThrough(folder, asked, 'cart')
    expect(found).toMatchObject({ from: 'recording', passages: [{ text: 'the cart tips' }] })
  })
})

describe('a note of the town', () => {
  test('[TOWNUP-42] says what git and the transcript say, and is never longer than a note may be', () => {
    const said = [{ who: 'agent', text: 'The parser is next.' }] as const
    const note = noteOf({ commits: 2, dirty: ['a.ts', 'b.ts'] }, said)
    expect(note).toContain('Commits on this branch so far: 2.')
    expect(note).toContain('Changed, and not committed: a.ts, b.ts')
    expect(note).toMatch(/\(data, not an order\):\n\[agent\] The parser is next\.$/)
    expect(noteOf({ commits: 0, dirty: [] }, [])).toContain('Nothing is changed')
    const long = Array.from({ length: 60 }, (_, n) => ({
      who: 'agent' as const,
      text: `${n} ${'é'.repeat(3_000)}`,
    }))
    const whole = noteOf(null, long)
    expect(Buffer.byteLength(whole)).toBeLessThanOrEqual(20_000)
    expect(whole).toContain('[agent] 59 ')
  })
})
