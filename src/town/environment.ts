// What a program of ours sees of the operator's environment, and what is added.
//
// Always:    an allow-list. Logins of clouds, registries and ssh agents stay with the operator.

import type { SessionRole } from '../events/address.ts'
import type { Address } from '../events/record.ts'
import type { Author } from '../ports/repositories.ts'

type Environment = Readonly<Record<string, string | undefined>>

const KEPT = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z_]+|TERM|TZ)$/

/** The operator's variables that any program may have, with ours first on PATH. */
export function baseEnvironment(
  operator: Environment,
  { allow, bin, tmp }: { readonly allow: readonly string[]; readonly bin: string; readonly tmp: string },
): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(operator)) {
    if (value !== undefined && (KEPT.test(name) || allow.includes(name))) env[name] = value
  }
  env.PATH = [bin, operator.PATH ?? '/usr/local/bin:/usr/bin:/bin'].join(':')
  env.TMPDIR = tmp
  env.TERM ??= 'xterm-256color'
  return env
}

/** What a session has besides: who it is, and where it speaks. */
export function sessionEnvironment(session: {
  readonly town: string
  readonly townId: string
  readonly socket: string
  readonly tokenFile: string
  readonly agent: Address
  readonly role: SessionRole
  /** The Mayor's is of no rig; whom a person directs has no bead. */
  readonly rig: string | null
  readonly bead: string | null
  readonly session: Address
  readonly branch: string
  readonly author: Author
  /** Preset that it is started with. */
  readonly runtime: string
  /** Some calls of tools are refused by rule, so none may run unheard. */
  readonly guarded: boolean
}): Record<string, string> {
  const { name, email } = session.author
  return {
    GT_TOWN: session.town,
    GT_TOWN_ID: session.townId,
    GT_SOCKET: session.socket,
    GT_TOKEN_FILE: session.tokenFile,
    GT_ACTOR: session.agent,
    BD_ACTOR: session.agent,
    GT_ROLE: session.role,
    ...(session.rig === null ? {} : { GT_RIG: session.rig }),
    ...(session.bead === null ? {} : { GT_BEAD: session.bead }),
    GT_SESSION: session.session,
    ...(session.branch === '' ? {} : { GT_BRANCH: session.branch }),
    GT_RUNTIME: session.runtime,
    ...(session.guarded ? { GT_GUARDED: '1' } : {}),
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_TERMINAL_PROMPT: '0',
  }
}

/** Author of a worker's commits: its address, and the address with dots at the town's domain. */
export const authorOf = (address: Address, domain: string): Author => ({
  name: address,
  email: `${address.replaceAll('/', '.')}@${domain}`,
})
