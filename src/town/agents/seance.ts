// Asking an earlier session, in a process of the person's own: a copy of its conversation is asked one question; or what
// is written down of it is looked through.
//
// Owns:      running the program once, with a scrubbed environment, in an empty folder; reading transcripts and recordings.
// Does not:  know a runtime's words (its preset does), or count what it took (the town does, when it is told).
// Always:    nothing of the original is written: the copy has no tools and is kept nowhere.

import { spawn } from 'node:child_process'
import { createReadStream, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import type { SeanceAnswer, Utterance } from '../../ports/presets.ts'
import { presets } from '../../pty/presets/index.ts'
import { baseEnvironment } from '../environment.ts'
import { sessionFiles } from '../files.ts'
import { findRuntime, type RuntimeProblem } from './runtimes.ts'

/** An answer may take this long, ms. */
const ANSWER_MS = 5 * 60_000
/** Of what a program prints more is not looked at. */
const PRINTED_MAX = 8 * 1024 * 1024

export type Asked = {
  readonly runtime: string
  readonly runtimeSession: string
  /** `agents.<name>.command`, null when nobody set it. */
  readonly program: readonly string[] | null
  readonly model: string | null
  /** Variables that are let through. */
  readonly allow: readonly string[]
  readonly question: string
  /** Of the original. */
  readonly transcript: string | null
}

export async function askCopy(
  asked: Asked,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<SeanceAnswer | RuntimeProblem> {
  const { seance } = presets.get(asked.runtime) ?? {}
  if (seance === undefined) return { text: null, error: `${asked.runtime} cannot be asked`, usage: [] }
  const found = findRuntime(presets, { name: asked.runtime, command: asked.program }, env)
  if ('code' in found) return found
  const { model, question, runtimeSession: conversation } = asked
  const launch = seance.launch({ command: found.command, conversation, question, model, login: found.login })
  // Not where it worked: hooks and settings that lie there are the agent's own.
  const folder = mkdtempSync(join(tmpdir(), 'gt-seance-'))
  const [cwd, tmp] = [join(folder, 'empty'), join(folder, 'tmp')]
  mkdirSync(cwd)
  mkdirSync(tmp)
  try {
    const base = baseEnvironment(env, { allow: asked.allow, bin: tmp, tmp })
    const carry = seance.countsOn === true ? await carriedAtEnd(asked) : null
    const printed = await printedBy(launch.command, { cwd, env: { ...base, ...launch.env } }, signal)
    return seance.answer(printed, { model, carry })
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

/** What reading a transcript to its end carries. */
async function carriedAtEnd({ runtime, transcript }: Asked): Promise<unknown> {
  const preset = presets.get(runtime)
  let carry: unknown = null
  if (preset === null || transcript === null || !existsSync(transcript)) return carry
  for await (const line of createInterface({ input: createReadStream(transcript, 'utf8') }))
    carry = preset.readTranscript(`${line}\n`, carry).carry
  return carry
}

/** What it prints; what it complains of when it prints nothing. Ended with all that it started. */
function printedBy(
  [program = '', ...args]: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const end = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
    }
    const timer = setTimeout(end, ANSWER_MS)
    signal.addEventListener('abort', end)
    let [out, complaint] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (data: string) => {
      if (out.length < PRINTED_MAX) out += data
    })
    child.stderr.setEncoding('utf8').on('data', (data: string) => {
      if (complaint.length < PRINTED_MAX) complaint += data
    })
    const over = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
    }
    child.on('error', (error) => {
      over()
      reject(error)
    })
    child.on('close', () => {
      over()
      end()
      resolve(out.trim() === '' ? complaint : out)
    })
  })
}

export type Passage = Utterance & {
  /** From 1. */
  readonly n: number
}

/** `from` is null when nothing is written down. */
export type Found = {
  readonly from: 'transcript' | 'recording' | null
  /** Those that hold most words of the question, in their order. */
  readonly passages: readonly Passage[]
  readonly last: readonly Passage[]
}

const PASSAGES = 8
const LAST = 6

/** Looks through what is written down of a session. */
export async function lookThrough(
  dir: string | null,
  {
    session,
    runtime,
    transcript,
  }: { readonly session: string; readonly runtime: string | null; readonly transcript: string | null },
  question: string,
): Promise<Found> {
  const utterances = runtime === null ? undefined : presets.get(runtime)?.utterances
  if (transcript !== null && utterances !== undefined && existsSync(transcript))
    return search('transcript', transcript, utterances, question)
  const recording = dir === null ? null : sessionFiles(dir, session).recording
  if (recording !== null && existsSync(recording)) return search('recording', recording, shownIn(), question)
  return { from: null, passages: [], last: [] }
}

async function search(
  from: 'transcript' | 'recording',
  path: string,
  utterances: (line: string) => readonly Utterance[],
  question: string,
): Promise<Found> {
  const words = [...new Set(question.toLowerCase().match(/[\p{L}\p{N}_]{3,}/gu) ?? [])]
  let best: { score: number; passage: Passage }[] = []
  const last: Passage[] = []
  let n = 0
  for await (const line of createInterface({ input: createReadStream(path, 'utf8') })) {
    for (const utterance of utterances(line)) {
      if (utterance.text.trim() === '') continue
      n += 1
      const passage = { ...utterance, n }
      last.push(passage)
      if (last.length > LAST) last.shift()
      const text = utterance.text.toLowerCase()
      const score = words.filter((word) => text.includes(word)).length
      if (score === 0) continue
      best.push({ score, passage })
      if (best.length > 4 * PASSAGES) best = bestOf(best)
    }
  }
  const passages = bestOf(best).map(({ passage }) => passage)
  return { from, passages: passages.toSorted((left, right) => left.n - right.n), last }
}

const bestOf = <T extends { score: number }>(all: readonly T[]): T[] =>
  all.toSorted((left, right) => right.score - left.score).slice(0, PASSAGES)

/** Lines of a recording (asciicast): what was shown, without colours and movements. */
function shownIn(): (line: string) => Utterance[] {
  let rest = ''
  return (line) => {
    const row = asEvent(line)
    if (row === null) return []
    const lines = stripVTControlCharacters(`${rest}${row}`).split(/[\r\n]+/)
    rest = (lines.pop() ?? '').slice(-10_000)
    return lines.filter((text) => text.trim() !== '').map((text) => ({ who: 'agent', text }))
  }
}

function asEvent(line: string): string | null {
  try {
    const row: unknown = JSON.parse(line)
    return Array.isArray(row) && row[1] === 'o' ? String(row[2]) : null
  } catch {
    return null
  }
}
