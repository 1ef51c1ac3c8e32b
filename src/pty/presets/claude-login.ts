// Whether a person has made Claude Code ready to be started by the town.

import path from 'node:path'
import { isSwitchedOn } from './claude-launch.ts'
import { asObject, parsed } from './hook-input.ts'

type Read = (path: string) => string | null

/** One sentence that says what to do, or null. Looks only whether something is there, never at what it is. */
export function claudeLoginMissing(
  home: string,
  env: Readonly<Record<string, string | undefined>>,
  read: Read,
): string | null {
  const own = env.CLAUDE_CONFIG_DIR ?? ''
  const folder = own === '' ? path.join(home, '.claude') : own
  const state = path.join(own === '' ? home : own, '.claude.json')
  const { hasCompletedOnboarding, oauthAccount } = asObject(parsed(read(state) ?? ''))
  if (hasCompletedOnboarding !== true)
    return `Claude Code was never set up here (${state}): run \`claude\` once in a terminal and finish its first screens.`
  const loggedIn =
    KEYS.some((name) => (env[name] ?? '') !== '') ||
    CLOUDS.some((name) => isSwitchedOn(env[name])) ||
    // The mark of an account, whose key may lie in the keychain of the system.
    oauthAccount !== undefined ||
    read(path.join(folder, '.credentials.json')) !== null ||
    asObject(parsed(read(path.join(folder, 'settings.json')) ?? '')).apiKeyHelper !== undefined
  return loggedIn
    ? null
    : 'Claude Code is not logged in: run `claude` and then /login, or start the town with ANTHROPIC_API_KEY set.'
}

/** One sentence when their settings cannot be read, which opens a dialog at every start; else null. */
export function claudeSettingsBroken(
  home: string,
  env: Readonly<Record<string, string | undefined>>,
  read: Read,
): string | null {
  const own = env.CLAUDE_CONFIG_DIR ?? ''
  const file = path.join(own === '' ? path.join(home, '.claude') : own, 'settings.json')
  const text = (read(file) ?? '').trim()
  return text === '' || isObject(text)
    ? null
    : `Claude Code cannot read its settings: ${file} is no JSON object.`
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

const KEYS = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'] as const
const CLOUDS = ['CLAUDE_CODE_USE_BEDROCK', 'CLAUDE_CODE_USE_VERTEX'] as const
