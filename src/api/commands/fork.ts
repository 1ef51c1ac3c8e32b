// What a fork is made of. The fork itself is made by whoever asks, in a process of its own: it takes minutes, starts git
// and writes another log, and the town goes on meanwhile.

import { z } from 'zod'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { seqAt } from '../moment.ts'
import { recordAt } from '../shapes.ts'

const fork = command({
  name: 'fork',
  summary: 'Says what a fork as of `at` is made of: the record it is after, and how much there is up to it.',
  who: 'operator',
  input: z.strictObject({ at: z.string().min(1).max(60) }),
  async run({ town, input }) {
    const upTo = await seqAt(town.log, input.at, town.clock.now())
    const record = upTo === 0 ? null : await recordAt(town, upTo)
    if (record === null)
      throw new Fault('POSITION_INVALID', `There was no town yet at ${JSON.stringify(input.at)}.`)
    const { records, bytesOfLines } = await town.log.stats()
    return {
      parent: { townId: town.townId, name: town.name, dir: town.dir },
      upTo,
      at: record.at,
      bytes: Math.ceil((bytesOfLines * upTo) / Math.max(1, records)),
      seq: town.system.seq,
    }
  },
})

export const forkCommands = [fork]
