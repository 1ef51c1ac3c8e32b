// What a prompt that names a nudge is answered: the text that its line only names.
//
// Always:    a text is quoted as what somebody said, between marks that its author could not know; a prompt names a
//            nudge only when it is one of this session and holds the line that was typed.

import { nudgeOwner } from '../events/address.ts'
import { lineHoldsWhole, nudgeNamedIn } from '../events/nudge-line.ts'
import type { HookReply } from '../ports/presets.ts'
import { nudge as nudgeRow } from '../projections/nudges.ts'
import type { SessionCaller } from './callers.ts'
import { recordAt } from './shapes.ts'
import type { TownHandle } from './town.ts'

/** Characters of a text that goes along with a prompt; what is longer is cut by some runtimes, and is read by id. */
export const BESIDE_PROMPT_MAX = 9_000

/** Which nudge a submitted prompt names, and what its hook is answered. */
export async function promptContext(
  town: TownHandle,
  { session }: Pick<SessionCaller, 'session'>,
  prompt: string,
): Promise<{ nudge: string | null; reply: HookReply }> {
  const none = { nudge: null, reply: { kind: 'none' } } as const
  const nudge = nudgeNamedIn(prompt)
  if (nudge === null) return none
  const context = town.system.owner(nudgeOwner(nudge))?.context
  if (context === undefined || context.session !== session) return none
  if (typeof context.line !== 'string' || !squeezed(prompt).includes(squeezed(context.line))) return none
  const from = String(context.sender)
  const text = await nudgeText(town, nudge)
  if (text === null || lineHoldsWhole(nudge, from, text)) return { nudge, reply: { kind: 'none' } }
  return { nudge, reply: { kind: 'context', text: besidePrompt(nudge, from, text) } }
}

/** The whole text of a nudge, from the record that holds it; null when it is kept no more. */
export async function nudgeText(town: TownHandle, id: string): Promise<string | null> {
  const row = nudgeRow(town.projections.nudges.rows, id)
  const record = row === null ? null : await recordAt(town, row.textSeq)
  const text = record?.facts.find(({ type, nudge }) => type === 'NudgeQueued' && nudge === id)?.text
  return typeof text === 'string' ? text : null
}

function besidePrompt(nudge: string, from: string, text: string): string {
  if (text.length > BESIDE_PROMPT_MAX)
    return `The message ${nudge} from ${from} is too long to stand here. Read it with: gt nudge read ${nudge}`
  return [
    `The message ${nudge}, word for word as ${from} wrote it, between the two lines that hold its id:`,
    `<message id="${nudge}" from="${from}">`,
    text,
    `</message id="${nudge}">`,
  ].join('\n')
}

const squeezed = (text: string): string => text.replace(/\s+/g, '')
