// What every preset must do with its real program before it counts as proved.
//
// Each test is a conversation of its own, in a home folder of its own, with a model on the loopback.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { PermissionAsk } from '../../src/ports/presets.ts'
import { processes } from '../../src/pty/processes.ts'
import { begun, conversationsWith, isKind, isReady, keeps, type Runtime } from './conversation.ts'
import type { Tokens } from './model.ts'
import { keepWhenAllPass } from './passed.ts'

export type Subject = Runtime & {
  /** A shell command that it asks a person about when the permissions are `ask`. */
  readonly askedAbout: { readonly run: string; readonly escalate?: string }
  /** What the model says that each answer took. */
  readonly tokens: Tokens
}

const ORDERS = `- Begin with this line, which starts with a dash.

Then "quotes", 'more', $HOME, \`ticks\`, back\\slash, tabs\tand ümläute, 日本語, 🙂.
${'A long line. '.repeat(300)}
/not-a-command
!echo not run
The end.`

export function conformance(subject: Subject): void {
  const { preset } = subject
  const start = conversationsWith(subject)

  describe(`${preset.title}, the real program`, () => {
    keepWhenAllPass(preset)

    test('starts without a dialog, is ready, and names its conversation', async () => {
      const conversation = await start()
      const { terminal, launch } = conversation
      expect((await terminal.shows(isReady)).composer).toBe('')
      // Some say so only when the first turn begins.
      await terminal.type('Hello.')
      const { source, runtimeSession } = await begun(conversation)
      expect(source).toBe('startup')
      if (launch.runtimeSession !== null) expect(runtimeSession).toBe(launch.runtimeSession)
      expect(runtimeSession).toBeTruthy()
    })

    test('gives the model its orders byte for byte, and its rules', async () => {
      const { model } = await start({ ask: { orders: ORDERS, rules: 'RULE-17: commit often.' } })
      const request = await model.asked(() => true)
      expect(request.prompt).toBe(ORDERS)
      expect(request.text).toContain('RULE-17: commit often.')
    })

    test.each(['/help', '!touch ran.txt'])(
      'takes orders that begin like %s for words, not for a command',
      async (word) => {
        const { model, worktree } = await start({ ask: { orders: `${word} me`, permissions: 'bypass' } })
        const request = await model.asked(() => true)
        expect(request.prompt).toContain(`${word} me`)
        expect(readdirSync(worktree)).not.toContain('ran.txt')
      },
    )

    test('is heard step by step, in order', async () => {
      const { hooks, worktree } = await start({
        ask: { orders: 'Write it.', permissions: 'bypass' },
        script: [{ run: 'echo hello > made.txt' }, { say: 'It is written.' }],
      })
      await hooks.hears(isKind('turnEnded'))
      expect(hooks.heard.map(({ kind }) => kind)).toEqual([
        'ready',
        'turnStarted',
        'toolStarted',
        'toolEnded',
        'turnEnded',
      ])
      expect(readFileSync(join(worktree, 'made.txt'), 'utf8')).toBe('hello\n')
    })

    test('takes a typed line whole, once, and says that it did', async () => {
      const { terminal, hooks, model } = await start()
      await terminal.shows(isReady)
      const lines = ['Ok.', `A line above sixty-four bytes: ${'ü'.repeat(200)} "end"`]
      for (const [at, line] of lines.entries()) {
        const from = hooks.heard.length
        await terminal.type(line)
        await hooks.hears(isKind('turnStarted'), from)
        await hooks.hears(isKind('turnEnded'), from)
        await terminal.shows(isReady)
        expect(
          hooks.calls.map((call) => preset.hear(call).prompt).filter((prompt) => prompt !== null),
        ).toEqual(lines.slice(0, at + 1))
        expect(model.requests.map(({ prompt }) => prompt)).toEqual(lines.slice(0, at + 1))
      }
    })

    test('shows whether it is at work, idle, or holds a half-written line', async () => {
      const { terminal, model } = await start()
      await terminal.shows(isReady)
      model.script([{ say: 'Slowly.', afterMs: 1_500 }])
      await terminal.type('Think.')
      await terminal.shows(({ kind }) => kind === 'busy')
      await terminal.shows(({ kind, composer }) => kind === 'ready' && composer === '')
      terminal.write('\x1b[200~half a li\x1b[201~')
      await terminal.shows(({ kind, composer }) => kind === 'ready' && composer === 'half a li')
    })

    test('asks through its hook, does nothing before the answer, and does it when allowed', async () => {
      const { hooks, terminal, worktree } = await start({
        ask: { orders: 'Do it.' },
        script: [subject.askedAbout],
      })
      let allow = () => {}
      const asked: PermissionAsk[] = []
      hooks.answer((_, { asks }) => {
        if (asks === null) return { kind: 'none' }
        asked.push(asks)
        return new Promise((resolve) => {
          allow = () => resolve({ kind: 'allow' })
        })
      })
      await hooks.hears(isKind('asks'))
      expect(readdirSync(worktree)).not.toContain('asked.txt')
      expect((await terminal.read()).kind).not.toBe('ready')
      expect(asked).toMatchObject([
        { what: 'permission', command: expect.stringContaining(subject.askedAbout.run) },
      ])
      allow()
      await hooks.hears(isKind('turnEnded'))
      expect(readdirSync(worktree)).toContain('asked.txt')
    })

    test('goes on without what was denied, and tells the model why', async () => {
      const { hooks, model, worktree } = await start({
        ask: { orders: 'Do it.' },
        script: [subject.askedAbout, { say: 'Then not.' }],
      })
      hooks.answer((_, { asks }) =>
        asks === null ? { kind: 'none' } : { kind: 'deny', reason: 'Nobody answered in time.' },
      )
      await hooks.hears(isKind('turnEnded'))
      expect(readdirSync(worktree)).not.toContain('asked.txt')
      expect(model.requests.at(-1)?.toolOutput).toContain('Nobody answered in time.')
    })

    test('shows a dialog when its question is left to the terminal', async () => {
      const { terminal } = await start({ ask: { orders: 'Do it.' }, script: [subject.askedAbout] })
      const reading = await terminal.shows(({ kind }) => kind === 'dialog')
      expect(reading).toMatchObject({ name: 'permission', composer: null })
    })

    test('is refused a tool by a guard, even where nothing is asked', async () => {
      const { hooks, model, worktree } = await start({
        ask: { orders: 'Do it.', permissions: 'bypass' },
        script: [{ run: 'touch forbidden.txt' }, { say: 'Then not.' }],
      })
      hooks.answer((_, { guards }) =>
        guards?.command?.includes('forbidden')
          ? { kind: 'deny', reason: 'Not in this rig.' }
          : { kind: 'none' },
      )
      await hooks.hears(isKind('turnEnded'))
      expect(readdirSync(worktree)).not.toContain('forbidden.txt')
      expect(model.requests.at(-1)?.toolOutput).toContain('Not in this rig.')
    })

    test('stops at the interrupt key, and takes the next line', async () => {
      const { hooks, terminal, model } = await start({
        ask: { orders: 'Run it.', permissions: 'bypass' },
        script: [{ run: 'for i in 1 2 3 4 5 6 7 8 9; do sleep 3; done' }],
      })
      await hooks.hears(isKind('toolStarted'))
      await terminal.shows(({ kind }) => kind === 'busy')
      terminal.write(preset.keys.interrupt)
      await terminal.shows(({ kind, composer }) => kind === 'ready' && composer === '')
      await terminal.type('And now?')
      const request = await model.asked(({ prompt }) => prompt.includes('And now?'))
      expect(request.prompt).toMatch(/And now\?$/)
    })

    test('goes on by its id in a new terminal, after it was killed', async () => {
      const first = await start({ ask: { orders: 'Remember the word heron.', permissions: 'bypass' } })
      const { runtimeSession } = await begun(first)
      await first.hooks.hears(isKind('turnEnded'))
      await first.terminal.shows(isReady)
      await keeps(first, 'Remember the word heron.')
      first.terminal.signal('SIGKILL')
      await first.terminal.ended
      const second = await start({
        ask: { orders: 'Which word?', permissions: 'bypass', resume: runtimeSession },
        after: first,
      })
      const request = await second.model.asked(({ prompt }) => prompt === 'Which word?')
      expect(request.text).toContain('Remember the word heron.')
      expect(await begun(second)).toMatchObject({ source: 'resume', runtimeSession })
    })

    test('counts in its transcript what the model said that it took', async () => {
      const conversation = await start({
        ask: { orders: 'Count.', permissions: 'bypass' },
        script: [{ run: 'true', say: 'First.' }, { say: 'Second.' }],
      })
      const { hooks, model, terminal } = conversation
      const { transcript } = await begun(conversation)
      await hooks.hears(isKind('turnEnded'))
      await terminal.close()
      const { usage, prompts } = preset.readTranscript(readFileSync(transcript ?? '', 'utf8'), null)
      const { input, output, cacheRead, cacheWrite } = subject.tokens
      const requests = model.requests.length
      expect(requests).toBe(2)
      expect(usage).toEqual([
        {
          model: model.requests[0]?.model,
          input: input * 2,
          output: output * 2,
          cacheRead: cacheRead * 2,
          cacheWrite: cacheWrite * 2,
          costUsd: null,
          requests: 2,
        },
      ])
      expect(prompts).toEqual(['Count.'])
    })

    test('ends at a signal in mid-tool, and leaves no process', async () => {
      const { hooks, terminal, marker } = await start({
        ask: { orders: 'Run it.', permissions: 'bypass' },
        script: [{ run: 'for i in 1 2 3 4 5 6 7 8 9; do sleep 3; done' }],
      })
      await hooks.hears(isKind('toolStarted'))
      await terminal.shows(({ kind }) => kind === 'busy')
      terminal.signal('SIGTERM')
      await terminal.ended
      await expect
        .poll(() => processes.withMarker([marker]).map(({ pid }) => pid), { timeout: 5_000 })
        .toEqual([])
    })
  })
}
