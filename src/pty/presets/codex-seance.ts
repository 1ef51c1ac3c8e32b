// One question to a copy of a conversation with Codex CLI, and what was said in the conversation itself.
//
// Always: the copy is kept nowhere and may only read; the original is only read.

import type { Seance, SeanceAnswer, Utterance } from '../../ports/presets.ts'
import { asCount, asLine, asList, asObject, asText, parsed } from './hook-input.ts'

export const codexSeance: Seance = {
  launch: ({ command, conversation, question, model, login }) => ({
    command: [
      ...command,
      'exec',
      ...(conversation === null ? [] : ['fork']),
      '--json',
      '--ephemeral',
      '--skip-git-repo-check',
      '-c',
      'sandbox_mode="read-only"',
      '-c',
      'approval_policy="never"',
      ...(model === null ? [] : ['--model', model]),
      '--',
      ...(conversation === null ? [] : [conversation]),
      question,
    ],
    env: login,
  }),
  answer,
  countsOn: true,
}

function answer(printed: string, asked: Parameters<Seance['answer']>[1]): SeanceAnswer {
  const rows = printed.split('\n').map((line) => asObject(parsed(line)))
  const items = rows.filter(({ type }) => type === 'item.completed').map(({ item }) => asObject(item))
  const text = items.findLast(({ type }) => type === 'agent_message')?.text
  const failed = rows.find(({ type }) => type === 'turn.failed' || type === 'error')
  const used = asObject(rows.findLast(({ type }) => type === 'turn.completed')?.usage)
  const original = asObject(asked.carry)
  const before = asObject(parsed(asText(original.total) ?? ''))
  const took = (name: string): number => Math.max(0, asCount(used[name]) - asCount(before[name]))
  const [cacheRead, cacheWrite] = [took('cached_input_tokens'), took('cache_write_input_tokens')]
  // What was read from the cache and written to it is in its input.
  const input = Math.max(0, took('input_tokens') - cacheRead - cacheWrite)
  const output = took('output_tokens')
  const model = asked.model ?? asText(original.model) ?? 'unknown'
  const usage =
    input + output + cacheRead + cacheWrite === 0
      ? []
      : [{ model, input, output, cacheRead, cacheWrite, costUsd: null, requests: 1 }]
  if (typeof text === 'string') return { text, error: null, usage }
  const message = asText(failed?.message) ?? asText(asObject(failed?.error).message) ?? printed
  return { text: null, error: asLine(message), usage }
}

/** What one line of a rollout file says. What the program tells the model stands in angle brackets. */
export function codexUtterances(line: string): Utterance[] {
  const row = asObject(parsed(line))
  const payload = asObject(row.payload)
  if (row.type !== 'response_item') return []
  if (payload.type === 'function_call')
    return [{ who: 'tool', text: `${asLine(payload.name)} ${asText(payload.arguments) ?? ''}` }]
  if (payload.type === 'function_call_output') return [{ who: 'tool', text: asText(payload.output) ?? '' }]
  if (payload.type !== 'message' || (payload.role !== 'user' && payload.role !== 'assistant')) return []
  const who = payload.role === 'user' ? 'person' : 'agent'
  return asList(payload.content)
    .map((part) => asText(asObject(part).text) ?? '')
    .filter((text) => text !== '' && !(who === 'person' && text.startsWith('<')))
    .map((text) => ({ who, text }))
}
