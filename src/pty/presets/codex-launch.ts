// How Codex CLI is started: everything on its command line, nothing in the person's ~/.codex.
//
//   Always:  the home folder of the program stays the person's own, so that their login and their settings hold; ours are
//            laid over them with `-c`, for this session alone. Hooks given that way are new to the program each time, and
//            it would ask for a review of them: --dangerously-bypass-hook-trust. It lets hooks run that the repository
//            brings along, too; in the permission mode `ask` an agent cannot write those, as the sandbox keeps .codex.
//   Always:  no shared background server (--no-daemon): it would outlive the session.
//   Mode ask: commands run in the program's sandbox, which lets them write the worktree but neither .git nor anything
//            else; what must leave it, a commit too, is asked for. The network is open in it, because that is what
//            keeps the town's socket, and with it `gt`, within reach.

import type { Launch, LaunchAsk } from '../../ports/presets.ts'
import { typedOrders } from './typed-orders.ts'

export const CODEX_HOOKS = [
  'SessionStart',
  'UserPromptSubmit',
  'PreToolUse',
  'PermissionRequest',
  'PostToolUse',
  'PreCompact',
  'PostCompact',
  'SubagentStop',
  'Stop',
  'Interrupt',
  'SessionEnd',
] as const

/** An API key is kept in a file by `codex login --with-api-key`; the variables are for providers of one's own. */
export const CODEX_LOGIN = [
  'CODEX_HOME',
  'OPENAI_API_KEY',
  'OPENAI_BASE_URL',
  'OPENAI_ORGANIZATION',
  'OPENAI_PROJECT',
  'AZURE_OPENAI_API_KEY',
  'OPENROUTER_API_KEY',
  'CODEX_CA_CERTIFICATE',
  'SSL_CERT_FILE',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
] as const

/** Seconds. The answer to a permission may come from a person; the town itself ends the wait long before this. */
const PERMISSION_SECONDS = 24 * 60 * 60
/** Seconds. The town answers in milliseconds; this is for one that is just being restarted. */
const HOOK_SECONDS = 10

export function launchCodex(ask: LaunchAsk): Launch {
  const orders = typedOrders(ask)
  const said = [...(ask.resume === null ? [] : [ask.resume]), ...(orders.typed === '' ? [] : [orders.typed])]
  return {
    command: [
      ...ask.command,
      ...(ask.resume === null ? [] : [ask.fork ? 'fork' : 'resume']),
      '--no-daemon',
      '--dangerously-bypass-hook-trust',
      ...permissionsOf(ask),
      ...(ask.model === null ? [] : ['--model', ask.model]),
      ...settingsOf(ask).flatMap((setting) => ['-c', setting]),
      ...(said.length === 0 ? [] : ['--', ...said]),
    ],
    env: ask.login,
    files: orders.files,
    // Of a new conversation it makes the id itself, and says it in its first hook.
    runtimeSession: ask.fork ? null : ask.resume,
  }
}

const permissionsOf = ({ permissions }: LaunchAsk): string[] =>
  permissions === 'bypass'
    ? ['--dangerously-bypass-approvals-and-sandbox']
    : ['--ask-for-approval', 'on-request', '--sandbox', 'workspace-write']

function settingsOf(ask: LaunchAsk): string[] {
  return [
    'check_for_update_on_startup=false',
    'analytics.enabled=false',
    'tui.animations=false',
    // A login shell begins with the machine's PATH, where `gt` is not.
    'allow_login_shell=false',
    'approvals_reviewer="user"',
    ...(ask.permissions === 'ask' ? ['sandbox_workspace_write.network_access=true'] : []),
    // The worktree is of the person's own repository, which they gave to the town.
    `projects={${toml(ask.worktree)}={trust_level="trusted"}}`,
    ...(ask.rules === '' ? [] : [`developer_instructions=${toml(ask.rules)}`]),
    ...CODEX_HOOKS.map((event) => {
      const timeout = event === 'PermissionRequest' ? PERMISSION_SECONDS : HOOK_SECONDS
      return `hooks.${event}=[{hooks=[{type="command",command=${toml(ask.hook(event))},timeout=${timeout}}]}]`
    }),
  ]
}

/** A TOML string is a JSON string, but for one character that JSON leaves as it is. */
const toml = (text: string): string => JSON.stringify(text).replaceAll('\x7f', '\\u007f')
