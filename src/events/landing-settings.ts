// How work becomes part of a target: by which commits, and directly or through a pull request.
//
// Owns:      the settings `landing.*` and `forge.*`, and what a Refinery is told of them.
// Always:    a setting that is not there is the way that it always was: one commit, pushed.

import { z } from 'zod'

/** `squash`: one commit. `rebase`: each commit of the branch. `merge`: a merge commit. */
export const MERGE_METHODS = ['squash', 'rebase', 'merge'] as const
const THROUGH = ['direct', 'pull-request'] as const

const name = z.string().min(1).max(200)

/** What is tried, in this order, when work conflicts with the target, before its worker is asked. */
export const RESOLVES = ['rebase', 'rerere', 'mergiraf'] as const
export const RESOLVE_DEFAULT = ['rebase', 'rerere'] as const
export type Resolve = (typeof RESOLVES)[number]

export const landingSettings = {
  'landing.method': {
    scope: 'rig',
    value: z.enum(MERGE_METHODS),
    help: 'what the target gets of a branch: one commit (squash), each of its commits (rebase), or a merge commit (merge)',
  },
  'landing.through': {
    scope: 'rig',
    value: z.enum(THROUGH),
    help: 'whether what passed is pushed to the target, or merged through a pull request of your forge',
  },
  'mq.resolve': {
    scope: 'rig',
    value: z.array(z.enum(RESOLVES)).max(RESOLVES.length),
    help: 'what is tried when work conflicts with the target: rebase, rerere, mergiraf; [] sends it back at once',
    example: '["rebase"]',
  },
  'landing.checks': {
    scope: 'rig',
    value: z.array(name).max(50),
    help: 'checks of the forge that have to be there and pass before a pull request is merged; others count when they are there',
    example: '["build"]',
  },
  'landing.approvals': {
    scope: 'rig',
    value: z.number().int().min(0).max(20),
    help: 'reviews of a pull request that have to approve it',
  },
  'forge.url': {
    scope: 'both',
    value: z.url({ protocol: /^https?$/ }).refine(isPrivate, 'an https address, or http on this machine'),
    help: 'address of the API of your forge, when it is not github.com',
    example: 'https://ghe.example.org/api/v3',
  },
  'forge.repo': {
    scope: 'rig',
    value: z.string().regex(/^[A-Za-z0-9_.-]{1,100}\/[A-Za-z0-9_.-]{1,100}$/, 'owner/name'),
    help: 'owner/name at the forge, when the remote does not say it',
  },
  'forge.tokenFile': {
    scope: 'both',
    value: z.string().max(1_000).startsWith('/', 'an absolute path'),
    help: 'file with the token for the forge; without one GITHUB_TOKEN of gt up is used',
    example: '/abs/token',
  },
} as const

function isPrivate(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(hostname)
}

export const landingSpec = z.strictObject({
  method: z.enum(MERGE_METHODS).optional(),
  through: z.literal('pull-request').optional(),
  /** Of the forge: those that have to be there, and how many reviews have to approve. */
  checks: z.array(name).max(50).optional(),
  approvals: z.number().int().nonnegative().optional(),
})
export type LandingSpec = z.infer<typeof landingSpec>

type Settings = { readonly [key: string]: unknown }

/** What a Refinery is told; null when it lands as it does without any of these settings. */
export function landingOf(settings: Settings): LandingSpec | null {
  const {
    method = 'squash',
    through = 'direct',
    checks = [],
    approvals = 0,
  } = {
    method: settings['landing.method'] as LandingSpec['method'],
    through: settings['landing.through'] as (typeof THROUGH)[number] | undefined,
    checks: settings['landing.checks'] as string[] | undefined,
    approvals: settings['landing.approvals'] as number | undefined,
  }
  const spec: LandingSpec = {
    ...(method !== 'squash' && { method }),
    ...(through === 'pull-request' && {
      through,
      ...(checks.length > 0 && { checks: [...checks] }),
      ...(approvals > 0 && { approvals }),
    }),
  }
  return Object.keys(spec).length === 0 ? null : spec
}

const GITHUB = 'https://api.github.com'

/** Where the pull requests of a rig are, by its settings and its remote; null when neither says. */
export function forgeOf(
  settings: Settings,
  remote: { readonly url: string },
): { readonly url: string; readonly repo: string; readonly tokenFile: string | null } | null {
  const [url, repo, tokenFile] = ['forge.url', 'forge.repo', 'forge.tokenFile'].map(
    (key) => settings[key],
  ) as (string | undefined)[]
  // https://github.com/acme/shop.git, git@github.com:acme/shop.git, ssh://git@github.com/acme/shop
  const [, host, path] =
    /^(?:\w+:\/\/)?(?:[^/@]*@)?([A-Za-z0-9.-]+)(?::\d+)?[:/]([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(
      remote.url,
    ) ?? []
  const named = repo ?? path
  const base = url ?? (host === 'github.com' ? GITHUB : undefined)
  return named === undefined || base === undefined
    ? null
    : { url: base, repo: named, tokenFile: tokenFile ?? null }
}
