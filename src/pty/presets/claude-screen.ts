// What Claude Code's screen means.
//
// Always: judged by its lowest rows: the input box between two rules, the footer below it, and the few rows above that
//         are not yet the past. A dialog has no box. Words in the middle of the screen may be anybody's.
//
// test/data/screens/claude holds a recorded screen of each kind.

import type { ScreenLine, ScreenReading, ScreenView } from '../../ports/presets.ts'
import { resetTime } from './reset-time.ts'

/** `now` (ms) is what the time of a limit is counted from: a screen says `1pm`, and not of which day. */
export function readClaude(screen: ScreenView, now: number): ScreenReading {
  const rows = screen.lines.slice(0, screen.lines.findLastIndex((line) => line.text.trim() !== '') + 1)
  if (rows.length === 0) return said('starting')
  const box = composerIn(rows, screen)
  if (box === null) return dialogIn(rows) ?? said('unknown')
  const above = rows.slice(0, box.from).map((row) => row.text)
  const below = rows.slice(box.to + 1).map((row) => row.text)
  const state = stateOf(above, below, box)
  const until = state.kind === 'limited' ? resetTime(state.message, now) : null
  return { ...state, composer: box.text, until }
}

const MESSAGE_MAX = 500

const said = (kind: ScreenReading['kind'], name: string | null = null, message = ''): ScreenReading => ({
  kind,
  composer: null,
  name,
  message: message
    .replace(/^[\s●⎿⚠☐│]+/, '')
    .trim()
    .slice(0, MESSAGE_MAX),
  until: null,
})

const RULE = /^─{10,}/
/** `❯` for a prompt, `!` for a command of the shell. */
const SIGN = /^([❯!])\s?/

type Box = {
  readonly from: number
  readonly to: number
  readonly text: string
  /** Whether it says something that nobody typed. */
  readonly placeholder: boolean
}

/** The box between the lowest two rules. `from` and `to` are their rows. */
function composerIn(rows: readonly ScreenLine[], { cursor }: ScreenView): Box | null {
  const to = rows.findLastIndex((row) => RULE.test(row.text))
  const from = rows.slice(0, Math.max(to, 0)).findLastIndex((row) => RULE.test(row.text))
  const first = rows[from + 1]
  const sign = SIGN.exec(first?.text ?? '')?.[1]
  if (from < 0 || first === undefined || sign === undefined) return null
  // A dialog draws rules too, and marks its choice with the same sign.
  if (/^❯\s+\d\. /.test(first.text)) return null
  const lines = rows.slice(from + 1, to).map(({ typed }, at) => typed.replace(at === 0 ? SIGN : /^ {2}/, ''))
  const text = lines.join('\n').trimEnd()
  const atStart = cursor.row === from + 1 && cursor.column <= 2
  // The cursor stands on the first character of a placeholder, and what is under a cursor is not dim.
  const placeholder = atStart && text.length <= 1 && first.text.length > first.typed.length
  return { from, to, placeholder, text: placeholder ? '' : sign === '!' ? `!${text}` : text }
}

type Marker = { readonly name: string; readonly shows: RegExp }

/** By words of the dialog's own, most telling first. */
const DIALOGS: readonly Marker[] = [
  { name: 'trust', shows: /.*(Is this a project you created or one you trust|Do you trust the files in).*/ },
  { name: 'apiKey', shows: /.*Detected a custom API key.*/ },
  { name: 'bypass', shows: /.*running in Bypass Permissions mode.*/ },
  { name: 'settings', shows: /^ *Settings (Warning|Error).*/m },
  { name: 'login', shows: /.*Select login method.*/ },
  { name: 'firstStart', shows: /.*Choose the text style.*/ },
  { name: 'plan', shows: /.*(Exit plan mode\?|Enter plan mode\?|Ready to code\?).*/ },
  { name: 'rewind', shows: /.*Restore the code and\/or conversation.*/ },
  { name: 'question', shows: /^ ☐ .*|.*Chat about this.*/m },
  { name: 'permission', shows: /.*Do you want to .*\?.*|.*Esc to cancel · Tab to amend.*/ },
  // Any other that waits for a choice.
  { name: 'other', shows: /.*(Enter to (confirm|continue|select)|Esc to cancel).*/ },
]

function dialogIn(rows: readonly ScreenLine[]): ScreenReading | null {
  // From the lowest rule on, when there is one: a dialog is drawn below it. Some start-up dialogs draw none.
  const texts = rows.map((row) => row.text)
  const start = texts.findIndex((text) => RULE.test(text))
  const shown = texts.slice(Math.max(start, 0)).join('\n')
  for (const { name, shows } of DIALOGS) {
    const found = shows.exec(shown)
    if (found !== null) return said('dialog', name, found[0])
  }
  return null
}

/** A line that is drawn anew while something is under way. */
const SPINNER = /^[·✢✳✶✻✽*] \S.*(…|retrying in)/

const FAILURES: readonly Marker[] = [
  {
    name: 'loggedOut',
    shows: /Please run \/login|Invalid API key|Invalid auth|OAuth (token|session).*(expired|revoked)/,
  },
  {
    name: 'contextFull',
    shows: /^\s*[●⎿]\s*(Prompt is too long|Context limit reached|Autocompact is thrashing)/,
  },
  { name: 'noCredit', shows: /^\s*[●⎿]\s*Credit balance too low/ },
  { name: 'modelUnknown', shows: /^\s*[●⎿]\s*There's an issue with the selected model/ },
  { name: 'apiError', shows: /^\s*[●⎿]\s*API Error/ },
]

/** Rows above the box in which the end of the last turn stands. */
const RECENT = 6

function stateOf(
  above: readonly string[],
  below: readonly string[],
  { text: typed, placeholder }: Box,
): ScreenReading {
  const recent = above.filter((text) => text.trim() !== '').slice(-RECENT)
  const spinner = recent.findLast((text) => SPINNER.test(text))
  const busy = spinner !== undefined || below.some((text) => text.includes('esc to interrupt'))
  if (spinner?.includes('Compacting conversation')) return said('compacting', null, spinner)
  if (busy) return said('busy', null, spinner ?? '')
  const limit =
    recent.findLast((text) => /^\s*[●⎿]\s*You've hit your .*limit.*resets/.test(text)) ??
    below.find((text) => text.includes('Usage limit reached'))
  if (limit !== undefined) return said('limited', null, limit)
  // After a failure the box says what to do; an answer that only speaks of a failure leaves it empty.
  if (!placeholder && typed === '') return said('ready')
  for (const text of recent.toReversed()) {
    // Above it stands what was there before this prompt.
    if (text.startsWith('❯')) break
    const failure = FAILURES.find(({ shows }) => shows.test(text))
    if (failure !== undefined) return said('stuck', failure.name, text)
  }
  return said('ready')
}
