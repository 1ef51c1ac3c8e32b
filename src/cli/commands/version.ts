// gt version.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from '../command.ts'

export const version: Command = {
  name: 'version',
  summary: 'the version of gt and of its Node',
  usage: '',
  words: [0, 0],
  async run({ out }) {
    const own = packageVersion()
    out.answer({
      json: { version: own, node: process.version },
      ids: [own],
      lines: () => [`gt ${own} (Node ${process.version})`],
    })
  },
}

/** From package.json, wherever this file lies below it: as source or built. */
function packageVersion(): string {
  for (let dir = import.meta.dirname; ; dir = dirname(dir)) {
    try {
      return (JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { version: string }).version
    } catch (error) {
      if (dirname(dir) === dir) throw error
    }
  }
}
