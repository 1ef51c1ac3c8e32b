// gt config: settings of the town and of its rigs.

import { type Call, type Command, flagOf, given, textOf } from '../command.ts'
import { table } from '../layout.ts'
import { UsageError } from '../usage.ts'

const rig = {
  rig: { type: 'text', value: '<name>', help: 'of this rig (project), not of the town' },
} as const

export const configSet: Command = {
  name: 'config set',
  summary: 'sets a setting; lists and commands are written as JSON',
  usage: '<key> <value>',
  words: [2, 2],
  options: rig,
  run: (call) => set(call, call.words[0] as string, call.words[1] as string, textOf(call, 'rig')),
}

export const configUnset: Command = {
  name: 'config unset',
  summary: 'takes a setting away; the default holds again',
  usage: '<key>',
  words: [1, 1],
  options: rig,
  async run(call) {
    const [key] = call.words
    const found = await call.town().command('config.unset', given({ key, rig: textOf(call, 'rig') }))
    call.out.answer({ json: found, ids: [key as string], lines: () => [] })
  },
}

export const configGet: Command = {
  name: 'config get',
  summary: 'the value of a setting',
  usage: '<key>',
  words: [1, 1],
  options: rig,
  run: (call) => get(call, call.words[0] as string, textOf(call, 'rig')),
}

export const configList: Command = {
  name: 'config list',
  summary: 'what is set; --all shows what can be',
  usage: '',
  words: [0, 0],
  options: { ...rig, all: { type: 'flag', help: 'every name, with what it is for' } },
  run: (call) => list(call, textOf(call, 'rig')),
}

/** `gt rig config R …`: the same, with the rig as a word. */
export const rigConfig: Command = {
  name: 'rig config',
  summary: 'settings of one rig (project)',
  usage: '<rig> [key] [value]',
  words: [1, 3],
  options: { unset: { type: 'flag', help: 'takes it away' } },
  async run(call) {
    const [name, key, value] = call.words
    if (key === undefined) return list(call, name)
    if (value !== undefined) return set(call, key, value, name)
    if (!flagOf(call, 'unset')) return get(call, key, name)
    const found = await call.town().command('config.unset', { key, rig: name })
    call.out.answer({ json: found, ids: [key], lines: () => [] })
    return undefined
  },
}

async function set(call: Call, key: string, value: string, rig: string | undefined): Promise<undefined> {
  if (key === '') throw new UsageError('the name of the setting is empty', 'config set')
  const found = await call.town().command('config.set', given({ key, value, rig }))
  call.out.answer({ json: found, ids: [key], lines: () => [] })
}

async function get(call: Call, key: string, rig: string | undefined): Promise<undefined> {
  const found = await call
    .town()
    .get<{ value: unknown; set: boolean }>('/v1/settings', { key, rig, at: textOf(call, 'at') })
  call.out.answer({ json: found, ids: [], lines: () => (found.set ? [shown(key, found.value)] : []) })
  return undefined
}

type Settings = { settings: Record<string, unknown>; names: { name: string; help: string }[] }

async function list(call: Call, rig: string | undefined): Promise<undefined> {
  const found = await call.town().get<Settings>('/v1/settings', { rig, at: textOf(call, 'at') })
  const { settings, names } = found
  call.out.answer({
    json: call.values.all === true ? found : settings,
    ids: Object.keys(settings),
    lines: () =>
      call.values.all === true
        ? table(
            ['', ''],
            names.map(({ name, help }) => [name, help]),
          )
        : Object.entries(settings).map(([key, value]) => `${key} = ${shown(key, value)}`),
  })
}

/** Kept in ms, and written as `10m`. */
const isTime = (key: string): boolean =>
  /^(permissions\.wait|judgements\.wait|health\..+|keep\..+)$/.test(key)

function shown(key: string, value: unknown): string {
  if (isTime(key) && typeof value === 'number') return timeText(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** In the largest unit that leaves nothing over. */
function timeText(ms: number): string {
  if (ms === 0) return '0s'
  const [unit, name] = UNITS.find(([each]) => ms % each === 0) ?? [1, 'ms']
  return `${ms / unit}${name}`
}

const UNITS = [
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
] as const
