// What Codex CLI's screen means.
//
// Always: the input box is the one that the cursor stands in; a row that begins like it may be an old prompt. What
//         lies above the last prompt is the past.

import type { ScreenReading, ScreenView } from '../../ports/presets.ts'
import { resetTime } from './reset-time.ts'

type Rows = ScreenView['lines']

export function readCodex({ lines, cursor, title }: ScreenView, now: number): ScreenReading {
  const last = lines.findLastIndex((line) => line.text.trim() !== '')
  const rows = lines.slice(0, last + 1)
  const box = composerIn(rows, cursor.row)
  if (box === null) {
    const dialog = dialogIn(rows.map((row) => row.text).join('\n'), title)
    if (dialog !== null) return reading('dialog', dialog.name, dialog.message)
    return reading(rows.length === 0 ? 'starting' : 'unknown', null, '')
  }
  return {
    ...stateOf(
      rows.slice(0, box.from).map((row) => row.text),
      title,
      now,
    ),
    composer: box.text,
  }
}

const reading = (
  kind: ScreenReading['kind'],
  name: string | null,
  message: string,
  until: string | null = null,
): ScreenReading => ({ kind, composer: null, name, message: message.trim().slice(0, 500), until })

/** Names by words that only that dialog shows. The words of a permission stand above all of its text. */
const DIALOGS: readonly { readonly name: string; readonly shows: RegExp }[] = [
  { name: 'permission', shows: /^ *Would you like to .*/m },
  { name: 'trust', shows: /Trust this folder\?|Do you trust the contents of this directory\?/ },
  { name: 'hooks', shows: /Hooks need review/ },
  { name: 'login', shows: /Choose how you want to use Codex|Sign in with ChatGPT/ },
  { name: 'update', shows: /Update available!.*/ },
]
/** The line with the keys, at the foot of every dialog. */
const KEYS = /^ *(?:press )?enter (?:to )?(?:confirm|continue|submit|select)/i
const FOOT_ROWS = 3

function dialogIn(text: string, title: string): { name: string; message: string } | null {
  const rows = text.split('\n').filter((row) => row.trim() !== '')
  const asks = title.includes('Action Required') || rows.slice(-FOOT_ROWS).some((row) => KEYS.test(row))
  if (!asks) return null
  for (const { name, shows } of DIALOGS) {
    const said = shows.exec(text)?.[0]
    if (said !== undefined) return { name, message: said }
  }
  return { name: 'other', message: rows.at(-1) ?? '' }
}

/** Below the box: the model and the folder. */
const STATUS = /^ {2}\S.* · [~/]/

function composerIn(rows: Rows, cursor: number): { from: number; text: string } | null {
  const from = rows.findLastIndex((row, at) => at <= cursor && /^›( |$)/.test(row.text))
  // The first row of a menu looks like it.
  if (from === -1 || /^› \d+\. /.test(rows[from]?.text ?? '')) return null
  const status = rows.findIndex((row, at) => at > from && STATUS.test(row.text))
  // What is typed may have blank lines of its own, but none below the cursor.
  const blank = rows.findIndex((row, at) => at > cursor && row.text.trim() === '')
  const end = status !== -1 ? status : blank !== -1 ? blank : rows.length
  if (cursor >= end) return null
  const text = rows
    .slice(from, end)
    .map((row) => row.typed.slice(2))
    .join('\n')
    .trim()
  return { from, text }
}

const UNDER_WAY = /^(?:[•◦] )?\S.*\((?:\d+[hms] ?)+ • esc to interrupt\)/
/** A title like this turns while something is under way, unless animations are off. */
const BRAILLE = /^[\u2800-\u28ff] /

function stateOf(above: readonly string[], title: string, now: number): ScreenReading {
  const prompt = above.findLastIndex((row) => row.startsWith('› '))
  const since = above.slice(prompt + 1)
  const busy = since.findLast((row) => UNDER_WAY.test(row))
  if (busy !== undefined) return reading(/Compacting/.test(busy) ? 'compacting' : 'busy', null, busy)
  if (BRAILLE.test(title)) return reading('busy', null, title)
  const at = since.findLastIndex((row) => row.startsWith('■ '))
  // Something was said or done after it.
  if (at === -1 || since.slice(at + 1).some((row) => /^[•◦✗] /.test(row))) return reading('ready', null, '')
  return failure(paragraph(since.slice(at)), now)
}

/** A message that is broken into rows, as one line. */
function paragraph(rows: readonly string[]): string {
  const end = rows.findIndex((row) => row.trim() === '')
  return rows
    .slice(0, end === -1 ? rows.length : end)
    .map((row) => row.trim())
    .join(' ')
    .replace(/^■ /, '')
}

function failure(message: string, now: number): ScreenReading {
  if (/^Conversation interrupted/.test(message)) return reading('ready', null, '')
  if (/usage limit/i.test(message)) {
    const when = /try again at (.+)$/i.exec(message)?.[1] ?? ''
    return reading('limited', null, message, resetTime(when, now))
  }
  if (/ran out of room in the model's context/.test(message)) return reading('stuck', 'contextFull', message)
  if (/\b40[13]\b|log ?in|sign in|refresh token/i.test(message)) return reading('stuck', 'loggedOut', message)
  if (/quota exceeded/i.test(message)) return reading('stuck', 'quota', message)
  return reading('stuck', 'apiError', message)
}
