// The preset of Gemini CLI. It has not passed the conformance suite (`proved` is empty): `gt` says so where it is used.

import path from 'node:path'
import type { Usage } from '../../events/hearing.ts'
import type { Preset, TranscriptReading } from '../../ports/presets.ts'
import { answerGemini, hearGemini } from './gemini-hooks.ts'
import { GEMINI_HOOKS, GEMINI_LOGIN, launchGemini } from './gemini-launch.ts'
import { readGemini } from './gemini-screen.ts'
import { asCount, asList, asObject, asText, parsed } from './hook-input.ts'

export const gemini: Preset = {
  name: 'gemini',
  title: 'Gemini CLI',
  install: 'npm install -g @google/gemini-cli',
  programs: ['gemini'],
  versionArgs: ['--version'],
  version: (printed) => /^(\d+\.\d+\.\d+)/m.exec(printed)?.[1] ?? null,
  atLeast: '0.61.0',
  proved: [],
  login: GEMINI_LOGIN,
  loginMissing(home, env, read) {
    const variable = ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GENAI_USE_VERTEXAI'].some(
      (name) => (env[name] ?? '') !== '',
    )
    return variable || read(path.join(home, '.gemini', 'oauth_creds.json')) !== null
      ? null
      : 'Gemini CLI is not logged in: run `gemini` once in a terminal, or start the town with GEMINI_API_KEY set.'
  },
  launch: launchGemini,
  hooks: GEMINI_HOOKS,
  hear: hearGemini,
  answer: answerGemini,
  interactive: true,
  read: readGemini,
  keys: { interrupt: '\x1b', submit: '\r', clear: '\x03' },
  readTranscript,
}

/** A conversation is kept as a row for each message, which is written again when it changes. */
function readTranscript(piece: string, carry: unknown): TranscriptReading {
  const seen = new Set(asList(asObject(carry).seen).map(String))
  const byModel = new Map<string, Usage>()
  const prompts: string[] = []
  for (const line of piece.split('\n')) {
    const row = asObject(parsed(line))
    const id = asText(row.id)
    const key = `${id} ${row.tokens === undefined ? '' : 'tokens'}`
    if (id === null || seen.has(key)) continue
    seen.add(key)
    if (row.type === 'user') prompts.push(...textsOf(row.content))
    if (row.type === 'gemini' && row.tokens !== undefined) {
      const model = asText(row.model) ?? 'unknown'
      const tokens = asObject(row.tokens)
      const so = byModel.get(model)
      const cached = asCount(tokens.cached)
      byModel.set(model, {
        model,
        input: (so?.input ?? 0) + Math.max(0, asCount(tokens.input) - cached),
        output: (so?.output ?? 0) + asCount(tokens.output) + asCount(tokens.thoughts),
        cacheRead: (so?.cacheRead ?? 0) + cached,
        cacheWrite: so?.cacheWrite ?? 0,
        costUsd: null,
        requests: (so?.requests ?? 0) + 1,
      })
    }
  }
  return { usage: [...byModel.values()], prompts, carry: { seen: [...seen].slice(-200) } }
}

const textsOf = (content: unknown): string[] =>
  typeof content === 'string'
    ? [content]
    : asList(content).flatMap((part) => asText(asObject(part).text) ?? [])
