// Conversations of a test with a real program: started as its preset says, ended and cleared away after the test.

import { existsSync, readFileSync } from 'node:fs'
import { afterEach, vi } from 'vitest'
import type { Heard } from '../../src/events/hearing.ts'
import type { Launch, LaunchAsk, Preset, ScreenReading } from '../../src/ports/presets.ts'
import { type AgentHome, openHome } from './home.ts'
import type { Model, ModelReply } from './model.ts'
import { type AgentSession, startSession } from './session.ts'
import { fetchedProgram } from './versions.ts'

export type Runtime = {
  readonly preset: Preset
  startModel(): Promise<Model>
  /** What a person's home holds who has used the program before. */
  setUp(home: AgentHome, model: Model): void
  login(model: Model): Readonly<Record<string, string>>
}

export type Conversation = AgentSession & { readonly home: AgentHome; readonly model: Model }

type Start = {
  readonly ask?: Partial<LaunchAsk>
  /** One whose home and model it has. */
  readonly after?: Conversation
  readonly script?: readonly ModelReply[]
  /** On top of what the preset says. */
  readonly env?: Readonly<Record<string, string>>
  readonly change?: (launch: Launch) => Launch
}

export function conversationsWith(runtime: Runtime): (start?: Start) => Promise<Conversation> {
  const { preset } = runtime
  const open: Conversation[] = []
  afterEach(async () => {
    const ended = open.splice(0)
    for (const { close } of ended) await close()
    for (const model of new Set(ended.map((one) => one.model))) await model.close()
    for (const home of new Set(ended.map((one) => one.home))) home.remove()
  })
  return async ({ ask = {}, after, script = [], env = {}, change = (launch: Launch) => launch } = {}) => {
    const program = fetchedProgram(preset.name)
    if (program === null) throw new Error(`${preset.title} is not here: run \`npm run agents\`.`)
    const home = after?.home ?? openHome()
    const model = after?.model ?? (await runtime.startModel())
    if (after === undefined) runtime.setUp(home, model)
    model.script(script)
    const login = runtime.login(model)
    const session = await startSession({ preset, program, home, login, ask, env, change })
    const conversation = { ...session, home, model }
    open.push(conversation)
    return conversation
  }
}

export const isReady = (reading: ScreenReading): boolean => reading.kind === 'ready'

export const isKind =
  (kind: Heard['kind']) =>
  (heard: Heard): boolean =>
    heard.kind === kind

/** What it said of itself when it began. */
export const begun = async ({ hooks }: Conversation): Promise<Extract<Heard, { kind: 'ready' }>> =>
  (await hooks.hears(isKind('ready'))) as Extract<Heard, { kind: 'ready' }>

/**
 * Resolves when its transcript holds `text`. A program writes there a moment after it has shown or said so, and one that is
 * killed before has no conversation to go on with.
 */
export async function keeps(conversation: Conversation, text: string): Promise<void> {
  const { transcript } = await begun(conversation)
  await vi.waitUntil(
    () => transcript !== null && existsSync(transcript) && readFileSync(transcript, 'utf8').includes(text),
    { timeout: 20_000, interval: 20 },
  )
}
