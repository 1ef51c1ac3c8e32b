// gt log export: every record as one line, byte for byte as it is kept.

import { open, rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ClientFault } from '../../client/fault.ts'
import { type Call, type Command, numberOf, textOf } from '../command.ts'

type Page = { readonly lines: readonly string[]; readonly next: number; readonly seq: number }

export const logExport: Command = {
  name: 'log export',
  summary: 'every record as one line of JSON',
  usage: '[file]',
  where: 'person',
  words: [0, 1],
  options: { after: { type: 'number', value: '<record>', help: 'only what came after this record' } },
  async run(call) {
    const [named] = call.words
    if (named === undefined || named === '-') {
      await eachPage(call, async (text) => call.out.raw(text))
      return
    }
    const file = resolve(call.cwd, named)
    const written = await intoFile(file, (write) => eachPage(call, write))
    call.out.answer({
      json: { file, ...written },
      ids: [file],
      lines: () => [`${written.records} records, up to ${written.to}, are in ${file}.`],
    })
  },
}

/** A page at a time: an export of any size takes little memory. */
async function eachPage(
  call: Call,
  write: (text: string) => Promise<void>,
): Promise<{ readonly records: number; readonly to: number }> {
  const town = call.town()
  let at = textOf(call, 'at')
  let after = numberOf(call, 'after') ?? 0
  let records = 0
  for (;;) {
    const { lines, next, seq } = await town.get<Page>('/v1/log/lines', { after, at })
    // What is written meanwhile is not part of it, and `15m` ago is the same moment for every page.
    at = String(seq)
    if (lines.length === 0) return { records, to: records === 0 ? after : next }
    await write(`${lines.join('\n')}\n`)
    records += lines.length
    after = next
  }
}

/** Whole or not at all. @throws {ClientFault} FILE_EXISTS */
async function intoFile<T>(
  file: string,
  fill: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const draft = `${file}.writing-${process.pid}`
  const target = await open(file, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EEXIST') throw new ClientFault('FILE_EXISTS', `${file} is there already.`, { cause })
    throw cause
  })
  await target.close()
  try {
    const to = await open(draft, 'wx', 0o600)
    try {
      const result = await fill(async (text) => {
        await to.writeFile(text)
      })
      await to.sync()
      await rename(draft, file)
      return result
    } finally {
      await to.close()
    }
  } catch (error) {
    await rm(draft, { force: true })
    await rm(file, { force: true })
    throw error
  }
}
