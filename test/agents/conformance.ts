// What every preset must do with its real program before it counts as proved.
//
// Each test is a conversation of its own, in a home folder of its own, with a model on the loopback.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Heard } from '../../src/events/hearing.ts'
import type { LaunchAsk, PermissionAsk, Preset, ScreenReading } from '../../src/ports/presets.ts'
import { processes } from '../../src/pty/processes.ts'
import { type AgentHome, openHome } from './home.ts'
import type { Model, Tokens } from './model.ts'
import { keepWhenAllPass } from './passed.ts'
import { type AgentSession, startSession } from './session.ts'
import { fetchedProgram } from './versions.ts'

export type Subject = {
  readonly preset: Preset
  startModel(): Promise<Model>
  /** What a person's home holds who has used the program before. */
  setUp(home: AgentHome, model: Model): void
  login(model: Model): Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** A shell command that it asks a person about when the permissions are `ask`. */
  readonly askedAbout: { readonly run: string; readonly escalate?: string }
  /** What the model says that each answer took. */
  readonly tokens: Tokens
}

type Conversation = AgentSession & { readonly home: AgentHome; readonly model: Model }

const ORDERS = `- Begin with this line, which starts with a dash.

Then "quotes", 'more', $HOME, \`ticks\`, back\\slash, tabs\tand ümläute, 日本語, 🙂.
${'A long line. '.repeat(300)}
/not-a-command
!echo not run
The end.`

export function conformance(subject: Subject): void {
  const { preset } = subject
  const open: Conversation[] = []
  afterEach(async () => {
    for (const { close, model, home } of open.splice(0)) {
      await close()
      await model.close()
      home.remove()
    }
  })

  const start = async (
    ask: Partial<LaunchAsk> = {},
    earlier?: Conversation,
    prepare: (model: Model) => void = () => {},
  ): Promise<Conversation> => {
    const program = fetchedProgram(preset.name)
    if (program === null) throw new Error(`${preset.title} is not here: run \`npm run agents\`.`)
    const home = earlier?.home ?? openHome()
    const model = earlier?.model ?? (await subject.startModel())
    if (earlier === undefined) subject.setUp(home, model)
    prepare(model)
    const session = await startSession({
      preset,
      program,
      home,
      login: subject.login(model),
      ask,
      ...(subject.env === undefined ? {} : { env: subject.env }),
    })
    const conversation = { ...session, home, model }
    open.push(conversation)
    return conversation
  }
  const turnEnded = (one: Heard) => one.kind === 'turnEnded'
  const ready = (reading: ScreenReading) => reading.kind === 'ready'

  describe(`${preset.title}, the real program`, () => {
    keepWhenAllPass(preset)

    test('starts without a dialog, is ready, and names its conversation', async () => {
      const { terminal, hooks, launch } = await start()
      const reading = await terminal.shows(ready)
      expect(reading.composer).toBe('')
      // Some say so only when the first turn begins.
      await terminal.type('Hello.')
      const heard = await hooks.hears((one) => one.kind === 'ready')
      expect(heard).toMatchObject({ kind: 'ready', source: 'startup' })
      const { runtimeSession } = heard as Extract<Heard, { kind: 'ready' }>
      if (launch.runtimeSession !== null) expect(runtimeSession).toBe(launch.runtimeSession)
      expect(runtimeSession).toBeTruthy()
    })

    test('gives the model its orders byte for byte, and its rules', async () => {
      const { model } = await start({ orders: ORDERS, rules: 'RULE-17: commit often.' })
      const request = await model.asked(() => true)
      expect(request.prompt).toBe(ORDERS)
      expect(request.text).toContain('RULE-17: commit often.')
    })

    test.each(['/help', '!touch ran.txt'])(
      'takes orders that begin like %s for words, not for a command',
      async (word) => {
        const { model, worktree } = await start({ orders: `${word} me`, permissions: 'bypass' })
        const request = await model.asked(() => true)
        expect(request.prompt).toContain(`${word} me`)
        expect(readdirSync(worktree)).not.toContain('ran.txt')
      },
    )

    test('is heard step by step, in order', async () => {
      const { hooks, worktree } = await start(
        { orders: 'Write it.', permissions: 'bypass' },
        undefined,
        (model) => model.script([{ run: 'echo hello > made.txt' }, { say: 'It is written.' }]),
      )
      await hooks.hears(turnEnded)
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
      await terminal.shows(ready)
      const lines = ['Ok.', `A line above sixty-four bytes: ${'ü'.repeat(200)} "end"`]
      for (const [at, line] of lines.entries()) {
        const from = hooks.heard.length
        await terminal.type(line)
        await hooks.hears((one) => one.kind === 'turnStarted', from)
        await hooks.hears(turnEnded, from)
        await terminal.shows(ready)
        expect(
          hooks.calls.map((call) => preset.hear(call).prompt).filter((prompt) => prompt !== null),
        ).toEqual(lines.slice(0, at + 1))
        expect(model.requests.map(({ prompt }) => prompt)).toEqual(lines.slice(0, at + 1))
      }
    })

    test('shows whether it is at work, idle, or holds a half-written line', async () => {
      const { terminal, model } = await start()
      await terminal.shows(ready)
      model.script([{ say: 'Slowly.', afterMs: 1_500 }])
      await terminal.type('Think.')
      await terminal.shows(({ kind }) => kind === 'busy')
      await terminal.shows(({ kind, composer }) => kind === 'ready' && composer === '')
      terminal.write('\x1b[200~half a li\x1b[201~')
      await terminal.shows(({ kind, composer }) => kind === 'ready' && composer === 'half a li')
    })

    test('asks through its hook, does nothing before the answer, and does it when allowed', async () => {
      const { hooks, terminal, worktree } = await start({ orders: 'Do it.' }, undefined, (model) =>
        model.script([subject.askedAbout]),
      )
      let allow = () => {}
      const asked: PermissionAsk[] = []
      hooks.answer((_, { asks }) => {
        if (asks === null) return { kind: 'none' }
        asked.push(asks)
        return new Promise((resolve) => {
          allow = () => resolve({ kind: 'allow' })
        })
      })
      await hooks.hears((one) => one.kind === 'asks')
      expect(readdirSync(worktree)).not.toContain('asked.txt')
      expect((await terminal.read()).kind).not.toBe('ready')
      expect(asked).toMatchObject([
        { what: 'permission', command: expect.stringContaining(subject.askedAbout.run) },
      ])
      allow()
      await hooks.hears(turnEnded)
      expect(readdirSync(worktree)).toContain('asked.txt')
    })

    test('goes on without what was denied, and tells the model why', async () => {
      const { hooks, model, worktree } = await start({ orders: 'Do it.' }, undefined, (one) =>
        one.script([subject.askedAbout, { say: 'Then not.' }]),
      )
      hooks.answer((_, { asks }) =>
        asks === null ? { kind: 'none' } : { kind: 'deny', reason: 'Nobody answered in time.' },
      )
      await hooks.hears(turnEnded)
      expect(readdirSync(worktree)).not.toContain('asked.txt')
      expect(model.requests.at(-1)?.toolOutput).toContain('Nobody answered in time.')
    })

    test('shows a dialog when its question is left to the terminal', async () => {
      const { terminal } = await start({ orders: 'Do it.' }, undefined, (model) =>
        model.script([subject.askedAbout]),
      )
      const reading = await terminal.shows(({ kind }) => kind === 'dialog')
      expect(reading).toMatchObject({ name: 'permission', composer: null })
    })

    test('is refused a tool by a guard, even where nothing is asked', async () => {
      const { hooks, model, worktree } = await start(
        { orders: 'Do it.', permissions: 'bypass' },
        undefined,
        (one) => one.script([{ run: 'touch forbidden.txt' }, { say: 'Then not.' }]),
      )
      hooks.answer((_, { guards }) =>
        guards?.command?.includes('forbidden')
          ? { kind: 'deny', reason: 'Not in this rig.' }
          : { kind: 'none' },
      )
      await hooks.hears(turnEnded)
      expect(readdirSync(worktree)).not.toContain('forbidden.txt')
      expect(model.requests.at(-1)?.toolOutput).toContain('Not in this rig.')
    })

    test('stops at the interrupt key, and takes the next line', async () => {
      const { hooks, terminal, model } = await start(
        { orders: 'Run it.', permissions: 'bypass' },
        undefined,
        (one) => one.script([{ run: 'for i in 1 2 3 4 5 6 7 8 9; do sleep 3; done' }]),
      )
      await hooks.hears((one) => one.kind === 'toolStarted')
      await terminal.shows(({ kind }) => kind === 'busy')
      terminal.write(preset.keys.interrupt)
      await terminal.shows(({ kind, composer }) => kind === 'ready' && composer === '')
      await terminal.type('And now?')
      const request = await model.asked(({ prompt }) => prompt.includes('And now?'))
      expect(request.prompt).toMatch(/And now\?$/)
    })

    test('goes on by its id in a new terminal, after it was killed', async () => {
      const first = await start({ orders: 'Remember the word heron.', permissions: 'bypass' })
      const { runtimeSession } = (await first.hooks.hears((one) => one.kind === 'ready')) as Extract<
        Heard,
        { kind: 'ready' }
      >
      await first.hooks.hears(turnEnded)
      await first.terminal.shows(ready)
      first.terminal.signal('SIGKILL')
      await first.terminal.ended
      const second = await start(
        { orders: 'Which word?', permissions: 'bypass', resume: runtimeSession },
        first,
      )
      const request = await second.model.asked(({ prompt }) => prompt === 'Which word?')
      expect(request.text).toContain('Remember the word heron.')
      const heard = await second.hooks.hears((one) => one.kind === 'ready')
      expect(heard).toMatchObject({ source: 'resume', runtimeSession })
    })

    test('counts in its transcript what the model said that it took', async () => {
      const { hooks, model, terminal } = await start(
        { orders: 'Count.', permissions: 'bypass' },
        undefined,
        (one) => one.script([{ run: 'true', say: 'First.' }, { say: 'Second.' }]),
      )
      const { transcript } = (await hooks.hears((one) => one.kind === 'ready')) as Extract<
        Heard,
        { kind: 'ready' }
      >
      await hooks.hears(turnEnded)
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
      const { hooks, terminal, marker } = await start(
        { orders: 'Run it.', permissions: 'bypass' },
        undefined,
        (one) => one.script([{ run: 'for i in 1 2 3 4 5 6 7 8 9; do sleep 3; done' }]),
      )
      await hooks.hears((one) => one.kind === 'toolStarted')
      await terminal.shows(({ kind }) => kind === 'busy')
      terminal.signal('SIGTERM')
      await terminal.ended
      await expect
        .poll(() => processes.withMarker([marker]).map(({ pid }) => pid), { timeout: 5_000 })
        .toEqual([])
    })
  })
}
