// gt help: twelve commands in four groups; --all the rest; words the glossary.

import { firstSight, WORDS } from '../../events/words.ts'
import { COMMON, type Command, flagOf, type OptionSpec } from '../command.ts'
import { COLUMNS, table, wrapped } from '../layout.ts'
import { UsageError } from '../usage.ts'

export const help: Command = {
  name: 'help',
  summary: 'how a command is written; words: what the words mean',
  usage: '[command or words]',
  words: [0, 4],
  options: { all: { type: 'flag', help: 'every command' } },
  async run(call) {
    const { words, out, commands: all } = call
    if (words[0] === 'words') {
      out.answer({ json: WORDS, ids: WORDS.map(({ word }) => word), lines: glossary })
      return
    }
    if (words.length > 0) {
      const name = words.join(' ')
      const names = all.names.filter((each) => each === name || each.startsWith(`${name} `))
      if (names.length === 0)
        throw new UsageError(`there is no command ${JSON.stringify(name.slice(0, 40))}`, '')
      const commands = await Promise.all(names.map(all.load))
      const [only] = commands
      const lines = () => (commands.length === 1 && only !== undefined ? helpFor(only) : commands.map(short))
      out.answer({ json: commands.map(described), ids: names, lines })
      return
    }
    if (flagOf(call, 'all')) {
      const commands = await Promise.all(all.names.toSorted().map(all.load))
      out.answer({
        json: commands.map(described),
        ids: commands.map(({ name }) => name),
        lines: () =>
          table(
            ['', ''],
            commands.map(({ name, summary }) => [`gt ${name}`, summary]),
            { columns: out.columns },
          ),
      })
      return
    }
    out.answer({
      json: GROUPS,
      ids: GROUPS.flatMap(({ commands }) => commands.map(([name]) => name)),
      lines: first,
    })
  },
}

type Group = { readonly group: string; readonly commands: readonly (readonly [name: string, what: string])[] }

/** Twelve, in the order in which a new user needs them. */
export const GROUPS: readonly Group[] = [
  {
    group: 'start',
    commands: [
      ['install <folder>', `makes a ${firstSight('town')}`],
      ['up', 'starts the town; gt down stops it'],
      ['rig add <name> <repo>', `makes a ${firstSight('rig')} of a git repository`],
    ],
  },
  {
    group: 'work',
    commands: [
      ['bead create <title>', `makes a ${firstSight('bead')}`],
      ['bead ready', 'beads that could be handed over now'],
      [
        'sling <bead>…',
        `hands beads over to ${firstSight('polecat').replace('polecat (worker)', 'polecats (workers)')}`,
      ],
    ],
  },
  {
    group: 'watch',
    commands: [
      ['status', 'who works on what, and what waits for you'],
      ['feed', 'what happens, one sentence each'],
      ['mq list', `the ${firstSight('Refinery')}: what lands`],
    ],
  },
  {
    group: 'past',
    commands: [
      ['recap', 'what landed last night, and what did not'],
      ['why <bead>', 'what led to it, and what it waits for'],
      ['replay --verify', 'rebuilds everything from the log, and compares'],
    ],
  },
]

function first(): string[] {
  return [
    'gt runs coding agents on git repositories, and can show and replay all they did.',
    '',
    ...GROUPS.flatMap(({ group, commands }) => [
      group,
      ...commands.map(([name, what]) => `  gt ${name.padEnd(22)} ${what}`),
      '',
    ]),
    'gt help <command>    how it is written    gt help --all    every command',
    'gt help words        what the words mean',
  ]
}

const glossary = (): string[] =>
  WORDS.flatMap(({ word, plain, meaning }) =>
    wrapped(`${word} (${plain}): ${meaning}`, 80, '').map((line, n) => (n === 0 ? line : `    ${line}`)),
  )

const short = ({ name, usage, summary }: Command): string =>
  `gt ${`${name} ${usage}`.trim().padEnd(40)} ${summary}`

const described = ({ name, usage, summary, options }: Command) => ({
  name,
  usage,
  summary,
  options: options ?? {},
})

/** Where the explanations begin. */
const HELP_COLUMN = 28

export function helpFor({
  name,
  usage,
  summary,
  options = {},
}: Pick<Command, 'name' | 'usage' | 'summary' | 'options'>): string[] {
  const rows = (specs: Readonly<Record<string, OptionSpec>>): string[] =>
    Object.entries(specs).flatMap(([option, spec]) => {
      const left = `  ${written(option, spec)}`
      const right = wrapped(spec.help, COLUMNS, ' '.repeat(HELP_COLUMN))
      // What is too long stands above its help.
      return left.length < HELP_COLUMN - 1
        ? [left + (right[0] ?? '').slice(left.length), ...right.slice(1)]
        : [left, ...right]
    })
  const own = Object.keys(options).length === 0 ? [] : ['', ...rows(options)]
  return [
    `gt ${name} ${usage}`.trimEnd(),
    ...wrapped(summary, COLUMNS, '  '),
    ...own,
    '',
    'Everywhere:',
    ...rows(COMMON),
  ]
}

const written = (name: string, { short: letter, type, value }: OptionSpec): string => {
  const joint = type === 'optional' ? '[=' : ' '
  const end = type === 'optional' ? ']' : ''
  const after = value === undefined ? '' : `${joint}${value}${end}`
  return `${letter === undefined ? '' : `-${letter}, `}--${name}${after}`
}
