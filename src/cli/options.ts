// The words of a command line become words and values.
//
// On node:util's parseArgs for all commands: it is part of the runtime and costs nothing at start, where the parsers
// on npm cost 10 ms and more, of the 70 that a whole `gt hook` may take. What it cannot say is done here first:
// `--wait` with and without a value, and values and words that are negative numbers (`--at -15m`, `-5usd/day`).

import { parseArgs } from 'node:util'
import { COMMON, type Command, type OptionSpec, type Values } from './command.ts'
import { UsageError } from './usage.ts'

export function parseCommandLine(
  command: Pick<Command, 'name' | 'options' | 'words' | 'usage'>,
  argv: readonly string[],
): { words: string[]; values: Values } {
  const specs: Readonly<Record<string, OptionSpec>> = { ...COMMON, ...command.options }
  const parsed = parse(specs, prepared(specs, argv), command.name)
  const values: Record<string, Values[string]> = {}
  for (const [name, value] of Object.entries(parsed.values))
    values[name] = readValue(command.name, name, specs[name], value)
  const [min, max] = command.words
  const words = parsed.positionals.map((word) => (word.startsWith(NUMBER_MARK) ? word.slice(1) : word))
  if (values.help !== true && (words.length < min || words.length > max)) {
    const what =
      words.length < min ? 'something is missing' : `${JSON.stringify(words[max]?.slice(0, 40))} is too much`
    throw new UsageError(`${what}: gt ${command.name} ${command.usage}`.trim(), command.name)
  }
  return { words, values }
}

type Parsed = {
  values: Record<string, string | boolean | (string | boolean)[] | undefined>
  positionals: string[]
}

function parse(specs: Readonly<Record<string, OptionSpec>>, args: string[], name: string): Parsed {
  const options = Object.fromEntries(
    Object.entries(specs).map(([option, { type, short }]) => [
      option,
      {
        type: type === 'flag' ? ('boolean' as const) : ('string' as const),
        ...(type === 'list' && { multiple: true }),
        ...(short !== undefined && { short }),
      },
    ]),
  )
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (error) {
    // Its second sentence speaks of "--" for words that begin with a minus, which is rarely what was meant.
    const [first] = (error as Error).message.split('. ')
    throw new UsageError((first ?? 'this cannot be read').replace(/\.$/, ''), name)
  }
}

/** Before a word that is a negative number, which would be read as options; no word of a command line holds a NUL. */
const NUMBER_MARK = '\0'
const NEGATIVE = /^-\d/

function prepared(specs: Readonly<Record<string, OptionSpec>>, argv: readonly string[]): string[] {
  const args: string[] = []
  for (let n = 0; n < argv.length; n += 1) {
    const word = argv[n] as string
    if (word === '--') return [...args, ...argv.slice(n)]
    const name = word.startsWith('--') ? word.slice(2) : ''
    const type = Object.hasOwn(specs, name) ? specs[name]?.type : undefined
    const next = argv[n + 1]
    if (type === 'optional') args.push(`${word}=`)
    else if (
      (type === 'text' || type === 'number' || type === 'list') &&
      next !== undefined &&
      NEGATIVE.test(next)
    ) {
      args.push(`${word}=${next}`)
      n += 1
    } else args.push(NEGATIVE.test(word) ? `${NUMBER_MARK}${word}` : word)
  }
  return args
}

function readValue(
  command: string,
  name: string,
  spec: OptionSpec | undefined,
  value: Parsed['values'][string],
): Values[string] {
  if (spec?.type === 'list')
    return (Array.isArray(value) ? value : [value]).flatMap((each) => String(each).split(','))
  if (spec?.type !== 'number') return typeof value === 'object' ? undefined : value
  const number = Number(value)
  if (!Number.isInteger(number) || number < 0) throw new UsageError(`--${name} needs a whole number`, command)
  return number
}

/** `90s`, `5m`, `2h` as ms. */
export function durationMs(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? []
  if (amount === undefined) throw new UsageError(`${JSON.stringify(text)} is no time like 90s, 30m or 2h`, '')
  return (
    Number(amount) * { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[(unit ?? 's') as 'ms' | 's' | 'm' | 'h']
  )
}
