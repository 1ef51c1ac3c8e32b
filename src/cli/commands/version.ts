// gt version: of this gt, and of what a town runs.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { hasCode } from '../../client/fault.ts'
import { findTown } from '../../client/find-town.ts'
import { type Call, type Command, textOf } from '../command.ts'

export const version: Command = {
  name: 'version',
  summary: 'the version of gt and of its Node',
  usage: '',
  words: [0, 0],
  async run(call) {
    const own = packageVersion()
    const town = await versionsOfTown(call)
    call.out.answer({
      json: { version: own, node: process.version, town },
      ids: [own],
      lines: () => [`gt ${own} (Node ${process.version})`, ...(town === null ? [] : lines(town))],
    })
  },
}

type Versions = Awaited<ReturnType<typeof import('../../client/embedded.ts')['townVersions']>>

/** null where no town is meant. */
async function versionsOfTown(call: Call): Promise<({ readonly dir: string } & Versions) | null> {
  const named = textOf(call, 'town')
  try {
    const { dir } = findTown(named, call.cwd, call.env)
    const { townVersions } = await import('../../client/embedded.ts')
    return { dir, ...(await townVersions(dir)) }
  } catch (error) {
    const none = named === undefined && (hasCode(error, 'NO_TOWN') || hasCode(error, 'TOWN_NOT_CHOSEN'))
    if (none) return null
    throw error
  }
}

function lines({
  dir,
  own,
  kept,
  daemon,
  host,
  restartChanges,
}: { readonly dir: string } & Versions): string[] {
  const named = (version: string | null, program: string | null) =>
    `gt ${version ?? '(unknown)'} (${program?.slice(0, 8) ?? 'from sources'})`
  const at = (what: typeof daemon) =>
    what === null ? 'not up' : `${named(what.version, what.program)}, pid ${what.pid}`
  return [
    `this gt      ${named(own.version, own.program)}, ${own.dir}`,
    `the town     ${kept === null ? 'has no copy yet' : named(kept.version, kept.program)}, ${dir}`,
    `its daemon   ${at(daemon)}`,
    `its host     ${at(host)}`,
    ...(restartChanges ? ['gt restart lets the daemon run this gt; agents go on.'] : []),
  ]
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
