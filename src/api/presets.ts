// Which kind of agent a bead gets, and whether that one can be started here.

import { rig as rigRow } from '../projections/rigs.ts'
import { townSetting } from '../projections/town.ts'
import { Fault } from './fault.ts'
import type { TownHandle } from './town.ts'

export type Choice = {
  readonly preset: string
  /** One sentence that a person should know before it works, or null. */
  readonly note: string | null
}

/**
 * The one asked for, else the rig's, else the town's default.
 * @throws {Fault} AGENT_NOT_CHOSEN, AGENT_UNKNOWN, AGENT_NOT_INSTALLED, AGENT_TOO_OLD, AGENT_NOT_LOGGED_IN, AGENT_SETTINGS_BROKEN.
 */
export function choosePreset(town: TownHandle, rig: string, asked: string | undefined): Choice {
  const name = asked ?? setting(town, rig, 'agents.default')
  if (typeof name !== 'string')
    throw new Fault('AGENT_NOT_CHOSEN', 'No agent program is chosen for this town.')
  const command = setting(town, rig, `agents.${name}.command`) as string[] | null
  const found = town.findRuntime({ name, command })
  if ('code' in found) throw new Fault(found.code, found.message, { agent: name })
  return { preset: name, note: found.proved ? null : unproved(found) }
}

const unproved = ({ title, version }: { readonly title: string; readonly version: string | null }): string =>
  `${title}${version === null ? '' : ` ${version}`} is unproved on this machine: the conformance suite has not passed here with it (npm run test:agents).`

function setting(town: TownHandle, rig: string, key: string) {
  const { rigs, town: own } = town.projections
  return rigRow(rigs.rows, rig)?.settings[key] ?? townSetting(own.rows, key)
}
