// How Claude Code is started: arguments, environment and a settings file of its own.
//
// Owns:      everything that is settled before the start, so that no dialog opens.
// Does not:  write into the person's own ~/.claude.json or ~/.claude: what they chose there stays as it is.
// Always:    the permission mode is said. Unset it means `auto`, which asks the provider about each call.

import path from 'node:path'
import type { Launch, LaunchAsk } from '../../ports/presets.ts'
import { typedOrders } from './typed-orders.ts'

/** The events we have hooks for. Any other name in the settings file opens a dialog instead of a prompt. */
export const CLAUDE_HOOKS = [
  'SessionStart',
  'UserPromptSubmit',
  'PreToolUse',
  'PostToolUse',
  'PostToolUseFailure',
  'PermissionRequest',
  'PermissionDenied',
  'Notification',
  'Stop',
  'StopFailure',
  'SubagentStop',
  'PreCompact',
  'PostCompact',
  'SessionEnd',
] as const

/**
 * Logins of clouds, each behind the switch by which a person says that Claude Code reaches its model there: without it
 * they stay with the person.
 */
const CLOUD_LOGINS: Readonly<Record<string, readonly string[]>> = {
  CLAUDE_CODE_USE_BEDROCK: [
    'CLAUDE_CODE_SKIP_BEDROCK_AUTH',
    'ANTHROPIC_BEDROCK_BASE_URL',
    'AWS_BEARER_TOKEN_BEDROCK',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AWS_PROFILE',
    'AWS_REGION',
  ],
  CLAUDE_CODE_USE_VERTEX: [
    'CLAUDE_CODE_SKIP_VERTEX_AUTH',
    'ANTHROPIC_VERTEX_BASE_URL',
    'ANTHROPIC_VERTEX_PROJECT_ID',
    'CLOUD_ML_REGION',
    'GOOGLE_APPLICATION_CREDENTIALS',
  ],
}

const OWN_LOGIN = [
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_BASE_URL',
  'ANTHROPIC_CUSTOM_HEADERS',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CLAUDE_CONFIG_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
] as const

/** The person's variables that Claude Code logs in, or reaches its provider, with. */
export const CLAUDE_LOGIN: readonly string[] = [
  ...OWN_LOGIN,
  ...Object.keys(CLOUD_LOGINS),
  ...Object.values(CLOUD_LOGINS).flat(),
]

/** Tools that ask a person something in the terminal, where nobody may be; they block in bypass mode too. */
const ASKING_TOOLS = 'AskUserQuestion,EnterPlanMode,ExitPlanMode'

/** Seconds. The answer to a permission may come from a person; the town itself ends the wait long before this. */
const PERMISSION_SECONDS = 24 * 60 * 60
/** Seconds. The town answers in milliseconds; this is for one that is just being restarted. */
const HOOK_SECONDS = 10

/** Holds the key in place of ANTHROPIC_API_KEY, which would open a dialog the first time it is seen. */
const KEY_VARIABLE = 'GT_CLAUDE_KEY'

const QUIET = {
  DISABLE_AUTOUPDATER: '1',
  DISABLE_TELEMETRY: '1',
  DISABLE_ERROR_REPORTING: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  /** The worktree is of the person's own repository, which they gave to the town: no dialog whether it is trusted. */
  CLAUDE_CODE_SANDBOXED: '1',
} as const

export function launchClaude(ask: LaunchAsk): Launch {
  const settings = path.join(ask.folder, 'claude-settings.json')
  const key = ask.login.ANTHROPIC_API_KEY
  const orders = typedOrders(ask)
  const files = [{ path: settings, content: settingsFile(ask, key !== undefined) }]
  return {
    command: [
      ...ask.command,
      ...conversation(ask),
      '--settings',
      settings,
      ...(ask.permissions === 'bypass'
        ? ['--dangerously-skip-permissions']
        : ['--permission-mode', 'manual']),
      '--disallowedTools',
      ASKING_TOOLS,
      ...(ask.model === null ? [] : ['--model', ask.model]),
      ...(ask.rules === '' ? [] : ['--append-system-prompt', ask.rules]),
      ...(orders.typed === '' ? [] : ['--', orders.typed]),
    ],
    env: {
      ...claudeLoginOf(ask),
      ...(key === undefined ? {} : { [KEY_VARIABLE]: key }),
      ...QUIET,
      // Root is refused the bypass unless it says that it is fenced in.
      ...(ask.permissions === 'bypass' && process.getuid?.() === 0 ? { IS_SANDBOX: '1' } : {}),
    },
    files: [...files, ...orders.files],
    runtimeSession: ask.resume !== null && !ask.fork ? ask.resume : ask.runtimeSession,
  }
}

function conversation({ resume, fork, runtimeSession }: LaunchAsk): string[] {
  if (resume === null) return ['--session-id', runtimeSession]
  return ['--resume', resume, ...(fork ? ['--fork-session', '--session-id', runtimeSession] : [])]
}

/** What it logs in with, but for the key. */
export function claudeLoginOf({ login }: Pick<LaunchAsk, 'login'>): Record<string, string> {
  const clouds = Object.entries(CLOUD_LOGINS).flatMap(([by, names]) =>
    isSwitchedOn(login[by]) ? [by, ...names] : [],
  )
  const env: Record<string, string> = {}
  for (const name of [...OWN_LOGIN, ...clouds]) {
    const value = login[name]
    if (value !== undefined && name !== 'ANTHROPIC_API_KEY') env[name] = value
  }
  return env
}

/** As Claude Code reads a switch. */
export const isSwitchedOn = (value: string | undefined): boolean =>
  /^(?:1|true|yes|on)$/i.test(value?.trim() ?? '')

function settingsFile(ask: LaunchAsk, hasKey: boolean): string {
  const hooks: Record<string, unknown> = {}
  for (const event of CLAUDE_HOOKS) {
    const timeout = event === 'PermissionRequest' ? PERMISSION_SECONDS : HOOK_SECONDS
    hooks[event] = [{ hooks: [{ type: 'command', command: ask.hook(event), timeout }] }]
  }
  const settings = {
    // One renderer, whatever happened to the session before this one.
    tui: 'default',
    skipDangerousModePermissionPrompt: true,
    ...(hasKey ? { apiKeyHelper: `printf %s "$${KEY_VARIABLE}"` } : {}),
    hooks,
  }
  return `${JSON.stringify(settings, null, 2)}\n`
}
