// What an agent posts while it works: progress, notes, usage, and what a program of the user's own wants to keep.

import { z } from 'zod'
import { sessionOnly, workplaceOf } from '../callers.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { parseInput } from '../input.ts'
import { shown } from '../resolve.ts'
import type { TownHandle } from '../town.ts'
import { take } from '../turn.ts'

const words = z.string().min(1).max(10_000)
const count = z.number().int().nonnegative()

/** By type, each with the schema of its `data`. */
export const REPORTS = {
  progress: z.strictObject({ text: words, percent: z.number().min(0).max(100).optional() }),
  question: z.strictObject({ text: words, choices: z.array(z.string().min(1).max(500)).max(20).optional() }),
  blocked: z.strictObject({ reason: words }),
  usage: z.strictObject({
    model: z.string().min(1).max(200),
    inputTokens: count,
    outputTokens: count,
    cacheReadTokens: count.optional(),
    cacheWriteTokens: count.optional(),
    /** When left out, the table of prices says it, where it has the model. */
    costUsd: z.number().nonnegative().optional(),
  }),
  artifact: z.strictObject({
    path: z.string().min(1).max(1_000),
    kind: z.string().min(1).max(100),
    digest: z.string().min(1).max(200),
  }),
  testResult: z.strictObject({ passed: count, failed: count, skipped: count }),
  note: z.strictObject({ text: words }),
} as const

/** Types of the user's own: kept, shown, without effect. */
const OWN = /^x\.[A-Za-z0-9][A-Za-z0-9._-]{0,60}$/
/** Characters of JSON: a record stays small, and larger things belong into files. */
const OWN_CHARS_MAX = 60_000

const report = command({
  name: 'report',
  summary: 'Records what an agent says: progress, note, usage, or a type of your own (x.<name>).',
  who: 'session',
  input: z.strictObject({ type: z.string().min(1).max(64), data: z.json() }),
  async run({ town, caller: anybody, input, id }) {
    const caller = sessionOnly(anybody)
    workplaceOf(town, caller)
    const data = priced(town, input.type, checked(input.type, input.data))
    const { seq } = await take(town, caller, id, [
      { to: caller.session, message: { type: 'session.report', report: { type: input.type, data } } },
    ])
    return { seq }
  },
})

export const reportCommands = [report]

type Data = z.infer<ReturnType<typeof z.json>>

/** Money that the agent does not know is added with where it is from, when the table of prices has the model. */
function priced(town: TownHandle, type: string, data: Data): Data {
  if (type !== 'usage') return data
  const said = data as z.infer<typeof REPORTS.usage>
  if (said.costUsd !== undefined) return data
  const { model, inputTokens: input, outputTokens: output, cacheReadTokens = 0, cacheWriteTokens = 0 } = said
  // Of how many requests it tells, nobody says.
  const usage = {
    model,
    input,
    output,
    cacheRead: cacheReadTokens,
    cacheWrite: cacheWriteTokens,
    requests: 0,
  }
  const costUsd = town.priceOf({ ...usage, costUsd: null })
  return costUsd === null
    ? data
    : { ...(data as { readonly [key: string]: Data }), costUsd, costFrom: 'prices' }
}

function checked(type: string, data: Data): Data {
  if (OWN.test(type)) {
    if (JSON.stringify(data).length > OWN_CHARS_MAX)
      throw new Fault('INPUT_INVALID', `The data of ${type} is longer than ${OWN_CHARS_MAX} characters.`)
    return data
  }
  if (!Object.hasOwn(REPORTS, type))
    throw new Fault('INPUT_INVALID', `The type ${shown(type)} is not known; own types begin with x.`, {
      types: [...Object.keys(REPORTS), 'x.<name>'],
    })
  const schema: z.ZodType = REPORTS[type as keyof typeof REPORTS]
  return parseInput(z.strictObject({ data: schema }), { data }).data as Data
}
