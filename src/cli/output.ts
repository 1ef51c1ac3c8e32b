// What a command says: for a person, or as one JSON document.
//
// Always:    with --json nothing but JSON goes to stdout; whatever stands on a terminal has passed `safe`.

import type { ClientFault } from '../client/fault.ts'
import { faultRow } from '../events/faults.ts'
import { safe, safeLine } from './sanitize.ts'

export type Output = {
  readonly json: boolean
  readonly quiet: boolean
  /** True when a person looks at a terminal that can show colours. */
  readonly colour: boolean
  /** Cells of the terminal, at most what reads well; 80 when there is none. */
  readonly columns: number
  /** Text for a person; nothing with --json. */
  line(text?: string): void
  /** The answer. With --json the document; with -q the ids; else the lines. */
  answer(answer: {
    readonly json: unknown
    readonly ids?: readonly string[]
    readonly lines?: () => readonly string[]
    /** Said before all else, in red where there is red. */
    readonly alarm?: string | null
  }): void
  /** One document a line, for --follow. */
  event(json: unknown, line: () => string): void
  /** Something that was refused beside what was done, on stderr; with --json the answer says it. */
  problem(refused: { readonly code: string; readonly message: string }): void
  /** One line that each call writes anew, where a person looks at a terminal that can do that; null wipes it off. */
  passing(line: string | null): void
  /** Bytes that a program reads, as they are; --json changes nothing. */
  raw(text: string): void
  /** A remark on stderr; nothing with --json. */
  note(text: string): void
}

export type Streams = {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: { write(text: string): unknown }
}

export function createOutput(
  { stdout, stderr }: Streams,
  { json, quiet }: { json: boolean; quiet: boolean },
  env: NodeJS.ProcessEnv,
): Output {
  const noColour = env.NO_COLOR !== undefined && env.NO_COLOR !== ''
  const line = (text = ''): void => {
    if (!json) stdout.write(`${text}\n`)
  }
  const colour = stdout.isTTY === true && !noColour && env.TERM !== 'dumb'
  return {
    json,
    quiet,
    colour,
    // A terminal whose size nobody set says 0.
    columns: Math.min((stdout.isTTY === true && stdout.columns) || 80, 120),
    line: (text = '') => line(safe(text)),
    answer({ json: document, ids, lines, alarm }) {
      if (json) stdout.write(`${JSON.stringify(document, null, 2)}\n`)
      else if (quiet && ids !== undefined) for (const id of ids) line(safeLine(id))
      else {
        if (alarm != null) line(inRed(safeLine(alarm), colour))
        for (const each of lines?.() ?? ids ?? []) line(safe(each))
      }
    },
    event(document, text) {
      stdout.write(json ? `${JSON.stringify(document)}\n` : `${safeLine(text())}\n`)
    },
    problem(refused) {
      if (!json) writeError({ stdout, stderr }, false, refused)
    },
    passing(text) {
      if (!json && !quiet && colour) stdout.write(`\r${text === null ? '' : safeLine(text)}\x1b[K`)
    },
    raw(text) {
      stdout.write(text)
    },
    note(text) {
      if (!json) stderr.write(`gt: ${safeLine(text)}\n`)
    },
  }
}

/** Bold red, where the terminal shows colours. */
export const inRed = (text: string, colour: boolean): string => (colour ? `\x1b[1;31m${text}\x1b[0m` : text)

/** An error on stderr, as a person or a program reads it. */
export function writeError(
  { stderr }: Streams,
  json: boolean,
  error: { readonly code: string; readonly message: string } & Partial<
    Pick<ClientFault, 'remedy' | 'details'>
  >,
): void {
  const { code, message, details = {} } = error
  const remedy = error.remedy ?? faultRow(code).remedy
  if (json) {
    stderr.write(`${JSON.stringify({ error: { code, message, remedy, details } })}\n`)
    return
  }
  stderr.write(`gt: ${safeLine(message)}\n`)
  if (remedy !== '') stderr.write(`    ${safeLine(remedy)}\n`)
}
