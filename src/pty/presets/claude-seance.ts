// One question to a copy of a conversation with Claude Code, and what was said in the conversation itself.
//
// Always: the copy is kept nowhere and has no tools, so that it changes nothing; the original is only read.

import type { Seance, SeanceAnswer, Utterance } from '../../ports/presets.ts'
import { claudeLoginOf } from './claude-launch.ts'
import { asCount, asLine, asList, asObject, asText, type Json, parsed } from './hook-input.ts'

const QUIET = {
  DISABLE_AUTOUPDATER: '1',
  DISABLE_TELEMETRY: '1',
  DISABLE_ERROR_REPORTING: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
}

export const claudeSeance: Seance = {
  launch: ({ command, conversation, question, model, login }) => ({
    command: [
      ...command,
      '-p',
      '--output-format',
      'json',
      ...(conversation === null ? [] : ['--resume', conversation, '--fork-session']),
      '--no-session-persistence',
      '--tools',
      '',
      '--strict-mcp-config',
      '--permission-mode',
      'manual',
      ...(model === null ? [] : ['--model', model]),
      '--',
      // A first character of `/` or `!` would make it a command of the program instead of a prompt.
      /^\s*[/!]/.test(question) ? `Question: ${question}` : question,
    ],
    env: {
      ...claudeLoginOf({ login }),
      ...(login.ANTHROPIC_API_KEY === undefined ? {} : { ANTHROPIC_API_KEY: login.ANTHROPIC_API_KEY }),
      ...QUIET,
    },
  }),
  answer,
}

function answer(printed: string): SeanceAnswer {
  const said = asObject(parsed(printed.trim().split('\n').at(-1) ?? ''))
  if (said.type !== 'result') return { text: null, error: asLine(printed), usage: [] }
  const text = asText(said.result)
  // `modelUsage` and the cost are totals over the conversation that was copied; `usage` is of this question alone.
  const { input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens } = asObject(
    said.usage,
  )
  const usage = {
    model: Object.keys(asObject(said.modelUsage))[0] ?? 'unknown',
    input: asCount(input_tokens),
    output: asCount(output_tokens),
    cacheRead: asCount(cache_read_input_tokens),
    cacheWrite: asCount(cache_creation_input_tokens),
    costUsd: null,
    requests: Math.max(1, asCount(said.num_turns)),
  }
  const used = usage.input + usage.output + usage.cacheRead + usage.cacheWrite > 0 ? [usage] : []
  if (said.is_error === true || text === null)
    return { text: null, error: text === null ? asLine(said.subtype) : asLine(text), usage: used }
  return { text, error: null, usage: used }
}

/** What one line of a transcript says. What the program adds by itself is left out. */
export function claudeUtterances(line: string): Utterance[] {
  if (!/"type":"(assistant|user)"/.test(line)) return []
  const row = asObject(parsed(line))
  if (row.isMeta === true || row.isSidechain === true) return []
  const who = row.type === 'assistant' ? 'agent' : row.type === 'user' ? 'person' : null
  if (who === null) return []
  const { content } = asObject(row.message)
  if (typeof content === 'string') return [{ who, text: content }]
  return asList(content).flatMap((part) => utteranceOf(asObject(part), who))
}

function utteranceOf(part: Json, who: Utterance['who']): Utterance[] {
  switch (part.type) {
    case 'text':
      return [{ who, text: asText(part.text) ?? '' }]
    case 'tool_use':
      return [{ who: 'tool', text: `${asLine(part.name)} ${JSON.stringify(part.input ?? {})}` }]
    case 'tool_result': {
      const { content } = part
      const texts =
        typeof content === 'string' ? [content] : asList(content).map((one) => asText(asObject(one).text))
      return texts.flatMap((text) => (text === null ? [] : [{ who: 'tool', text } as const]))
    }
    default:
      return []
  }
}
