// What Gemini CLI's screen means.

import type { ScreenReading, ScreenView } from '../../ports/presets.ts'

const reading = (
  kind: ScreenReading['kind'],
  name: string | null,
  message: string,
  composer: string | null = null,
): ScreenReading => ({ kind, composer, name, message: message.trim().slice(0, 500), until: null })

const DIALOGS: readonly { readonly name: string; readonly shows: RegExp }[] = [
  { name: 'trust', shows: /Do you trust (?:the files in )?this folder\?/ },
  { name: 'login', shows: /How would you like to authenticate|Enter Gemini API Key|Waiting for auth/ },
  {
    name: 'permission',
    shows: /Allow execution of.*|Apply this change\?|Action Required|Do you want to proceed\?|Allow once/,
  },
  { name: 'loop', shows: /A potential loop was detected/ },
]

export function readGemini({ lines, title }: ScreenView): ScreenReading {
  const text = lines.map((line) => line.text).join('\n')
  if (text.trim() === '') return reading('starting', null, '')
  const composer = composerIn(lines)
  if (composer === null) {
    for (const { name, shows } of DIALOGS) {
      const said = shows.exec(text)?.[0]
      if (said !== undefined) return reading('dialog', name, said)
    }
    return reading('unknown', null, '')
  }
  const busy = /^.*\(esc to cancel.*$/m.exec(text)?.[0]
  if (busy !== undefined || title.startsWith('✦')) return reading('busy', null, busy ?? title, composer)
  const failed = failureIn(text)
  return failed === null ? reading('ready', null, '', composer) : { ...failed, composer }
}

/** The words of the input box, between the two bars that frame it; the sign before them tells the mode. */
function composerIn(lines: ScreenView['lines']): string | null {
  const to = lines.findLastIndex(({ text }) => /^▀{20,}/.test(text))
  const from = lines.findLastIndex(({ text }, at) => at < to && /^▄{20,}/.test(text))
  if (to === -1 || from === -1 || !/^ [>*!] /.test(lines[from + 1]?.text ?? '')) return null
  // Earlier prompts are framed the same way; a dialog stands below them, in a frame of lines.
  if (lines.slice(to).some(({ text }) => /^[╭│╰]/.test(text))) return null
  const rows = lines.slice(from + 1, to)
  // The placeholder is drawn in a colour of its own, not dim.
  if (/^ [>*] {3}Type your message or @path/.test(rows[0]?.text ?? '')) return ''
  return rows
    .map(({ text }) => text.slice(3))
    .join('\n')
    .trim()
}

/** The last message, when it is an error. */
function failureIn(text: string): ScreenReading | null {
  const at = text.lastIndexOf('\n✕ ')
  if (at === -1 || /\n [>✦] \S/.test(text.slice(at).split('\n▄')[0] ?? '')) return null
  const message = text.slice(at + 3).split('\n')[0] ?? ''
  if (/quota|limit/i.test(message)) return reading('limited', null, message)
  return reading('stuck', /40[13]|API key|authenticat/i.test(message) ? 'loggedOut' : 'apiError', message)
}
