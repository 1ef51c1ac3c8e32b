import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createMemoryLog } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import type { AnyFact, LogRecord } from '../../src/events/record.ts'
import { presets } from '../../src/pty/presets/index.ts'
import { openSystem } from '../../src/system/system.ts'
import type { System } from '../../src/system/types.ts'
import { createTranscripts } from '../../src/town/transcripts.ts'
import { AGENT, message, SESSION } from '../support/messages.ts'

const dir = mkdtempSync(join(tmpdir(), 'gt-transcripts-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
let files = 0

/** A row of an answer as Claude Code writes it; an answer of several rows repeats its usage in each. */
const answer = (id: string, output: number, more: object = {}) =>
  `${JSON.stringify({ type: 'assistant', message: { id, model: 'claude-opus-5', usage: { input_tokens: 1, output_tokens: output, cache_read_input_tokens: 100, cache_creation_input_tokens: 10, ...more } } })}\n`

async function opened(text: string | null) {
  const path = join(dir, `t-${++files}.jsonl`)
  if (text !== null) writeFileSync(path, text)
  const log = createMemoryLog()
  const facts: AnyFact[] = []
  const troubles: string[] = []
  let shown: (record: LogRecord) => void = () => {}
  const system = await openSystem({
    log,
    machines: machineAt,
    clock: { now: () => Date.now(), after: () => () => {} },
    onRecord(record) {
      facts.push(...record.facts)
      shown(record)
    },
  })
  const reader = () => {
    const transcripts = createTranscripts({
      system,
      presets,
      prices: { refresh: () => {}, of: ({ model }) => (model === 'claude-opus-5' ? 0.5 : null) },
      onTrouble: (code, what) => troubles.push(`${code} ${what}`),
    })
    shown = transcripts.record
    return transcripts
  }
  return {
    path,
    system,
    facts,
    troubles,
    reader,
    used: () => facts.filter(({ type }) => type === 'TokensUsed'),
  }
}

const say = async (system: System, to: string, ...messages: readonly { readonly type: string }[]) => {
  for (const [n, each] of messages.entries()) {
    const result = await system.take({
      id: `${to} ${each.type} ${n} ${system.seq}`,
      by: 'host',
      messages: [{ to, message: each }],
    })
    if (!result.accepted) throw new Error(JSON.stringify(result))
  }
}

/** Begins a session whose transcript is at `path`. */
async function begun(system: System, path: string, session = SESSION): Promise<void> {
  const ready = {
    kind: 'ready',
    via: 'hook',
    runtimeSession: 'c-1',
    transcript: path,
    model: null,
    source: 'startup',
  }
  await say(
    system,
    session,
    message('session.open'),
    message('session.started', { pid: 7, command: ['claude'], runtime: 'claude', runtimeSession: 'c-1' }),
    { type: 'session.heard', heard: ready, activity: null } as never,
  )
}
const turn = (system: System, session = SESSION) =>
  say(
    system,
    session,
    {
      type: 'session.heard',
      heard: { kind: 'turnStarted', via: 'hook', nudge: null },
      activity: null,
    } as never,
    {
      type: 'session.heard',
      heard: { kind: 'turnEnded', via: 'hook', background: 0 },
      activity: null,
    } as never,
  )

test('[TOWNUP-32] what a turn used is counted when it has ended, by whole lines, each once', async () => {
  const town = await opened(answer('m-1', 5) + answer('m-1', 5) + answer('m-2', 7).slice(0, 40))
  const transcripts = town.reader()
  await begun(town.system, town.path)
  await turn(town.system)
  await transcripts.idle()
  expect(town.used()).toMatchObject([
    {
      session: SESSION,
      agent: AGENT,
      model: 'claude-opus-5',
      output: 5,
      cacheRead: 100,
      requests: 1,
      costUsd: 0.5,
    },
  ])
  // The rest of the line, another row of the first answer, and two requests more.
  appendFileSync(
    town.path,
    [answer('m-2', 7).slice(40), answer('m-1', 5), answer('m-3', 1), '{"type":"user"}\nno JSON\n'].join(''),
  )
  await turn(town.system)
  await transcripts.idle()
  expect(town.used().slice(1)).toMatchObject([{ output: 8, requests: 2, costUsd: 1 }])
  await turn(town.system)
  await transcripts.idle()
  expect(town.used()).toHaveLength(2)
  expect(town.troubles).toEqual([])
})

test('[TOWNUP-32] after a restart nothing is counted again, also where an answer lies across the mark', async () => {
  const town = await opened(answer('m-1', 5))
  const before = town.reader()
  await begun(town.system, town.path)
  await turn(town.system)
  await before.idle()
  const after = town.reader()
  appendFileSync(town.path, answer('m-1', 5) + answer('m-2', 7))
  await turn(town.system)
  await after.idle()
  expect(town.used().map(({ output }) => output)).toEqual([5, 7])
})

test('[TOWNUP-32] a conversation that is gone on with counts from where the session before stopped', async () => {
  const town = await opened(answer('m-1', 5))
  const transcripts = town.reader()
  await begun(town.system, town.path)
  await turn(town.system)
  await transcripts.idle()
  const next = `${AGENT}/sessions/1.2`
  await begun(town.system, town.path, next)
  appendFileSync(town.path, answer('m-2', 7))
  await turn(town.system, next)
  await transcripts.idle()
  expect(town.used().map(({ session, output }) => [session, output])).toEqual([
    [SESSION, 5],
    [next, 7],
  ])
})

test('[TOWNUP-32] the last lines are read before the end, and nothing after it', async () => {
  const town = await opened(null)
  const transcripts = town.reader()
  await begun(town.system, town.path)
  await turn(town.system)
  await transcripts.finish(SESSION)
  expect([town.used(), town.troubles]).toEqual([[], []])
  writeFileSync(town.path, answer('m-1', 5))
  await transcripts.finish(SESSION)
  expect(town.used()).toMatchObject([{ output: 5 }])
  await say(town.system, SESSION, message('session.exited'))
  appendFileSync(town.path, answer('m-2', 7))
  await transcripts.finish(SESSION)
  await transcripts.finish(`${AGENT}/sessions/9.9`)
  expect(town.used()).toHaveLength(1)
})

test('[TOWNUP-32] a long transcript is read in pieces, with lines across them, and unknown money is unknown', async () => {
  const row = (n: number) =>
    answer(`m-${n}`, 1, { pad: 'ü'.repeat(n % 3 === 0 ? 300_000 : 2_000) }).replace(
      'claude-opus-5',
      n % 2 === 0 ? 'claude-opus-5' : 'claude-new-1',
    )
  const town = await opened(Array.from({ length: 30 }, (_, n) => row(n)).join(''))
  const transcripts = town.reader()
  await begun(town.system, town.path)
  await turn(town.system)
  await transcripts.idle()
  const sums = (model: string) =>
    town
      .used()
      .filter((fact) => fact.model === model)
      .reduce((sum, fact) => sum + Number(fact.requests), 0)
  expect([sums('claude-opus-5'), sums('claude-new-1')]).toEqual([15, 15])
  expect(new Set(town.used().map(({ model, costUsd }) => `${model} ${costUsd === null}`))).toEqual(
    new Set(['claude-opus-5 false', 'claude-new-1 true']),
  )
  expect(town.used().length).toBeGreaterThan(3)
})
