// The launcher of hooks, and its twin for machines without Perl, against a town that answers as we say.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { afterEach, describe, expect, test } from 'vitest'

const BIN = join(import.meta.dirname, '../../bin')
const LAUNCHERS = [
  ['perl', ['/usr/bin/env', 'perl', join(BIN, 'gt-hook')]],
  ['node', [process.execPath, join(BIN, 'gt-hook.mjs')]],
] as const

type Call = { readonly url: string; readonly headers: IncomingMessage['headers']; readonly body: string }
type Answer = (call: Call, response: ServerResponse) => void

const opened: (() => void)[] = []
afterEach(() => {
  for (const close of opened.splice(0)) close()
})

function place() {
  const dir = mkdtempSync(join(tmpdir(), 'gt-h-'))
  opened.push(() => rmSync(dir, { recursive: true, force: true }))
  const [socket, token] = [join(dir, 's'), join(dir, 'token')]
  writeFileSync(token, 'gts_abc.def')
  const calls: Call[] = []
  return {
    calls,
    left: () => {
      const folder = join(dir, 'unheard')
      if (!existsSync(folder)) return []
      return readdirSync(folder).map(
        (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown,
      )
    },
    async listen(answer: Answer): Promise<Server> {
      const server = createServer((request, response) => {
        let body = ''
        request.setEncoding('utf8')
        request.on('data', (piece: string) => {
          body += piece
        })
        request.on('end', () => {
          const call = { url: request.url ?? '', headers: request.headers, body }
          calls.push(call)
          answer(call, response)
        })
      })
      await new Promise<void>((resolve) => server.listen(socket, resolve))
      opened.push(() => {
        server.closeAllConnections()
        server.close()
      })
      return server
    },
    post(launcher: readonly string[], mode: string, event: string, input: string, more: object = {}) {
      const [program = '', ...args] = launcher
      const env = {
        PATH: process.env.PATH,
        GT_SOCKET: socket,
        GT_TOKEN_FILE: token,
        GT_RUNTIME: 'claude',
        ...more,
      }
      const begun = performance.now()
      const child = spawn(program, [...args, mode, event], { env, stdio: ['pipe', 'pipe', 'pipe'] })
      let [stdout, stderr] = ['', '']
      child.stdout.on('data', (piece: Buffer) => {
        stdout += piece.toString()
      })
      child.stderr.on('data', (piece: Buffer) => {
        stderr += piece.toString()
      })
      child.stdin.on('error', () => {})
      child.stdin.end(input)
      return new Promise<{ stdout: string; stderr: string; code: number | null; ms: number }>((resolve) => {
        child.on('close', (code) => resolve({ stdout, stderr, code, ms: performance.now() - begun }))
      })
    },
  }
}

const says =
  (status: number, exit: number, text: string): Answer =>
  (_, response) =>
    response
      .writeHead(status, { 'x-gt-exit': String(exit), 'content-length': Buffer.byteLength(text) })
      .end(text)

describe.each(LAUNCHERS)('%s', (_, launcher) => {
  test('posts what stands on its input as the session, and says what the town says', async () => {
    const { listen, post, calls, left } = place()
    await listen(says(200, 7, 'Grüße\n'))
    const input = JSON.stringify({ tool_name: 'Bash', text: 'é'.repeat(200_000) })
    expect(await post(launcher, 'tell', 'PostToolUse', input)).toMatchObject({ stdout: 'Grüße\n', code: 7 })
    expect(calls).toMatchObject([
      {
        url: '/v1/hooks/PostToolUse',
        headers: { authorization: 'Bearer gts_abc.def', 'x-gt-runtime': 'claude' },
        body: input,
      },
    ])
    expect(left()).toEqual([])
  })

  test('leaves in a file what nobody takes, and says nothing', async () => {
    const { post, left } = place()
    expect(await post(launcher, 'tell', 'Stop', '{"a":1}')).toMatchObject({ stdout: '', stderr: '', code: 0 })
    expect(await post(launcher, 'guard', 'PreToolUse', '{"b":1}')).toMatchObject({
      stdout: '',
      stderr: '',
      code: 0,
    })
    expect(left()).toEqual([
      { event: 'Stop', input: { a: 1 } },
      { event: 'PreToolUse', input: { b: 1 } },
    ])
  })

  test('refuses a tool that a rule may deny while the town does not answer', async () => {
    const { post } = place()
    const { code, stderr, stdout } = await post(launcher, 'guard', 'PreToolUse', '{}', { GT_GUARDED: '1' })
    expect({ code, stderr, stdout }).toEqual({
      code: 2,
      stderr: 'the town does not answer; try again in a moment\n',
      stdout: '',
    })
  })

  test('goes away when a town that listens says nothing', async () => {
    const { listen, post, left } = place()
    await listen(() => {})
    const quick = await post(launcher, 'tell', 'Stop', '{}')
    expect(quick.code).toBe(0)
    expect(quick.ms).toBeLessThan(2_000)
    expect(left()).toHaveLength(1)
  })

  test('stays silent when its session is over, or the call does not fit', async () => {
    const { listen, post, left } = place()
    await listen(says(403, 1, '{"code":"ASSIGNMENT_OVER"}'))
    for (const mode of ['tell', 'guard', 'ask'])
      expect(await post(launcher, mode, 'Stop', '{}', { GT_GUARDED: '1' })).toMatchObject({
        stdout: '',
        stderr: '',
        code: 0,
      })
    expect(left()).toEqual([])
  })

  test('waits for a person over a restart of the town, and asks with the same name', async () => {
    const { listen, post, calls } = place()
    const answer = post(launcher, 'ask', 'PermissionRequest', '{}')
    const asked = Promise.withResolvers<void>()
    const first = await listen((_call, response) => {
      response.destroy()
      first.close(() => asked.resolve())
    })
    await asked.promise
    await listen(says(200, 0, '{"allow":true}'))
    expect(await answer).toMatchObject({ stdout: '{"allow":true}', code: 0 })
    expect(new Set(calls.map(({ headers }) => headers['x-gt-call'])).size).toBe(1)
    expect(calls.length).toBeGreaterThanOrEqual(2)
  })

  test('keeps of a text that is too long which tool it was about', async () => {
    const { listen, post, calls } = place()
    await listen(says(200, 0, ''))
    const input = JSON.stringify({ tool_name: 'Read', tool_response: 'x'.repeat(2_000_000) })
    await post(launcher, 'prompt', 'PostToolUse', input)
    expect(calls[0]?.body).toBe('{"tool_name":"Read"}')
  })

  test('does nothing outside of a session', async () => {
    const { post, left } = place()
    const gone = { GT_TOKEN_FILE: '/nowhere/token', GT_GUARDED: '1' }
    expect(await post(launcher, 'tell', 'Stop', '{}', gone)).toMatchObject({
      stdout: '',
      stderr: '',
      code: 0,
    })
    expect(left()).toEqual([])
  })
})
