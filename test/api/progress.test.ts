// How far a command is, over the socket: lines of JSON for whoever asks for them.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { Fault } from '../../src/api/fault.ts'
import { createServer } from '../../src/api/server.ts'
import type { JobWatch, ReplayReport, TownHandle } from '../../src/api/town.ts'
import { request, requestWithProgress } from '../../src/client/http.ts'
import { createTown, OPERATOR } from './town.ts'

const STEP = { doing: 'folding', of: 3, perSecond: 10, leftMs: 100 } as const

async function listening(replay: (watch: JobWatch) => Promise<ReplayReport>) {
  const { town, close } = await createTown({ rig: false })
  const handle: TownHandle = { ...town, replay: (_, watch) => replay(watch as JobWatch) }
  const server = createServer(handle)
  const dir = mkdtempSync(join(tmpdir(), 'gt-pr-'))
  const socketPath = join(dir, 's')
  await server.listen({ path: socketPath })
  onTestFinished(async () => {
    await server.close()
    await close()
    rmSync(dir, { recursive: true })
  })
  return {
    socketPath,
    method: 'POST',
    path: '/v1/commands/replay',
    token: OPERATOR,
    body: {},
  } as const
}

test('progress comes while it runs, and the answer is the last line', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const asked = await listening(async ({ onProgress }) => {
    onProgress?.({ ...STEP, done: 1 })
    // Ends only after the caller has heard of the first step.
    await promise
    onProgress?.({ ...STEP, done: 2 })
    return { records: 3 } as ReplayReport
  })
  const heard: unknown[] = []
  const answer = await requestWithProgress(asked, (progress) => {
    heard.push(progress)
    resolve()
  })
  expect(heard).toEqual([
    { ...STEP, done: 1 },
    { ...STEP, done: 2 },
  ])
  expect(answer).toMatchObject({ status: 200, body: { records: 3 } })
})

test('whoever does not ask for progress gets the answer alone', async () => {
  const asked = await listening(async ({ onProgress }) => {
    expect(onProgress).toBeUndefined()
    return { records: 3 } as ReplayReport
  })
  expect(await request(asked)).toMatchObject({ status: 200, body: { records: 3 } })
})

test('a refusal is a refusal, before and after the first step', async () => {
  const early = await listening(() => Promise.reject(new Fault('PAST_BUSY', 'Another one runs.')))
  expect(await requestWithProgress(early, () => {})).toMatchObject({
    status: 409,
    body: { code: 'PAST_BUSY' },
  })
  const late = await listening(async ({ onProgress }) => {
    onProgress?.({ ...STEP, done: 1 })
    throw new Fault('LOG_DAMAGED', 'Record 7 is damaged.', { problems: [{ seq: 7 }] })
  })
  expect(await requestWithProgress(late, () => {})).toMatchObject({
    status: 500,
    body: { code: 'LOG_DAMAGED', details: { problems: [{ seq: 7 }] } },
  })
})

test('a caller who goes away ends what runs for it', async () => {
  const ended = Promise.withResolvers<void>()
  const asked = await listening(async ({ signal, onProgress }) => {
    signal.addEventListener('abort', () => ended.resolve())
    onProgress?.({ ...STEP, done: 1 })
    await ended.promise
    throw new Fault('PAST_ENDED', 'It has stopped.')
  })
  const gone = new AbortController()
  const answer = requestWithProgress({ ...asked, signal: gone.signal }, () => gone.abort())
  await expect(answer).rejects.toMatchObject({ code: 'ANSWER_LOST' })
  await Promise.race([ended.promise, sleep(5_000).then(() => expect.fail('it goes on'))])
})
