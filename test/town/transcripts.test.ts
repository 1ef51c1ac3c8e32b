import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { createMemoryLog } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import type { AnyFact, LogRecord } from '../../src/events/record.ts'
import type { UsageRead } from '../../src/ports/presets.ts'
import { presets } from '../../src/pty/presets/index.ts'
import { openSystem } from '../../src/system/system.ts'
import type { System } from '../../src/system/types.ts'
import { createTranscripts } from '../../src/town/agents/transcripts.ts'
import { folderOfFile } from '../support/folder.ts'
import { AGENT, message, SESSION } from '../support/messages.ts'

const dir = folderOfFile('gt-transcripts-')
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
  const reader = (asked: (usage: UsageRead) => void = () => {}, of: System = system) => {
    const transcripts = createTranscripts({
      system: of,
      sessionsOf: () => [...system.owners()].map(([address]) => address),
      presets,
      prices: {
        problem: null,
        refresh: () => {},
        of(usage) {
          asked(usage)
          return usage.model === 'claude-opus-5' ? 0.5 : null
        },
      },
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
const heard = (what: object) => ({ type: 'session.heard', heard: what, activity: null }) as never
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

test('[TOWNUP-32] lines that a program writes after it said that the turn is over are counted without another word', async () => {
  const town = await opened(null)
  town.reader()
  await begun(town.system, town.path)
  await turn(town.system)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(town.used()).toEqual([])
  writeFileSync(town.path, answer('m-1', 5))
  await vi.waitUntil(() => town.used().length > 0, { timeout: 10_000 })
  expect(town.used()).toMatchObject([{ output: 5, requests: 1 }])
})

test('[TOWNUP-32] it is read when something was done and when the context was compacted, too', async () => {
  const town = await opened('')
  const transcripts = town.reader()
  await begun(town.system, town.path)
  await say(town.system, SESSION, heard({ kind: 'turnStarted', via: 'hook', nudge: null }))
  const activity = { turns: 0, tools: 1, failedTools: 0, byTool: { Bash: 1 }, lastTool: 'Bash' }
  appendFileSync(town.path, answer('m-1', 5))
  await say(town.system, SESSION, message('session.active', { activity }))
  await transcripts.idle()
  expect(outputs(town.used())).toEqual([5])
  appendFileSync(town.path, answer('m-2', 7))
  await say(town.system, SESSION, heard({ kind: 'compacted', via: 'hook' }))
  await transcripts.idle()
  expect(outputs(town.used())).toEqual([5, 7])
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

test('[TOWNUP-32] what could not be read in time is said, and the session ends all the same', async () => {
  const town = await opened(answer('m-1', 5))
  const { promise, resolve } = Promise.withResolvers<never>()
  const busy = Object.create(town.system, { take: { value: () => promise } }) as System
  const transcripts = town.reader(() => {}, busy)
  await begun(town.system, town.path)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const finished = transcripts.finish(SESSION)
    await vi.advanceTimersByTimeAsync(7_900)
    expect(town.troubles).toEqual([])
    await vi.advanceTimersByTimeAsync(200)
    await finished
  } finally {
    vi.useRealTimers()
  }
  expect(town.troubles).toEqual([expect.stringMatching(/^USAGE_NOT_READ .*within 8 s: what it used last/)])
  resolve(undefined as never)
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

/** A subagent's transcript of the conversation at `path`. */
function subagent(path: string, name: string) {
  const folder = path.replace(/\.jsonl$/, '/subagents')
  mkdirSync(folder, { recursive: true })
  return (text: string) => appendFileSync(join(folder, name), text)
}
const prompt = `${JSON.stringify({ type: 'user', parentUuid: null, message: { content: 'Go.' } })}\n`
const total = (outputTokens: number) =>
  `${JSON.stringify({ type: 'cost-state', modelUsage: { 'claude-opus-5': { outputTokens } } })}\n`
const outputs = (facts: readonly AnyFact[]) => facts.map(({ output }) => output)

test('[TOWNUP-32] what subagents use is counted from their own files, each from its own mark, also after a restart', async () => {
  const town = await opened(prompt + answer('m-1', 5))
  const before = town.reader()
  await begun(town.system, town.path)
  const [first, second] = [subagent(town.path, 'agent-1.jsonl'), subagent(town.path, 'agent-2.jsonl')]
  first(prompt + answer('s-1', 3))
  subagent(town.path, 'notes.txt')(answer('no', 1_000))
  await turn(town.system)
  await before.idle()
  expect(outputs(town.used())).toEqual([3, 5])
  const after = town.reader()
  // Another row of an answer that is counted, in each of them.
  first(answer('s-1', 3) + answer('s-2', 2))
  second(prompt + answer('s-3', 4))
  appendFileSync(town.path, answer('m-1', 5))
  await turn(town.system)
  await after.idle()
  expect(outputs(town.used())).toEqual([3, 5, 2, 4])
  const context = town.system.owner(SESSION)?.context
  expect(Object.keys(context ?? {}).filter((key) => key.startsWith('usedUpTo'))).toHaveLength(3)
})

test('[TOWNUP-32] a total at the end adds what no file says, and nothing that one does', async () => {
  const town = await opened(prompt + answer('m-1', 5))
  const first = town.reader()
  await begun(town.system, town.path)
  subagent(town.path, 'agent-1.jsonl')(prompt + answer('s-1', 3))
  await turn(town.system)
  await first.idle()
  // 5 and 3 are known, 2 of the subagent are read now; 90 are of requests that nobody wrote down.
  const second = town.reader()
  subagent(town.path, 'agent-1.jsonl')(answer('s-2', 2))
  appendFileSync(town.path, total(100))
  await second.finish(SESSION)
  expect(outputs(town.used())).toEqual([3, 5, 2, 90])
  expect(town.used().at(-1)).toMatchObject({ requests: 1 })
})

test('[TOWNUP-32] whoever goes on with a conversation counts its subagents from where they were counted too', async () => {
  const town = await opened(prompt + answer('m-1', 5))
  const transcripts = town.reader()
  await begun(town.system, town.path)
  const write = subagent(town.path, 'agent-1.jsonl')
  write(prompt + answer('s-1', 3))
  await turn(town.system)
  await transcripts.idle()
  const next = `${AGENT}/sessions/1.2`
  await begun(town.system, town.path, next)
  write(answer('s-2', 4))
  appendFileSync(town.path, total(14))
  await turn(town.system, next)
  await transcripts.idle()
  expect(town.used().map(({ session, output }) => [session === next, output])).toEqual([
    [false, 3],
    [false, 5],
    [true, 4],
    [true, 2],
  ])
})

test('[TOWNUP-32] a fork counts what it said itself, and not the rows that it copied', async () => {
  const own = (id: string, output: number, madeBy: string) =>
    `${JSON.stringify({ ...JSON.parse(answer(id, output)), sessionId: 'fork', session_id: madeBy })}\n`
  const town = await opened(prompt + own('m-1', 5, 'original') + own('m-2', 7, 'fork') + total(500))
  const transcripts = town.reader()
  await begun(town.system, town.path)
  await turn(town.system)
  await transcripts.idle()
  expect(outputs(town.used())).toEqual([7])
})

test('[TOWNUP-33] a cache write that is kept for an hour has its own price, and no field of its own', async () => {
  const kept = { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 6 }
  const town = await opened(answer('m-1', 5, { cache_creation: kept }))
  const seen: unknown[] = []
  const transcripts = town.reader((usage) => seen.push(usage))
  await begun(town.system, town.path)
  await turn(town.system)
  await transcripts.idle()
  expect(seen).toMatchObject([{ cacheWrite: 10, cacheWriteHour: 6 }])
  expect(town.used()).toMatchObject([{ cacheWrite: 10 }])
  expect(town.used()[0]).not.toHaveProperty('cacheWriteHour')
})
