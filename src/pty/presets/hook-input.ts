// Reads fields of JSON that a program wrote, without trusting that they are there.

import type { PermissionAsk } from '../../ports/presets.ts'

export type Json = Readonly<Record<string, unknown>>

export const asObject = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}

export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** The text, cut to what a record holds on one line; empty when there is none. */
export const asLine = (value: unknown, max = 500): string =>
  typeof value === 'string' ? value.replace(/\s+/g, ' ').trim().slice(0, max) : ''

export const asText = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null

export const asCount = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.floor(value) : 0

/** A JSON value, or null when the text is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const COMMAND_MAX = 10_000
const FILES_MAX = 50
const FILE_FIELDS = ['file_path', 'notebook_path', 'path'] as const

/** What a tool is about to do, from `tool_name` and `tool_input` as Claude Code and those like it write them. */
export function toolAsk(input: Json, what: PermissionAsk['what'] = 'permission'): PermissionAsk {
  const given = asObject(input.tool_input)
  const files = FILE_FIELDS.map((field) => asText(given[field])).filter((file) => file !== null)
  return {
    what,
    tool: asLine(input.tool_name, 200),
    command: commandOf(given, files)?.slice(0, COMMAND_MAX) ?? null,
    files: files.slice(0, FILES_MAX),
    why: asLine(given.description) || null,
    cwd: asText(input.cwd),
    callId: asText(input.tool_use_id),
  }
}

/** The command line; for a tool with neither command nor file, all that it is given. */
function commandOf(given: Json, files: readonly string[]): string | null {
  if (Array.isArray(given.command)) return given.command.map(String).join(' ')
  const said = asText(given.command) ?? asText(given.cmd) ?? asText(given.url)
  if (said !== null || files.length > 0 || Object.keys(given).length === 0) return said
  return JSON.stringify(given)
}
