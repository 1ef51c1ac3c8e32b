// Which kind of agent a bead gets, and whether it is known how that one is started.

import { rig as rigRow } from '../projections/rigs.ts'
import { townSetting } from '../projections/town.ts'
import { Fault } from './fault.ts'
import { shown } from './resolve.ts'
import type { TownHandle } from './town.ts'

/**
 * The one asked for, else the rig's, else the town's default.
 * @throws {Fault} AGENT_NOT_CHOSEN, AGENT_UNKNOWN.
 */
export function choosePreset(town: TownHandle, rig: string, asked: string | undefined): string {
  const name = asked ?? setting(town, rig, 'agents.default')
  if (typeof name !== 'string')
    throw new Fault('AGENT_NOT_CHOSEN', 'No agent program is chosen for this town.')
  if (town.presets.get(name) === null && setting(town, rig, `agents.${name}.command`) === null)
    throw new Fault('AGENT_UNKNOWN', `Nobody said how the agent ${shown(name)} is started.`, { agent: name })
  return name
}

function setting(town: TownHandle, rig: string, key: string) {
  const { rigs, town: own } = town.projections
  return rigRow(rigs.rows, rig)?.settings[key] ?? townSetting(own.rows, key)
}
