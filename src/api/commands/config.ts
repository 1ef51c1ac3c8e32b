// Settings of the town and of its rigs: set, taken away. They are read by src/api/reads/settings.ts.

import { z } from 'zod'
import { KENNEL, rigOwner, TOWN, witness } from '../../events/address.ts'
import { concernsDogs } from '../../events/dog-settings.ts'
import { commandGates, gateOrder, isGateName } from '../../events/gate-settings.ts'
import { contradiction } from '../../events/health-settings.ts'
import type { Json } from '../../events/record.ts'
import { settingNamed } from '../../events/settings.ts'
import { town as townRow } from '../../projections/town.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { findRig, shown } from '../resolve.ts'
import type { Caller, TownHandle } from '../town.ts'
import { take } from '../turn.ts'

const where = { key: z.string().min(1).max(100), rig: z.string().optional() }

const set = command({
  name: 'config.set',
  summary: 'Sets a setting of the town, or of a rig.',
  who: 'operator',
  input: z.strictObject({ ...where, value: z.json() }),
  async run({ town, caller, input, id }) {
    const value = readValue(input.key, input.value as Json)
    if (input.key === 'agents.default') isStarted(town, String(value), input.rig)
    return change(town, caller, id, input, value)
  },
})

const unset = command({
  name: 'config.unset',
  summary: 'Takes a setting away; the default holds again.',
  who: 'operator',
  input: z.strictObject(where),
  run: ({ town, caller, input, id }) => change(town, caller, id, input, null),
})

export const configCommands = [set, unset]

/** Whether anybody said how that agent is started; what else may be wrong with it is said when it gets work. */
function isStarted(town: TownHandle, name: string, rig: string | undefined): void {
  const rigs = [...town.projections.rigs.rows.values()]
  const settings = [
    townRow(town.projections.town.rows).settings,
    ...rigs.filter((row) => rig === undefined || row.name === rig).map((row) => row.settings),
  ]
  if (settings.some((each) => each[`agents.${name}.command`] !== undefined)) return
  const found = town.findRuntime({ name, command: null })
  if ('code' in found && found.code === 'AGENT_UNKNOWN') throw new Fault(found.code, found.message)
}

async function change(
  town: TownHandle,
  caller: Caller,
  id: string,
  { key, rig }: { key: string; rig?: string | undefined },
  value: Json,
) {
  const { scope } = known(key)
  const row = rig === undefined ? null : findRig(town.projections, rig)
  const name = row?.name ?? null
  if (scope === 'rig' && name === null)
    throw new Fault('RIG_NOT_CHOSEN', `${key} belongs to a rig (project), so name one.`)
  if (scope === 'town' && name !== null)
    throw new Fault('SETTING_INVALID', `${key} belongs to the town, not to a rig.`)
  if (row !== null && isGateName(key)) checkOrder({ ...row.settings, [key]: value })
  if (key.startsWith('health.')) checkHealth(town, key, value, row)
  const message = { key, value: value as never }
  const { seq } = await take(town, caller, id, [
    name === null
      ? { to: TOWN, message: { type: 'town.set', ...message } }
      : { to: rigOwner(name), message: { type: 'rig.set', ...message } },
    ...(concernsDogs(key) ? [{ to: KENNEL, message: { type: 'kennel.set', ...message } } as const] : []),
    ...(key === 'judgements.mode' ? judgesIn(town, value === 'on') : []),
  ])
  return { key, value, rig: name, seq }
}

/** What one gate says of another: that it comes after it. */
function checkOrder(settings: { readonly [key: string]: Json }): void {
  const order = gateOrder(commandGates(settings))
  if (typeof order === 'string') throw new Fault('SETTING_INVALID', order)
}

/** One of the town's holds in each rig that has none of its own. */
function checkHealth(town: TownHandle, key: string, value: Json, row: { settings: Settings } | null): void {
  const set = (settings: Settings): Settings => ({ ...settings, [key]: value ?? undefined })
  const ofTown = townRow(town.projections.town.rows).settings
  const pairs: (readonly [Settings, Settings])[] =
    row === null
      ? [{}, ...[...town.projections.rigs.rows.values()].map(({ settings }) => settings)].map(
          (settings) => [set(ofTown), settings] as const,
        )
      : [[ofTown, set(row.settings)]]
  for (const [all, own] of pairs) {
    const problem = contradiction(all, own)
    if (problem !== null) throw new Fault('SETTINGS_CONTRADICT', problem)
  }
}

type Settings = { readonly [key: string]: Json | undefined }

/** Those who may have something to ask a model. */
const judgesIn = ({ projections }: TownHandle, on: boolean) =>
  [...projections.rigs.rows.keys()].map(
    (rig) => ({ to: witness(rig), message: { type: 'witness.judge', on } }) as const,
  )

function known(key: string) {
  const setting = settingNamed(key)
  if (setting === null) throw new Fault('SETTING_UNKNOWN', `There is no setting ${shown(key)}.`)
  return setting
}

/** A text that a person typed is JSON if it can be read as such and the setting takes that; else it is the text. */
function readValue(key: string, given: Json): Json {
  const { value, help, example } = known(key)
  const tries = typeof given === 'string' ? [parsed(given), given] : [given]
  let problem = ''
  for (const each of tries) {
    if (each === undefined) continue
    const result = value.safeParse(each)
    if (result.success) return result.data as Json
    const [issue] = result.error.issues
    const path = issue?.path.join('.') ?? ''
    const what = isStructure(issue) && each === given ? 'it is written as JSON' : messageOf(issue)
    problem = `${path === '' ? '' : `${path}: `}${what}`
    // What was meant as JSON is not tried as a text.
    if (typeof each === 'object') break
  }
  throw new Fault(
    'SETTING_INVALID',
    `This is no value for ${key} (${help}): ${problem.replace(/\.$/, '')}${example === undefined ? '' : `, like '${example}'`}.`,
  )
}

/** Of several shapes that a value may have, the one whose fields alone are wrong; else the last is what a person writes. */
function messageOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code !== 'invalid_union') return issue?.message ?? ''
  const meant = issue.errors.find((all) => all.length > 0 && all.every(({ path }) => path.length > 0))
  const inner = (meant ?? issue.errors.at(-1))?.at(-1)
  if (inner === undefined) return issue.message
  const field = inner.path[0]
  const message = messageOf(inner)
  return field === undefined || message.startsWith(`${String(field)}:`)
    ? message
    : `${String(field)}: ${message}`
}

const isStructure = (issue: z.core.$ZodIssue | undefined): boolean =>
  issue?.code === 'invalid_type' && issue.path.length === 0 && /^(array|object)$/.test(issue.expected)

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
