// Which kind of agent a bead gets, and whether that kind can be started here.

import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { rig as rigRow } from '../projections/rigs.ts'
import { townSetting } from '../projections/town.ts'
import { Fault } from './fault.ts'
import { shown } from './resolve.ts'
import type { TownHandle } from './town.ts'

/** Programs that are known by their own name. */
export const BUILT_IN_PRESETS: readonly string[] = ['claude', 'codex', 'gemini', 'opencode']

/**
 * The one asked for, else the rig's, else the town's default.
 * @throws {Fault} AGENT_NOT_CHOSEN, AGENT_UNKNOWN.
 */
export function choosePreset(town: TownHandle, rig: string, asked: string | undefined): string {
  const name = asked ?? setting(town, rig, 'agents.default')
  if (typeof name !== 'string')
    throw new Fault('AGENT_NOT_CHOSEN', 'No agent program is chosen for this town.')
  if (!knownPreset(town, rig, name))
    throw new Fault('AGENT_UNKNOWN', `Nobody said how the agent ${shown(name)} is started.`, { agent: name })
  return name
}

export const knownPreset = (town: TownHandle, rig: string, name: string): boolean =>
  setting(town, rig, `agents.${name}.command`) !== null || (BUILT_IN_PRESETS.includes(name) && onPath(name))

function setting(town: TownHandle, rig: string, key: string) {
  const { rigs, town: own } = town.projections
  return rigRow(rigs.rows, rig)?.settings[key] ?? townSetting(own.rows, key)
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    // Relative folders of PATH mean another place in each process.
    if (!isAbsolute(folder)) return false
    const path = join(folder, program)
    try {
      accessSync(path, constants.X_OK)
      return statSync(path).isFile()
    } catch {
      return false
    }
  })
}
