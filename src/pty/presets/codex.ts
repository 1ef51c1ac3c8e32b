// The preset of Codex CLI.
//
// Owns:      its names, how it is found and what it is logged in with; the rest is in the codex-*.ts beside it.

import type { Preset } from '../../ports/presets.ts'
import { answerCodex, hearCodex } from './codex-hooks.ts'
import { CODEX_HOOKS, CODEX_LOGIN, launchCodex } from './codex-launch.ts'
import { codexLoginMissing } from './codex-login.ts'
import { readCodex } from './codex-screen.ts'
import { codexSeance, codexUtterances } from './codex-seance.ts'
import { readCodexTranscript } from './codex-transcript.ts'

export const codex: Preset = {
  name: 'codex',
  title: 'Codex CLI',
  install: 'npm install -g @openai/codex',
  programs: ['codex'],
  versionArgs: ['--version'],
  version: (printed) => /codex-cli (\d+\.\d+\.\d+)/.exec(printed)?.[1] ?? null,
  // The first that takes hooks on its command line is older; this is the oldest that was looked at.
  atLeast: '0.169.0',
  proved: ['0.169.0'],
  login: CODEX_LOGIN,
  loginMissing: codexLoginMissing,
  launch: launchCodex,
  hooks: CODEX_HOOKS,
  hear: hearCodex,
  answer: answerCodex,
  interactive: true,
  read: (screen) => readCodex(screen, Date.now()),
  // Ctrl-C clears the box too, but on an empty one it ends the program.
  keys: { interrupt: '\x1b', submit: '\r', clear: '\x15' },
  readTranscript: readCodexTranscript,
  utterances: codexUtterances,
  seance: codexSeance,
}
