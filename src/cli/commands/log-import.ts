// gt log import: a log out of an export, in a folder of its own.

import { resolve } from 'node:path'
import type { Command } from '../command.ts'

export const logImport: Command = {
  name: 'log import',
  summary: 'makes a log out of an export',
  usage: '<file> <folder>',
  where: 'person',
  words: [2, 2],
  async run(call) {
    const [file, dir] = call.words as [string, string]
    const { importLog } = await import('../../client/embedded.ts')
    const imported = await importLog(
      file === '-' ? file : resolve(call.cwd, file),
      resolve(call.cwd, dir),
      (records) => call.out.passing(`${records} records`),
    )
    call.out.passing(null)
    call.out.answer({
      json: imported,
      ids: [imported.dir],
      lines: () => [
        `A log of ${imported.records} records is in ${imported.dir}; its export is the same file again.`,
        `To check it: gt log verify --dir ${imported.dir}`,
      ],
    })
  },
}
