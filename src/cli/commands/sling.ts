// gt sling: hands beads over to workers.

import { STAGES, type Until, type Waited, waitFor } from '../../client/wait.ts'
import { type Call, type Command, flagOf, given, numberOf, textOf } from '../command.ts'
import { durationMs } from '../options.ts'
import { UsageError } from '../usage.ts'
import { waitText } from '../words-for.ts'

type Answer = {
  slung: { bead: string; agent: string }[]
  queued: { bead: string; waitingFor: { kind: string; id: string } | null }[]
  refused: { bead: string; code: string; message: string }[]
  /** About the agent program; absent from a gt of before. */
  notes?: string[]
  waited?: Waited[]
}

export const sling: Command = {
  name: 'sling',
  summary: 'hands beads over to polecats (workers)',
  usage: '<bead>… [rig or polecat]',
  words: [1, 500],
  options: {
    to: { type: 'text', value: '<rig or polecat>', help: 'the same as the last word' },
    max: { type: 'number', value: '<n>', help: 'at most so many of these at a time' },
    now: { type: 'flag', help: 'refuse what would have to wait' },
    agent: { type: 'text', value: '<preset>', help: 'claude, codex, gemini, opencode, or your own' },
    'dry-run': { type: 'flag', help: 'only say what would happen' },
    wait: {
      type: 'optional',
      value: 'started|submitted|landed|closed',
      help: 'wait until they are; landed when not said',
    },
  },
  async run(call) {
    const { words, out } = call
    const { beads, to } = split(words, textOf(call, 'to'))
    const until = untilOf(call)
    const connection = call.town()
    const body = given({
      beads,
      to,
      max: numberOf(call, 'max'),
      now: flagOf(call, 'now'),
      agent: textOf(call, 'agent'),
      dryRun: flagOf(call, 'dry-run'),
    })
    const found = await connection.command<Answer>('sling', body)
    const { slung, queued, refused } = found
    for (const one of refused) out.problem(one)
    for (const note of found.notes ?? []) out.note(note)
    if (until !== null) {
      if (!out.json) for (const line of lines(found, false)) out.note(line)
      const ids = [...slung, ...queued].map(({ bead }) => bead)
      const waited = await waitFor(connection, ids, until, durationMs(textOf(call, 'timeout'), WAIT_MS))
      out.answer({
        json: { ...found, waited },
        ids,
        lines: () => waited.map((bead) => waitedLine(bead, until)),
      })
      return refused.length > 0 || waited.some(({ reached }) => !reached) ? 1 : 0
    }
    out.answer({
      json: found,
      ids: [...slung, ...queued].map(({ bead }) => bead),
      lines: () => lines(found, flagOf(call, 'dry-run')),
    })
    return refused.length > 0 ? 1 : 0
  },
}

/** Without --timeout, a wait ends after this, ms. */
export const WAIT_MS = 24 * 60 * 60_000

export function untilOf(call: Call): Until | null {
  const text = textOf(call, 'wait')
  if (text === undefined) return null
  if (text === '') return 'landed'
  const until = STAGES.find((stage) => stage === text)
  if (until === undefined)
    throw new UsageError(`--wait takes one of ${STAGES.join(', ')}`, call.words[0] ?? '')
  return until
}

export const waitedLine = ({ id, reached, stage, status, reason, commit }: Waited, until: Until): string => {
  if (!reached) return `${id} did not get there: it is ${status}${reason === null ? '' : ` (${reason})`}.`
  return `${id} is ${until}${stage === 'landed' && commit !== null ? ` as ${commit.slice(0, 10)}` : ''}.`
}

/** Ids have a dash; the last word without one is where they go. */
function split(
  words: readonly string[],
  to: string | undefined,
): { beads: readonly string[]; to: string | undefined } {
  const last = words.at(-1) ?? ''
  if (to !== undefined || words.length < 2 || (last.includes('-') && !last.includes('/')))
    return { beads: words, to }
  return { beads: words.slice(0, -1), to: last }
}

function lines({ slung, queued }: Answer, dryRun: boolean): string[] {
  return [
    ...slung.map(({ bead, agent }) =>
      dryRun ? `${bead} would start${agent === '' ? '' : ` with ${agent}`}.` : `${bead} goes to ${agent}.`,
    ),
    ...queued.map(({ bead, waitingFor }) =>
      waitingFor === null ? `${bead} waits for its turn.` : `${bead} waits for ${waitText(waitingFor)}.`,
    ),
  ]
}
