// What Claude Code's screen means.
//
// Always: judged by the lowest rows that hold something: what lies above them is the past.

import type { ScreenReading, ScreenView } from '../../ports/presets.ts'

type Rows = readonly { readonly text: string; readonly typed: string }[]

export function readClaude(screen: ScreenView): ScreenReading {
  const rows = used(screen)
  const text = rows.map((row) => row.text).join('\n')
  const dialog = dialogIn(text)
  if (dialog !== null) return reading('dialog', dialog.name, dialog.message)
  const box = composerIn(rows)
  if (box === null) return reading(text.trim() === '' ? 'starting' : 'unknown', null, '')
  const above = rows.slice(0, box.from - 1)
  const below = rows
    .slice(box.to + 1)
    .map((row) => row.text)
    .join('\n')
  return { ...stateOf(above, below), composer: box.text }
}

const reading = (
  kind: ScreenReading['kind'],
  name: string | null,
  message: string,
  composer: string | null = null,
): ScreenReading => ({ kind, composer, name, message: message.trim().slice(0, 500), until: null })

function used({ lines }: ScreenView): Rows {
  const last = lines.findLastIndex((line) => line.text.trim() !== '')
  return lines.slice(0, last + 1)
}

/** Dialogs by words that only they show, and that stand in their last rows. */
const DIALOGS: readonly { readonly name: string; readonly shows: RegExp; readonly says: RegExp }[] = [
  {
    name: 'trust',
    shows: /Is this a project you created or one you trust\?|Do you trust the files in this folder/,
    says: /Is this.*/,
  },
  {
    name: 'login',
    shows: /Detected a custom API key in your environment|Select login method/,
    says: /Detected.*|Select.*/,
  },
  { name: 'bypass', shows: /WARNING: Claude Code running in Bypass Permissions mode/, says: /WARNING.*/ },
  { name: 'settings', shows: /^ *Settings (Warning|Error)/m, says: /Settings.*/ },
  {
    name: 'plan',
    shows: /Exit plan mode\?|wants to exit plan mode|Ready to code\?/,
    says: /.*plan.*|Ready to code\?/,
  },
  {
    name: 'permission',
    shows: /Do you want to (proceed|make this edit|create|allow|overwrite)|Esc to cancel · Tab to amend/,
    says: /Do you want.*/,
  },
  { name: 'question', shows: /Enter to select · ↑\/↓ to navigate/, says: /☐.*/ },
]

const DIALOG_ROWS = 40

function dialogIn(text: string): { name: string; message: string } | null {
  const rows = text.split('\n')
  // A box below it means that the words are old.
  if (rows.some((row, at) => /^❯/.test(row) && /^─{10,}/.test(rows[at + 1] ?? ''))) return null
  const low = rows.slice(-DIALOG_ROWS).join('\n')
  for (const { name, shows, says } of DIALOGS)
    if (shows.test(low)) return { name, message: says.exec(low)?.[0] ?? '' }
  return null
}

type Box = { readonly from: number; readonly to: number; readonly text: string }

const RULE = /^─{10,}/

/** The input box: rows between the two lowest rules, the first of which begins with the prompt sign. */
function composerIn(rows: Rows): Box | null {
  const to = rows.findLastIndex((row) => RULE.test(row.text))
  if (to < 2) return null
  const above = rows.slice(0, to).findLastIndex((row) => RULE.test(row.text))
  const from = above + 1
  if (above < 0 || !/^[❯>]/.test(rows[from]?.text ?? '')) return null
  const text = rows
    .slice(from, to)
    .map((row, at) => (at === 0 ? row.typed.replace(/^[❯>]\s?/, '') : row.typed.replace(/^ {2}/, '')))
    .join('\n')
    .trimEnd()
  return { from, to: to - 1, text }
}

const SPINNER = /^[·✢✳✶✻✽*] \S.*…/

function stateOf(above: Rows, below: string): Omit<ScreenReading, 'composer'> {
  const last = above.findLast((row) => row.text.trim() !== '')?.text ?? ''
  const recent = above.slice(-8).map((row) => row.text)
  const limit = /^.*(?:hit your .*limit|Usage limit reached).*$/im.exec([...recent, below].join('\n'))
  if (limit !== null && /resets/.test(limit[0])) return without('limited', null, limit[0])
  if (/Compacting conversation…/.test(recent.join('\n'))) return without('compacting', null, last)
  if (/esc to interrupt/.test(below) || SPINNER.test(last)) return without('busy', null, last)
  const failure = recent.findLast((row) =>
    /^[●⎿ ]*\s*(API Error|Please run \/login|Credit balance|Prompt is too long|There's an issue with the selected model)/.test(
      row,
    ),
  )
  if (failure !== undefined) {
    const name = /login/.test(failure) ? 'loggedOut' : /too long/.test(failure) ? 'contextFull' : 'apiError'
    return without('stuck', name, failure)
  }
  return without('ready', null, '')
}

function without(
  kind: ScreenReading['kind'],
  name: string | null,
  message: string,
): Omit<ScreenReading, 'composer'> {
  return { kind, name, message: message.trim().slice(0, 500), until: null }
}
