// What a command of `gt` is.

import type { Connection } from '../client/connection.ts'
import type { Output } from './output.ts'

/** `list` may be given several times. `optional`: `--wait` alone, or `--wait=landed`. */
export type OptionSpec = {
  readonly type: 'text' | 'number' | 'flag' | 'list' | 'optional'
  readonly help: string
  /** What stands for the value in help: `--rig <name>`. */
  readonly value?: string
  readonly short?: string
}

export type Values = Readonly<Record<string, string | boolean | readonly string[] | number | undefined>>

export type Command = {
  /** As it is typed: `bead create`. */
  readonly name: string
  readonly summary: string
  /** What stands after the name: `<title>`. */
  readonly usage: string
  readonly options?: Readonly<Record<string, OptionSpec>>
  /** `session`: only an agent at work says it. `person`: an agent may not. Absent: both. */
  readonly where?: 'session' | 'person'
  /** How many words may follow. */
  readonly words: readonly [min: number, max: number]
  /** Resolves with the exit code; nothing is 0. */
  run(call: Call): Promise<number | undefined>
}

export type Call = {
  readonly words: readonly string[]
  readonly values: Values
  readonly out: Output
  /** The town: as the agent of this session, else as the person. Connects when it is first asked. */
  town(): Connection
  /** Every command there is, for help. */
  readonly commands: { readonly names: readonly string[]; load(name: string): Promise<Command> }
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}

/** Options that every command takes. */
export const COMMON: Readonly<Record<string, OptionSpec>> = {
  json: { type: 'flag', help: 'one JSON document instead of text' },
  quiet: { type: 'flag', short: 'q', help: 'ids alone, one a line' },
  town: { type: 'text', value: '<folder>', help: 'the town (folder of all your work)' },
  at: { type: 'text', value: '<when>', help: 'as it was then: a record number, a time, HH:MM, or 15m ago' },
  timeout: { type: 'text', value: '<time>', help: 'how long to wait: 90s, 30m' },
  help: { type: 'flag', short: 'h', help: 'how this is written' },
}

export const textOf = ({ values }: Call, name: string): string | undefined => {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}
export const flagOf = ({ values }: Call, name: string): boolean => values[name] === true
export const listOf = ({ values }: Call, name: string): readonly string[] | undefined => {
  const value = values[name]
  return Array.isArray(value) ? value : undefined
}
export const numberOf = ({ values }: Call, name: string): number | undefined => {
  const value = values[name]
  return typeof value === 'number' ? value : undefined
}

/** Without its undefined fields, as bodies are sent. */
export const given = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
