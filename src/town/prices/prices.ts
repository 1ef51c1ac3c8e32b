// Prices of models: a dated table that comes with gt, and `<town>/prices.json`, which a person may write.
//
// Owns:      reading both, and what one usage costs.
// Does not:  guess: a model that is in neither table has no price, and neither have several requests together when it
//            depends on the size of each.

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { UsageRead } from '../../ports/presets.ts'

/** The table that comes with gt. */
const SHIPPED = '2026-11-22.json'
const BYTES_MAX = 1024 * 1024

const price = z.number().nonnegative().max(1_000_000)
/** USD for a million tokens. */
const perMillion = {
  input: price,
  output: price,
  cacheRead: price,
  /** Kept for some minutes. */
  cacheWrite: price,
  /** Kept for an hour; the same as `cacheWrite` when left out. */
  cacheWriteHour: price.optional(),
}
const row = z.strictObject({
  ...perMillion,
  /** Holds for requests whose prompt (input, cache read and cache write together) is longer. */
  above: z.strictObject({ promptTokens: z.number().int().nonnegative(), ...perMillion }).optional(),
  source: z.string().max(1_000).optional(),
})
type Row = z.infer<typeof row>
type PerMillion = Omit<Row, 'above' | 'source'>

/** By name of model; `*` stands for any characters. */
const table = z.strictObject({
  date: z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'a date like 2026-11-22'),
  source: z.string().max(1_000).optional(),
  models: z.record(z.string().min(1).max(200), row),
})
type Table = z.infer<typeof table>

export interface Prices {
  /** USD, or null when nobody knows. */
  of(usage: UsageRead): number | null
}

export interface TownPrices extends Prices {
  /** Reads the person's table again when its file has changed. */
  refresh(): void
  /** What is wrong with the person's table as it was read last; the other one holds then. `at`: when it was written. */
  readonly problem: PricesProblem | null
}
type PricesProblem = { readonly at: string; readonly code: 'PRICES_INVALID'; readonly message: string }

export function openPrices(townDir: string): TownPrices {
  const shipped = table.parse(JSON.parse(readFileSync(shippedFile(), 'utf8')))
  const file = join(townDir, 'prices.json')
  let seen = ''
  let tables: readonly Table[] = [shipped]
  let problem: PricesProblem | null = null
  return {
    get problem() {
      return problem
    },
    refresh() {
      const stat = statSync(file, { throwIfNoEntry: false })
      const now = stat === undefined ? '' : `${stat.mtimeMs} ${stat.size}`
      if (now === seen) return
      seen = now
      problem = null
      tables = [shipped]
      if (stat === undefined) return
      const own = readOwn(file, stat.size)
      if (typeof own !== 'string') tables = [own, shipped]
      else
        problem = {
          at: stat.mtime.toISOString(),
          code: 'PRICES_INVALID',
          message: `${file} ${own}, so the prices that came with gt hold.`,
        }
    },
    of: (usage) => priceIn(tables, usage),
  }
}

/** The table, or what is wrong with it. */
function readOwn(file: string, bytes: number): Table | string {
  if (bytes > BYTES_MAX) return 'is larger than 1 MB'
  let found: unknown
  try {
    found = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    return error instanceof SyntaxError ? 'is not JSON' : `cannot be read (${(error as Error).message})`
  }
  const parsed = table.safeParse(found)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.path.map(String).join('.') ?? ''
  return `does not fit${field === '' ? '' : ` at ${field}`} (${issue?.message ?? ''})`
}

/** The first table that names the model; in it an exact name, else the longest that fits. */
function priceIn(tables: readonly Table[], usage: UsageRead): number | null {
  const model = usage.model.replace(/\[[^\]]*\]$/, '')
  // Names come with and without the day on which the model was made.
  const names = [usage.model, model, model.replace(/-\d{8}$/, '')]
  for (const { models } of tables) {
    const found = names.map((name) => rowOf(models, name)).find((each) => each !== null)
    if (found != null) return cost(found, usage)
  }
  return null
}

function rowOf(models: Table['models'], name: string): Row | null {
  if (Object.hasOwn(models, name)) return models[name] ?? null
  const fits = Object.keys(models)
    .filter((pattern) => pattern.includes('*') && fitsPattern(pattern, name))
    .sort((left, right) => right.length - left.length)
  return models[fits[0] ?? ''] ?? null
}

/** Each part between stars in its order; the first at the beginning, the last at the end. */
function fitsPattern(pattern: string, name: string): boolean {
  const parts = pattern.split('*')
  const first = parts[0] ?? ''
  const last = parts.at(-1) ?? ''
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last))
    return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return at <= name.length - last.length
}

function cost(row: Row, usage: UsageRead): number | null {
  const prompt = usage.input + usage.cacheRead + usage.cacheWrite
  const { above } = row
  if (above === undefined || prompt <= above.promptTokens) return sum(row, usage)
  return usage.requests === 1 ? sum(above, usage) : null
}

const sum = (price: PerMillion, usage: UsageRead): number => {
  const { input, output, cacheRead, cacheWrite, cacheWriteHour = 0 } = usage
  // A request may cost less than a millionth of a dollar; what is beyond this is the noise of adding.
  return (
    Math.round(
      (input * price.input +
        output * price.output +
        cacheRead * price.cacheRead +
        (cacheWrite - cacheWriteHour) * price.cacheWrite +
        cacheWriteHour * (price.cacheWriteHour ?? price.cacheWrite)) *
        1_000,
    ) / 1e9
  )
}

const shippedFile = (): string => fileURLToPath(new URL(SHIPPED, import.meta.url))
