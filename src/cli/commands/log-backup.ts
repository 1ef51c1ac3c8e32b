// gt log backup: a copy of the log, checked.

import { resolve } from 'node:path'
import type { Command } from '../command.ts'

type Backup = { dir: string; logSeq: number; version: string | null }

export const logBackup: Command = {
  name: 'log backup',
  summary: 'copies the log, and checks the copy',
  usage: '[folder]',
  where: 'person',
  words: [0, 1],
  async run(call) {
    const [named] = call.words
    const to = named === undefined ? {} : { dir: resolve(call.cwd, named) }
    const backup = await call.town().command<Backup>('log.backup', to)
    call.out.answer({
      json: backup,
      ids: [backup.dir],
      lines: () => [`All ${backup.logSeq} records are in ${backup.dir}, as they were written.`],
    })
  },
}
