// What opencode's screen means, as far as its own words say it. Nothing here was recorded from the real program.

import type { ScreenReading, ScreenView } from '../../ports/presets.ts'

const reading = (
  kind: ScreenReading['kind'],
  name: string | null,
  message: string,
  composer: string | null = null,
): ScreenReading => ({ kind, composer, name, message: message.trim().slice(0, 500), until: null })

export function readOpencode({ lines }: ScreenView): ScreenReading {
  const text = lines.map((line) => line.text).join('\n')
  if (text.trim() === '') return reading('starting', null, '')
  const asked = /Permission required.*/.exec(text)?.[0]
  if (asked !== undefined) return reading('dialog', 'permission', asked)
  if (/Connect a provider|Select provider/.test(text)) return reading('dialog', 'login', 'Connect a provider')
  const busy = lines.find((line) => /\besc\b.*\binterrupt\b/.test(line.text))
  if (busy !== undefined) return reading('busy', null, busy.text)
  // Only an empty box can be told from the rest of the screen: with words in it, nothing is known and nothing typed.
  return /Ask anything/.test(text) ? reading('ready', null, '', '') : reading('unknown', null, '')
}
