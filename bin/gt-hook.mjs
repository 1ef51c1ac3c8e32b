// gt-hook for machines without Perl: the same, a few times slower. `gt-hook.mjs <mode> <event>`, see bin/gt-hook.

import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

// An import of it takes as long as all of this.
const { request } = process.getBuiltinModule('node:http')
const [, , mode = 'tell', event] = process.argv
const {
  GT_SOCKET: socketPath,
  GT_TOKEN_FILE: tokenFile,
  GT_RUNTIME: runtime = '',
  GT_GUARDED: guarded,
} = process.env
const WAIT_MS = { tell: 200, prompt: 2_000, guard: 200, ask: 0 }
const call = `${Date.now()}.${String(process.pid).padStart(7, '0')}`
const parent = process.ppid

if (event === undefined || socketPath === undefined || tokenFile === undefined) process.exit(0)
const input = brief(readAll(), 1_000_000)
const token = readOr(tokenFile, '').trim()
if (token === '') process.exit(0)

for (let tries = 0; ; tries += 1) {
  const answer = await post().catch(() => null)
  if (answer !== null && answer.status === 200) {
    process.stdout.write(answer.body)
    process.exitCode = answer.exitCode
    break
  }
  if (answer !== null && answer.status < 500) break
  if (mode !== 'ask') {
    unheard()
    break
  }
  if (process.ppid !== parent) break
  await sleep(tries < 20 ? 250 : 2_000)
}

function post() {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(input),
      'x-gt-call': call,
      'x-gt-runtime': runtime,
    }
    const sent = request({ socketPath, path: `/v1/hooks/${event}`, method: 'POST', headers }, (reply) => {
      const pieces = []
      reply.on('data', (piece) => pieces.push(piece))
      reply.on('error', reject)
      reply.on('end', () => {
        const exitCode = Number(reply.headers['x-gt-exit'] ?? 0)
        resolve({ status: reply.statusCode ?? 0, exitCode, body: Buffer.concat(pieces).toString('utf8') })
      })
    })
    sent.on('error', reject)
    if (mode === 'ask') {
      const watch = setInterval(() => process.ppid !== parent && process.exit(0), 5_000)
      watch.unref()
      sent.on('close', () => clearInterval(watch))
    } else setTimeout(() => sent.destroy(new Error('no answer')), WAIT_MS[mode] ?? 200).unref()
    sent.end(input)
  })
}

function unheard() {
  try {
    const folder = join(dirname(tokenFile), 'unheard')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (readdirSync(folder).length <= 1_000) {
      const name = join(folder, call)
      writeFileSync(`${name}.part`, `{"event":${JSON.stringify(event)},"input":${brief(input, 65_536)}}`)
      renameSync(`${name}.part`, `${name}.json`)
    }
  } catch {
    // The session's folder is gone, and the session with it.
  }
  if (mode !== 'guard' || guarded !== '1') return
  process.stderr.write('the town does not answer; try again in a moment\n')
  process.exitCode = 2
}

function readAll() {
  const text = readOr(0, '')
  return /^\s*\{/.test(text) ? text : '{}'
}

function brief(text, most) {
  if (text.length <= most) return text
  const [, tool] = /"tool_name"\s*:\s*("(?:[^"\\]|\\.){1,200}")/.exec(text) ?? []
  return tool === undefined ? '{}' : `{"tool_name":${tool}}`
}

function readOr(path, otherwise) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}
