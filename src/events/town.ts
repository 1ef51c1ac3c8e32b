// Town and rigs: what there is, and how it is set.

import { z } from 'zod'
import { count, effect, failure, line, named, objectName, remote, rigName } from './define.ts'
import { permissionRule } from './settings.ts'

const town = {
  townId: line,
  name: line,
  owner: z.strictObject({ name: line, email: line }),
  /** Settings the town begins with. */
  settings: z.record(z.string(), z.json()),
}

/** Who may look in or act by HTTP. The token itself stands nowhere; `until` null: until it is revoked. */
const token = {
  token: line,
  name: line,
  scopes: z.array(z.enum(['read', 'write', 'terminal'])).min(1),
  until: line.nullable(),
}

/** `digest`: of the line of that record as it is now; the record keeps the digest of what it was. */
const erasure = {
  /** Why, in words that do not tell what was erased. */
  reason: line,
  records: z.array(z.strictObject({ seq: count, digest: z.string().regex(/^[0-9a-f]{64}$/) })).min(1),
}

export const townMessages = [
  named('town.install', town),
  /** `downMs`: how long nobody was there to see time pass. */
  named('town.start', { version: line, downMs: count }),
  /** It noticed that the machine had slept: no timer ran in that time. */
  named('town.woke', { sleptMs: count }),
  named('town.stop', { reason: line }),
  /** From a person, with the town down: texts of these records are gone from the log. */
  named('town.erase', erasure),
  /** `value` null takes the setting away. */
  named('town.set', { key: line, value: z.json() }),
  /** From a person: a token is given out, of which `token` is the id. */
  named('town.giveToken', token),
  named('town.revokeToken', { token: line }),
] as const

export const townFacts = [
  named('TownInstalled', town),
  named('TownStarted', { version: line, downMs: count }),
  named('TownWoke', { sleptMs: count }),
  named('TownStopped', { reason: line }),
  named('RecordsErased', erasure),
  named('TownSettingChanged', { key: line, value: z.json() }),
  named('TokenGiven', token),
  named('TokenRevoked', { token: line }),
] as const

const rig = {
  rig: rigName,
  prefix: line,
  remote,
  /** The person's own repository on this machine, or null. */
  source: line.nullable(),
  target: line,
  /** Settings the rig begins with; a proposed gate is among them. */
  settings: z.record(z.string(), z.json()),
}

export const rigMessages = [
  named('rig.add', rig),
  named('rig.cloned', { head: objectName }),
  named('rig.notCloned', failure),
  named('rig.set', { key: line, value: z.json() }),
  /** A rule of `permissions.rules` more, from a decision that was answered for always. */
  named('rig.addRule', { rule: permissionRule }),
] as const

export const rigFacts = [
  named('RigAdded', rig),
  named('RigReady', { rig: rigName, head: objectName }),
  named('RigFailed', { rig: rigName, ...failure }),
  named('RigSettingChanged', { rig: rigName, key: line, value: z.json() }),
] as const

export const rigEffects = {
  'rig.clone': effect({
    params: z.strictObject({ rig: rigName, remote, target: line }),
    settle: 'repeatable',
    deadlineMs: 30 * 60_000,
  }),
}
