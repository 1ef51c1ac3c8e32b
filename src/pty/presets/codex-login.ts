// Whether a person has logged in to Codex CLI.

import path from 'node:path'

/** One sentence that says what to do, or null. Looks only whether something is there, never at what it is. */
export function codexLoginMissing(
  home: string,
  env: Readonly<Record<string, string | undefined>>,
  read: (path: string) => string | null,
): string | null {
  const own = env.CODEX_HOME ?? ''
  const folder = own === '' ? path.join(home, '.codex') : own
  if (read(path.join(folder, 'auth.json')) !== null) return null
  const config = read(path.join(folder, 'config.toml')) ?? ''
  // The keychain of the system, which no file tells of.
  if (/^\s*cli_auth_credentials_store\s*=\s*"(keyring|auto)"/m.test(config)) return null
  const provider = /^\s*model_provider\s*=\s*"([^"]+)"/m.exec(config)?.[1] ?? 'openai'
  if (provider === 'openai') return 'Codex CLI is not logged in: run `codex login`.'
  const key = keyOf(config, provider)
  return key === null || (env[key] ?? '') !== ''
    ? null
    : `Codex CLI uses the provider ${provider}, which needs ${key}: start the town with it set, and name it in env.allow.`
}

/** The variable in which a provider of one's own expects its key, or null. */
function keyOf(config: string, provider: string): string | null {
  const start = config.indexOf(`[model_providers.${provider}]`)
  if (start === -1) return null
  const table = config.slice(start + 1).split(/^\s*\[/m)[0] ?? ''
  return /^\s*env_key\s*=\s*"([^"]+)"/m.exec(table)?.[1] ?? null
}
