// What is asked of the log as a whole: replay it, halve it, check it.

import { z } from 'zod'
import { command } from '../command.ts'
import { seqAt } from '../moment.ts'

const replay = command({
  name: 'replay',
  summary: 'Rebuilds all state from the log; `verify` decides everything again and compares.',
  who: 'operator',
  input: z.strictObject({
    to: z.string().max(60).optional(),
    verify: z.boolean().default(false),
    /** Absolute path of a folder that gets the rebuilt state. */
    into: z.string().min(1).max(4_000).startsWith('/', 'an absolute path').optional(),
  }),
  async run({ town, input, signal, onProgress }) {
    const to = input.to === undefined ? null : await seqAt(town.log, input.to, town.clock.now())
    const asked = { to, verify: input.verify, into: input.into ?? null }
    const report = await town.replay(asked, { signal, onProgress })
    return { ...report, seq: town.system.seq }
  },
})

const bisect = command({
  name: 'bisect',
  summary: 'Finds a record at which an expression about the town turns from false to true.',
  who: 'operator',
  input: z.strictObject({
    /** JSONata over the lists of the API: `beads[id="sh-4f"].status = "closed"`. */
    when: z.string().min(1).max(10_000),
    from: z.string().max(60).optional(),
    to: z.string().max(60).optional(),
    /** The first turn after `from`, in one pass over all records. */
    first: z.boolean().default(false),
  }),
  async run({ town, input, signal, onProgress }) {
    const seqOf = async (moment: string | undefined, otherwise: number) =>
      moment === undefined ? otherwise : seqAt(town.log, moment, town.clock.now())
    const from = await seqOf(input.from, 0)
    const to = await seqOf(input.to, town.log.head.seq)
    return await town.bisect({ when: input.when, from, to, first: input.first }, { signal, onProgress })
  },
})

const verify = command({
  name: 'log.verify',
  summary: 'Checks every record: checksums, gaps, chain, head.',
  who: 'operator',
  input: z.strictObject({}),
  run: async ({ town, signal }) => ({ ...(await town.log.verify({ signal })), seq: town.system.seq }),
})

const compact = command({
  name: 'log.compact',
  summary:
    'Seals what can be sealed and gives back room; `archive` puts old records away in files. No record changes.',
  who: 'operator',
  input: z.strictObject({
    /** Records up to this moment go to archive files, as far as they are sealed. */
    archive: z.string().max(60).optional(),
  }),
  async run({ town, input }) {
    const to = input.archive === undefined ? 0 : await seqAt(town.log, input.archive, town.clock.now())
    const { bytesOnDisk: bytesBefore } = await town.log.stats()
    const { segments } = await town.log.compact()
    const { entries: newlyArchived } = to === 0 ? { entries: 0 } : await town.log.archive(to)
    const { records, sealed, archived, archives, bytesOnDisk } = await town.log.stats()
    return {
      records,
      sealed,
      newlySealed: segments * 512,
      archived,
      archives,
      newlyArchived,
      bytesBefore,
      bytesOnDisk,
      seq: town.system.seq,
    }
  },
})

const backup = command({
  name: 'log.backup',
  summary: 'Copies the log to a folder, and checks the copy.',
  who: 'operator',
  input: z.strictObject({
    /** Empty or not there; the town's own folder of backups when not said. */
    dir: z.string().min(1).max(4_000).startsWith('/', 'an absolute path').optional(),
  }),
  async run({ town, input }) {
    const { dir, seq, at, version } = await town.backUp(input.dir ?? null)
    return { dir, logSeq: seq, at, version, seq: town.system.seq }
  },
})

export const pastCommands = [replay, bisect, verify, backup, compact]
