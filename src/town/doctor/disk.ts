// Room on the disk of a town, and whether it may be written to.

import { access, constants } from 'node:fs/promises'
import { floorBytes, sizeText } from '../../events/disk-floor.ts'
import type { Disk } from '../../ports/disk.ts'
import { townFiles } from '../files.ts'
import { machineDisk } from '../room.ts'
import { type Check, type Examined, type Found, notChecked, ok, reasonOf } from './types.ts'

export const diskChecks: readonly Check[] = [
  { group: 'disk', name: 'disk.room', run: (town) => roomIsLeft(town) },
  { group: 'disk', name: 'disk.writable', run: mayWrite },
]

export async function roomIsLeft({ dir, known }: Examined, disk: Disk = machineDisk): Promise<Found> {
  let room: Awaited<ReturnType<Disk['room']>>
  try {
    room = await disk.room(dir)
  } catch (error) {
    return notChecked(reasonOf(error))
  }
  const floor = floorBytes(known?.settings['disk.floor'], room.totalBytes)
  const free = `${sizeText(room.freeBytes)} of ${sizeText(room.totalBytes)} are free`
  const cure = 'make room on the disk of the town, or lower the floor: gt config set disk.floor <size>'
  if (room.filesFree === 0)
    return {
      state: 'error',
      sentence: 'The disk of the town can take no more files.',
      cure: 'remove files on it',
    }
  if (room.freeBytes < floor)
    return {
      state: 'error',
      sentence: `${free}, less than disk.floor (${sizeText(floor)}): no new work begins.`,
      cure,
    }
  if (room.freeBytes < 2 * floor)
    return {
      state: 'warning',
      sentence: `${free}; below ${sizeText(floor)} (disk.floor) no new work begins.`,
      cure,
    }
  return ok(`${free}; the floor is ${sizeText(floor)}.`)
}

async function mayWrite({ dir }: Examined): Promise<Found> {
  const { own, log, sessions, rigs, mayor } = townFiles(dir)
  const refused: string[] = []
  for (const folder of [dir, own, log, sessions, rigs, mayor])
    await access(folder, constants.W_OK).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') refused.push(`${folder}: ${error.code}`)
    })
  if (refused.length === 0) return ok('The folders of the town can be written to.')
  return {
    state: 'error',
    sentence: 'The town cannot write to its own folders.',
    items: refused,
    cure: 'give the folders back to their owner, or mount the disk for writing',
  }
}
