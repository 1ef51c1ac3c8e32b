// The presets there are. A new one is one file here and one line below.

import type { Preset, Presets } from '../../ports/presets.ts'
import { claude } from './claude.ts'
import { codex } from './codex.ts'
import { gemini } from './gemini.ts'
import { opencode } from './opencode.ts'
import { script } from './script.ts'

const ALL: readonly Preset[] = [claude, codex, gemini, opencode, script]

const byName = new Map(ALL.map((preset) => [preset.name, preset]))

export const presets: Presets = {
  names: ALL.map((preset) => preset.name),
  get: (name) => byName.get(name) ?? null,
  script,
}
