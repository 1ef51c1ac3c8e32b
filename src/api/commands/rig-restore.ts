// A rig whose folder was removed by hand: its repositories are made again from its remote.
//
// Always:    only where nothing is left. What is left of a folder may be all that there is of somebody's work. No owner
//            changes by it, so it leaves no record: what lies in the folder is made of the remote, as at the beginning.

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { findRig } from '../resolve.ts'

const restore = command({
  name: 'rig.restore',
  summary: 'Makes the repositories of a rig (project) again whose folder was removed by hand.',
  who: 'operator',
  input: z.strictObject({ rig: z.string().min(1).max(64) }),
  async run({ town, input }) {
    const { name, remote, target, state } = findRig(town.projections, input.rig)
    if (state !== 'active') throw new Fault('RIG_NOT_FOUND', `The rig ${name} was never ready.`)
    if (town.repositories === null)
      throw new Fault('DAEMON_DOWN', 'The town is not up, so no repository can be made.')
    const folder = join(town.dir, 'rigs', name)
    if (existsSync(join(folder, 'refinery/ready')))
      return { rig: name, restored: false, seq: town.system.seq }
    if (existsSync(folder) && readdirSync(folder).length > 0)
      throw new Fault('RIG_FOLDER_LEFT', `Something of ${name} is left in ${folder}.`)
    const { head } = await town.repositories.cloneRig({ rig: name, remote, target: target.branch })
    return { rig: name, restored: true, head, seq: town.system.seq }
  },
})

export const rigRestoreCommands = [restore]
