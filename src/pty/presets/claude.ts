// The preset of Claude Code.
//
// Owns:      its names, how it is found and what it is logged in with; the rest is in the claude-*.ts beside it.

import type { Preset } from '../../ports/presets.ts'
import { answerClaude, hearClaude } from './claude-hooks.ts'
import { CLAUDE_HOOKS, CLAUDE_LOGIN, launchClaude } from './claude-launch.ts'
import { claudeLoginMissing, claudeSettingsBroken } from './claude-login.ts'
import { readClaude } from './claude-screen.ts'
import { claudeSeance, claudeUtterances } from './claude-seance.ts'
import { claudeSubagents, readClaudeTranscript } from './claude-transcript.ts'

export const claude: Preset = {
  name: 'claude',
  title: 'Claude Code',
  install: 'npm install -g @anthropic-ai/claude-code',
  programs: ['claude'],
  versionArgs: ['--version'],
  version: (printed) => /(\d+\.\d+\.\d+) \(Claude Code\)/.exec(printed)?.[1] ?? null,
  atLeast: '2.1.300',
  proved: ['2.1.330'],
  login: CLAUDE_LOGIN,
  loginMissing: claudeLoginMissing,
  settingsBroken: claudeSettingsBroken,
  launch: launchClaude,
  hooks: CLAUDE_HOOKS,
  hear: (call) => hearClaude(call, Date.now()),
  answer: answerClaude,
  interactive: true,
  read: (screen) => readClaude(screen, Date.now()),
  // Ctrl-C clears the box too, but a second one within 1.8 s would end the program. Never type `clear` into an empty
  // box (it opens a menu there), nor at work (it interrupts).
  keys: { interrupt: '\x1b', submit: '\r', clear: '\x1b\x1b' },
  readTranscript: readClaudeTranscript,
  moreTranscripts: claudeSubagents,
  utterances: claudeUtterances,
  seance: claudeSeance,
}
