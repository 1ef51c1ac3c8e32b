// A gate as its owner writes it: a command or one shell line, when it runs, and what its result means.
//
// Owns:      the shape of `gates.<name>`, and what two gates may not say of each other.
// Does not:  know a rig; run anything.
// Always:    what is kept has a `command`, whatever it was written as, and can be set again as it is shown.

import { z } from 'zod'
import { INSTRUCTIONS_MAX, type ReviewSpec } from './review.ts'
import { argv, relativePath, timeout } from './setting-values.ts'

/** A gate or a setup without its own limit may take this long, ms. */
export const GATE_TIMEOUT_MS = 10 * 60_000
/** Most bytes of a gate's output that a record takes. */
const GATE_OUTPUT_BYTES_MAX = 16_384

/** Passed by a person. `again`: for each tree that would land anew. */
const approvalGate = z.strictObject({ approval: z.literal('person'), again: z.boolean().optional() })
export type ApprovalGate = z.infer<typeof approvalGate>
export const isApproval = (value: unknown): value is ApprovalGate =>
  typeof value === 'object' && value !== null && 'approval' in value

/** A reviewer without a limit of its own may take this long, ms. */
const REVIEW_TIMEOUT_MS = 15 * 60_000

/** Passed by an agent that looks at what would land. */
const reviewGate = z.strictObject({
  review: z
    .strictObject({
      /** The default of the rig when left out. */
      preset: z
        .string()
        .regex(/^[a-z0-9][a-z0-9-]{0,40}$/, 'preset: the name of an agent, like claude')
        .optional(),
      instructions: z
        .string()
        .max(INSTRUCTIONS_MAX, `instructions: at most ${INSTRUCTIONS_MAX} characters`)
        .optional(),
      ...timeout,
    })
    .superRefine(({ timeout, timeoutMs }, context) => {
      if (timeout !== undefined && timeoutMs !== undefined && timeout !== timeoutMs)
        context.addIssue({ code: 'custom', message: 'timeout or timeoutMs, not both' })
      if ((timeout ?? timeoutMs ?? 1) === 0)
        context.addIssue({ code: 'custom', message: 'timeout: more than nothing' })
    })
    .transform(({ timeout, timeoutMs, ...rest }) => ({
      ...rest,
      timeoutMs: timeout ?? timeoutMs ?? REVIEW_TIMEOUT_MS,
    })),
  /** For each tree that would land anew. */
  again: z.boolean().optional(),
  /** false: its no is shown and stops nothing. */
  required: z.boolean().optional(),
})
type ReviewGate = z.infer<typeof reviewGate>
export const isReview = (value: unknown): value is ReviewGate =>
  typeof value === 'object' && value !== null && 'review' in value

/** As a Refinery is told of it. */
export const reviewSpecOf = ({ review: { preset, instructions, timeoutMs } }: ReviewGate): ReviewSpec => ({
  preset: preset ?? null,
  timeoutMs,
  instructions: instructions ?? '',
})

const GATE_NAME = /^[a-z0-9][a-z0-9-]{0,40}$/

const commandGate = z
  .strictObject({
    command: argv.optional(),
    /** One line for /bin/sh, instead of a command. */
    shell: z
      .string()
      .min(1)
      .max(10_000)
      .refine((line) => !line.includes('\0'), 'a line without NUL')
      .optional(),
    /** What it is: setup, typecheck, lint, build, test, custom, … */
    kind: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,30}$/, 'kind: one word like lint, build or test')
      .optional(),
    /** false: its red is shown and stops nothing. */
    required: z.boolean().optional(),
    /** It runs when one of the paths that change fits one of these. */
    paths: z
      .array(relativePath)
      .min(1, 'paths: at least one pattern, or none of this field')
      .max(50)
      .optional(),
    /** It may run beside others that may. */
    parallel: z.boolean().optional(),
    /** It waits for these alone. */
    after: z.array(z.string().regex(GATE_NAME, 'after: names of other gates')).max(20).optional(),
    outputMax: z
      .number()
      .int()
      .min(256, 'outputMax: 256 to 16384 bytes')
      .max(GATE_OUTPUT_BYTES_MAX, 'outputMax: 256 to 16384 bytes')
      .optional(),
    /** Where it writes JUnit reports. */
    junit: relativePath.optional(),
    ...timeout,
  })
  .superRefine(({ command, shell, parallel, after, ...times }, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message })
    if (command === undefined && shell === undefined)
      refuse('a command (a program and its arguments), or shell (one line)')
    if (command !== undefined && shell !== undefined && !isShell(command, shell))
      refuse('command or shell, not both')
    if (parallel === false && after !== undefined) refuse('after says what it waits for; leave parallel out')
    if (times.timeout !== undefined && times.timeoutMs !== undefined && times.timeout !== times.timeoutMs)
      refuse('timeout or timeoutMs, not both')
  })
  .transform(({ command, shell, timeout, timeoutMs, ...rest }) => ({
    command: shell === undefined ? (command ?? []) : shellCommand(shell),
    ...(shell !== undefined && { shell }),
    timeoutMs: timeout ?? timeoutMs ?? GATE_TIMEOUT_MS,
    ...rest,
  }))

const shellCommand = (line: string): string[] => ['/bin/sh', '-c', line]
const isShell = (command: readonly string[], line: string): boolean =>
  JSON.stringify(command) === JSON.stringify(shellCommand(line))

/** As it is kept. */
export type CommandGate = {
  readonly command: readonly string[]
  readonly timeoutMs?: number
  readonly kind?: string
  readonly required?: boolean
  readonly paths?: readonly string[]
  readonly parallel?: boolean
  readonly after?: readonly string[]
  readonly outputMax?: number
  readonly junit?: string
}

export const gateValue = z.union([approvalGate, reviewGate, commandGate])

/** Whether a setting of that name is a gate. */
export const isGateName = (key: string): boolean =>
  key.startsWith('gates.') && GATE_NAME.test(key.slice('gates.'.length))

/** Of the settings of a rig, in the order in which they were set. What is no object is no gate: `gates.none`. */
export const gatesIn = (settings: { readonly [key: string]: unknown }): { name: string; value: object }[] =>
  Object.entries(settings).flatMap(([key, value]) =>
    key.startsWith('gates.') && typeof value === 'object' && value !== null
      ? [{ name: key.slice('gates.'.length), value }]
      : [],
  )

/** The gates of a rig that are commands. One that nobody can read has an empty command, which starts nothing. */
export const commandGates = (settings: {
  readonly [key: string]: unknown
}): ({ name: string } & CommandGate)[] =>
  gatesIn(settings).flatMap(({ name, value }) => {
    if (isApproval(value) || isReview(value)) return []
    const { command, ...rest } = value as Partial<CommandGate>
    const readable = Array.isArray(command) && command.length > 0
    return [{ ...rest, name, command: readable ? command : [''] }]
  })

/** Those of them that must pass. */
export const requiredGates = (settings: {
  readonly [key: string]: unknown
}): ({ name: string } & CommandGate)[] => commandGates(settings).filter(({ required }) => required !== false)

/** Names of gates that a reviewer passes. */
export const reviewGates = (settings: { readonly [key: string]: unknown }): string[] =>
  gatesIn(settings).flatMap(({ name, value }) => (isReview(value) ? [name] : []))

/** Names of gates that a person passes. */
export const approvalGates = (settings: { readonly [key: string]: unknown }): string[] =>
  gatesIn(settings).flatMap(({ name, value }) => (isApproval(value) ? [name] : []))

type Ordered = {
  readonly name: string
  readonly parallel?: boolean | undefined
  readonly after?: readonly string[] | undefined
}

/**
 * For each gate the places of those it waits for. One that says nothing of it waits for all that were set before it
 * and say nothing either, or may run in parallel; one that may run in parallel waits for the last that may not.
 *
 * A text: why there is no such order.
 */
export function gateOrder(gates: readonly Ordered[]): readonly (readonly number[])[] | string {
  const places = new Map(gates.map(({ name }, n) => [name, n]))
  const before: number[][] = []
  let alone = -1
  const ordered: number[] = []
  for (const [n, { name, parallel, after }] of gates.entries()) {
    if (after !== undefined) {
      const unknown = after.find((other) => !places.has(other))
      if (unknown !== undefined)
        return `The gate ${name} comes after ${unknown}, and there is no such gate that is a command.`
      before.push([...new Set(after.map((other) => places.get(other) as number))])
    } else if (parallel === true) {
      before.push(alone === -1 ? [] : [alone])
      ordered.push(n)
    } else {
      before.push([...ordered])
      ordered.push(n)
      alone = n
    }
  }
  const done = new Set<number>()
  for (let size = -1; size !== done.size; ) {
    size = done.size
    for (const [n, needs] of before.entries()) if (needs.every((each) => done.has(each))) done.add(n)
  }
  const stuck = gates.filter((_, n) => !done.has(n)).map(({ name }) => name)
  return stuck.length === 0 ? before : `The gates ${stuck.join(', ')} wait for each other.`
}
