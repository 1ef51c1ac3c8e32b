// Settings: their names, where they belong, and how a person's text becomes their value.

import { z } from 'zod'

const TIME = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/
const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `5m`, `90s` or a number of ms, as ms. */
const duration = z.union([
  z.number().int().nonnegative(),
  z
    .string()
    .regex(TIME, 'a time like 90s, 5m or 2h')
    .transform((text) => {
      const [, amount, unit] = TIME.exec(text) ?? []
      return Math.round(Number(amount) * MS[unit as keyof typeof MS])
    }),
])

/** As a person writes it, or as it is kept and shown. */
const timeout = { timeout: duration.optional(), timeoutMs: z.number().int().nonnegative().optional() }
const argv = z.array(z.string().min(1).max(10_000)).min(1, 'a program and its arguments').max(200)
const relativePath = z
  .string()
  .min(1)
  .max(500)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'a path inside the worktree')
const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name of a variable')

/** A gate or a setup without its own limit may take this long, ms. */
export const GATE_TIMEOUT_MS = 10 * 60_000
/** Polecats that work in a rig at a time when nothing is set. */
export const PLACES_DEFAULT = 3
/** Submissions of one assignment that may fail before a person is asked. */
export const ATTEMPTS_DEFAULT = 5

/** Until an agent that asked is told no, when nothing is set, ms. */
export const PERMISSION_WAIT_MS = 10 * 60_000

/** When the town hands work to a fresh session by itself; `full` when nothing is set. */
export const HANDOFF_ON = ['compact', 'full', 'never'] as const

/** `pattern` is a glob over the command, or over the path; without one the rule fits every call of the tool. */
export const permissionRule = z.strictObject({
  tool: z.string().min(1).max(200),
  pattern: z.string().min(1).max(1_000).optional(),
  verdict: z.enum(['allow', 'deny']),
})
export type PermissionRule = z.infer<typeof permissionRule>

type Setting = {
  readonly scope: 'town' | 'rig' | 'both'
  readonly value: z.ZodType
  readonly help: string
  readonly example?: string
}

const fixed: Readonly<Record<string, Setting>> = {
  'agents.default': {
    scope: 'both',
    value: z.string().min(1).max(64),
    help: 'the agent that is used when none is named',
  },
  'env.allow': {
    scope: 'both',
    value: z.array(envName).max(200),
    help: 'variables that agents get from your environment',
    example: '["NPM_TOKEN"]',
  },
  'limits.polecats': {
    scope: 'rig',
    value: z.number().int().min(0).max(50),
    help: 'polecats that work at a time',
  },
  'limits.attempts': {
    scope: 'rig',
    value: z.number().int().min(1).max(50),
    help: 'failed submissions before a person is asked',
  },
  'gates.none': { scope: 'rig', value: z.boolean(), help: 'land without any gate' },
  setup: {
    scope: 'rig',
    value: z
      .strictObject({
        command: argv,
        ...timeout,
        inputs: z.array(relativePath).max(100).optional(),
      })
      .transform(({ command, timeout, timeoutMs, inputs }) => ({
        command,
        timeoutMs: timeout ?? timeoutMs ?? GATE_TIMEOUT_MS,
        inputs: inputs ?? [],
      })),
    help: 'what makes a fresh worktree ready',
    example: '{"command":["npm","ci"]}',
  },
  'worktree.copy': {
    scope: 'rig',
    value: z.array(relativePath).max(100),
    help: 'ignored files that are copied into a worktree',
    example: '[".env"]',
  },
  'handoff.on': {
    scope: 'both',
    value: z.enum(HANDOFF_ON),
    help: 'when gt itself begins a fresh session: before a context is compacted, when it is full, or never',
  },
  'permissions.mode': {
    scope: 'rig',
    value: z.enum(['ask', 'bypass']),
    help: 'ask: rules, then you, decide what an agent may do; bypass: it may do all that no rule denies',
  },
  'permissions.rules': {
    scope: 'rig',
    value: z.array(permissionRule).max(500),
    help: 'what agents may do and may not, by tool and pattern; the first rule that fits decides',
    example: '[{"tool":"Bash","pattern":"npm *","verdict":"allow"}]',
  },
  'permissions.wait': {
    scope: 'both',
    value: duration,
    help: 'how long an agent waits for your answer before it is told no',
  },
  'notify.command': {
    scope: 'town',
    value: argv,
    help: 'program that is run when something waits for you',
    example: '["/abs/program"]',
  },
  'notify.webhook': {
    scope: 'town',
    value: z.url({ protocol: /^https?$/ }),
    help: 'address that is posted to when something waits for you',
  },
  'notify.desktop': { scope: 'town', value: z.boolean(), help: 'show it on the desktop as well' },
  domain: {
    scope: 'town',
    value: z
      .string()
      .regex(/^[a-z0-9.-]+$/)
      .max(200),
    help: 'the part after @ in the authors of commits',
  },
}

/** Passed by a person. `again`: for each tree that would land anew. */
const approvalGate = z.strictObject({ approval: z.literal('person'), again: z.boolean().optional() })
export type ApprovalGate = z.infer<typeof approvalGate>
export const isApproval = (value: unknown): value is ApprovalGate =>
  typeof value === 'object' && value !== null && 'approval' in value

const gate: Setting = {
  scope: 'rig',
  value: z.union([
    approvalGate,
    z.strictObject({ command: argv, ...timeout }).transform(({ command, timeout, timeoutMs }) => ({
      command,
      timeoutMs: timeout ?? timeoutMs ?? GATE_TIMEOUT_MS,
    })),
  ]),
  help: 'a command that must pass before work lands, or {"approval":"person"}: you say whether it does',
  example: '{"command":["npm","test"]}',
}
type CommandGate = { readonly name: string; readonly command: readonly string[] }

/** Of the settings of a rig, in the order in which they were set. */
export const commandGates = (settings: { readonly [key: string]: unknown }): CommandGate[] =>
  gatesIn(settings).flatMap(({ name, value }) =>
    isApproval(value) ? [] : [{ name, command: (value as CommandGate).command }],
  )

/** Names of gates that a person passes. */
export const approvalGates = (settings: { readonly [key: string]: unknown }): string[] =>
  gatesIn(settings).flatMap(({ name, value }) => (isApproval(value) ? [name] : []))

const gatesIn = (settings: { readonly [key: string]: unknown }) =>
  Object.entries(settings)
    .filter(([key]) => key.startsWith('gates.') && key !== 'gates.none')
    .map(([key, value]) => ({ name: key.slice('gates.'.length), value }))

const agentCommand: Setting = {
  scope: 'both',
  value: argv,
  help: 'how an agent of your own is started',
  example: '["/abs/program"]',
}
const agentModel: Setting = {
  scope: 'both',
  value: z.string().min(1).max(200),
  help: 'the model that an agent is started with',
}

/** The setting of that name, or null. */
export function settingNamed(key: string): Setting | null {
  if (Object.hasOwn(fixed, key)) return fixed[key] ?? null
  if (/^gates\.[a-z0-9][a-z0-9-]{0,40}$/.test(key)) return gate
  if (/^agents\.[a-z0-9][a-z0-9-]{0,40}\.command$/.test(key)) return agentCommand
  if (/^agents\.[a-z0-9][a-z0-9-]{0,40}\.model$/.test(key)) return agentModel
  return null
}

/** Names a person may set, for messages and completion. */
export const SETTING_NAMES: readonly string[] = [
  ...Object.keys(fixed),
  'gates.<name>',
  'agents.<name>.command',
  'agents.<name>.model',
]
