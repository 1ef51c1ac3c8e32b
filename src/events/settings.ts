// Settings: their names, where they belong, and how a person's text becomes their value.

import { z } from 'zod'
import { diskFloor } from './disk-floor.ts'
import { dogSettings } from './dog-settings.ts'
import { GATE_TIMEOUT_MS, gateValue, isGateName } from './gate-settings.ts'
import { healthSettings } from './health-settings.ts'
import { integrationSettings } from './integration-settings.ts'
import { landingSettings } from './landing-settings.ts'
import { argv, duration, relativePath, timeout } from './setting-values.ts'

const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name of a variable')

/** Polecats that work in a rig at a time when nothing is set. */
export const PLACES_DEFAULT = 3
/** How requests are lined up. */
export const ORDERS = ['score', 'fifo'] as const
/** When nothing is set. */
export const ORDER_DEFAULT: (typeof ORDERS)[number] = 'score'
/** Submissions of one assignment that may fail before a person is asked. */
export const ATTEMPTS_DEFAULT = 5

/** Requests of a rig that are tested and landed together when nothing is set. */
export const BATCH_DEFAULT = 8

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
  'mq.batch': {
    scope: 'rig',
    value: z.number().int().min(1).max(50),
    help: 'requests that are tested and landed together at most',
  },
  'mq.batchWaitSeconds': {
    scope: 'rig',
    value: z.number().int().min(0).max(3_600),
    help: 'how long the first request of an empty queue waits for others',
  },
  'gates.none': { scope: 'rig', value: z.boolean(), help: 'land without any gate' },
  'gates.parallel': {
    scope: 'rig',
    value: z.number().int().min(1).max(16),
    help: 'how many gates that may run in parallel run at a time',
  },
  'mq.order': {
    scope: 'rig',
    value: z.enum(ORDERS),
    help: 'who lands first: score, by priority, tries and how long it waits; or fifo, as they came',
  },
  'mq.cache': {
    scope: 'rig',
    value: z.boolean(),
    help: 'whether a gate that has passed on the very same tree is taken as passed',
  },
  'mq.ahead': {
    scope: 'rig',
    value: z.boolean(),
    help: 'whether the next stack is tested while one is; its gates run beside those of the other, in a second folder',
  },
  toolchain: {
    scope: 'rig',
    value: z.array(argv).max(20),
    help: 'commands that say which tools the gates use; what passed with others is run again',
    example: '[["node","--version"]]',
  },
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
  ...landingSettings,
  ...integrationSettings,
  ...dogSettings,
  'handoff.on': {
    scope: 'both',
    value: z.enum(HANDOFF_ON),
    help: 'when gt itself begins a fresh session: before a context is compacted, when it is full, or never',
  },
  ...healthSettings,
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
  'disk.floor': {
    scope: 'town',
    value: diskFloor,
    help: 'room that must be free on the disk of the town before new work begins: a size, or a share of the disk',
    example: '5GB',
  },
  domain: {
    scope: 'town',
    value: z
      .string()
      .regex(/^[a-z0-9.-]+$/)
      .max(200),
    help: 'the part after @ in the authors of commits',
  },
}

const gate: Setting = {
  scope: 'rig',
  value: gateValue,
  help: 'a command that must pass before work lands; {"approval":"person"}: you say whether it does; {"review":{}}: an agent looks at it',
  example: '{"command":["npm","test"]}',
}

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
  if (isGateName(key)) return gate
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
