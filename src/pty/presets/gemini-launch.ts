// How Gemini CLI is started: in a settings folder of the session's own.
//
//   Why so:  it takes hooks from a settings file only: the person's, which is theirs; the worktree's, which is the
//            repository's; or the system's, which must belong to root. So the session has a home of its own
//            (GEMINI_CLI_HOME), in which the login and the conversations are links to the person's; their other settings
//            do not hold here.
//   Mode ask: the program itself accepts everything (yolo), and a hook before each tool that changes something asks the
//            town. Its answer can be to ask in the terminal after all, and that is what is said when nobody answers.

import path from 'node:path'
import type { Launch, LaunchAsk } from '../../ports/presets.ts'
import { typedOrders } from './typed-orders.ts'

/** BeforeToolAsk is BeforeTool for tools that are asked about, in the mode ask. */
export const GEMINI_HOOKS = [
  'SessionStart',
  'BeforeAgent',
  'BeforeTool',
  'BeforeToolAsk',
  'AfterTool',
  'AfterAgent',
  'Notification',
  'SessionEnd',
] as const

export const GEMINI_LOGIN = [
  'GEMINI_API_KEY',
  'GOOGLE_API_KEY',
  'GOOGLE_GEMINI_BASE_URL',
  'GOOGLE_GENAI_USE_VERTEXAI',
  'GOOGLE_GENAI_USE_GCA',
  'GOOGLE_CLOUD_PROJECT',
  'GOOGLE_CLOUD_LOCATION',
  'GOOGLE_APPLICATION_CREDENTIALS',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'NODE_EXTRA_CA_CERTS',
] as const

/** Tools that only look. */
const LOOKING =
  'read_file|read_many_files|list_directory|glob|grep_search|search_file_content|google_web_search|write_todos'

/** ms. The answer to a permission may come from a person; the town itself ends the wait long before this. */
const PERMISSION_MS = 24 * 60 * 60_000
/** ms. The town answers in milliseconds; this is for one that is just being restarted. */
const HOOK_MS = 10_000

/** $1 is the home of the session, $2 the person's; the program and its arguments follow. */
const LINKED = `own="$1/.gemini" theirs="$2/.gemini"; shift 2
mkdir -p "$theirs/tmp"
for name in oauth_creds.json google_accounts.json installation_id GEMINI.md tmp; do
  [ ! -e "$theirs/$name" ] || [ -e "$own/$name" ] || ln -s "$theirs/$name" "$own/$name"
done
exec "$@"`

export function launchGemini(ask: LaunchAsk): Launch {
  const own = path.join(ask.folder, 'gemini')
  const orders = typedOrders(ask, ask.rules)
  return {
    command: [
      '/bin/sh',
      '-c',
      LINKED,
      'sh',
      own,
      ask.home,
      ...ask.command,
      '--skip-trust',
      '--approval-mode',
      'yolo',
      ...(ask.resume === null ? ['--session-id', ask.runtimeSession] : ['--resume', ask.resume]),
      ...(ask.model === null ? [] : ['--model', ask.model]),
      ...(orders.typed === '' ? [] : [`--prompt-interactive=${orders.typed}`]),
    ],
    env: { ...ask.login, GEMINI_CLI_HOME: own, GEMINI_CLI_NO_RELAUNCH: 'true' },
    files: [
      {
        path: path.join(own, '.gemini', 'settings.json'),
        content: `${JSON.stringify(settingsOf(ask), null, 2)}\n`,
      },
      ...orders.files,
    ],
    // It has no way to go on in a copy: a fork goes on in the original.
    runtimeSession: ask.resume ?? ask.runtimeSession,
  }
}

function settingsOf(ask: LaunchAsk): object {
  return {
    general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
    privacy: { usageStatisticsEnabled: false },
    security: { auth: { selectedType: authOf(ask.login) }, folderTrust: { enabled: false } },
    hooksConfig: { enabled: true, notifications: false },
    hooks: hooksOf(ask),
  }
}

function authOf(login: LaunchAsk['login']): string {
  if (login.GEMINI_API_KEY !== undefined) return 'gemini-api-key'
  return login.GOOGLE_GENAI_USE_VERTEXAI === undefined && login.GOOGLE_API_KEY === undefined
    ? 'oauth-personal'
    : 'vertex-ai'
}

function hooksOf(ask: LaunchAsk): object {
  const entry = (command: string, timeout: number, matcher?: string) => ({
    ...(matcher !== undefined && { matcher }),
    hooks: [{ type: 'command', command, timeout }],
  })
  const hooks: Record<string, object[]> = {}
  for (const event of GEMINI_HOOKS)
    if (event !== 'BeforeToolAsk') hooks[event] = [entry(ask.hook(event), HOOK_MS)]
  if (ask.permissions === 'ask') {
    // Nobody answered: the terminal asks. No variable of the shell's, because the program puts in its own values for
    // everything in its settings that looks like one.
    const asking = `{ ${ask.hook('BeforeToolAsk')} || true; } | grep . || printf '%s\\n' '{"decision":"ask"}'`
    hooks.BeforeTool = [
      entry(ask.hook('BeforeTool'), HOOK_MS, `^(${LOOKING})$`),
      entry(asking, PERMISSION_MS, `^(?!(${LOOKING})$)`),
    ]
  }
  return hooks
}
