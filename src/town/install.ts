// Making a town: its folder, its secrets, its log, and the first record.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createLog } from '../../eventlog/index.ts'
import { machineAt } from '../actors/index.ts'
import { OVERSEER, TOWN } from '../events/address.ts'
import type { Json } from '../events/record.ts'
import { openSystem } from '../system/system.ts'
import { makeTokens } from './access/tokens.ts'
import { machineClock, machineIds } from './clock.ts'
import { LAYOUT, SOCKET_PATH_BYTES_MAX, townFiles } from './files.ts'
import { TownError } from './town-error.ts'

export type Installation = {
  readonly dir: string
  readonly name: string
  readonly owner: { readonly name: string; readonly email: string }
  readonly settings: { readonly [key: string]: Json }
}

/**
 * Makes a town in an empty or new folder.
 * @throws {TownError} FOLDER_NOT_EMPTY, SOCKET_PATH_TOO_LONG
 */
export async function installTown(wanted: Installation): Promise<{ readonly townId: string }> {
  const dir = resolve(wanted.dir)
  const files = townFiles(dir)
  checkSocketPath(dir)
  mkdirSync(dir, { recursive: true })
  if (readdirSync(dir).length > 0) {
    throw new TownError('FOLDER_NOT_EMPTY', `${dir} is not empty, and a town needs a folder of its own.`)
  }
  mkdirSync(files.sessions, { recursive: true, mode: 0o700 })
  // Clones and worktrees are files like any of the person's, in a folder that others do not enter.
  mkdirSync(files.rigs, { mode: 0o700 })
  makeTokens(dir)
  const townId = machineIds.random(12)
  const { name, owner, settings } = wanted
  const log = await createLog(files.log)
  try {
    const system = await openSystem({ log, clock: machineClock, machines: machineAt, onRecord: () => {} })
    await system.take({
      id: `install.${townId}`,
      by: OVERSEER,
      messages: [{ to: TOWN, message: { type: 'town.install', townId, name, owner, settings } }],
    })
    await system.close()
  } finally {
    await log.close()
  }
  // Last: from here on the folder is a town.
  const identity = { townId, name, layout: LAYOUT }
  writeFileSync(files.identity, `${JSON.stringify(identity, null, 2)}\n`, { mode: 0o644, flag: 'wx' })
  return { townId }
}

/** A longer path would be cut in silence, and two towns could meet on one socket. */
export function checkSocketPath(dir: string): void {
  const { socket } = townFiles(dir)
  const bytes = Buffer.byteLength(socket)
  if (bytes > SOCKET_PATH_BYTES_MAX) {
    throw new TownError(
      'SOCKET_PATH_TOO_LONG',
      `The path of the town's socket would have ${bytes} bytes, and ${SOCKET_PATH_BYTES_MAX} are safe.`,
    )
  }
}
