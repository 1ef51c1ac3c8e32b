// The command line of a hook: the launcher that posts what a runtime says to the town.
//
// Always:    chosen once a session: Perl, which starts in a few ms and is nearly everywhere, else Node.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Preset } from '../../ports/presets.ts'
import { onPath } from './runtimes.ts'

/**
 * How long it waits for the town, and what it does without an answer. `tell`: 200 ms, then what it had to say is left
 * in a file. `prompt`: the same after 2 s. `guard`: 200 ms, then it refuses when the session is guarded. `ask`: as long
 * as the runtime waits, over a restart of the town.
 */
export type HookMode = 'tell' | 'prompt' | 'guard' | 'ask'

/** The preset itself tells what waits for its answer. */
export function hookMode(preset: Preset, event: string): HookMode {
  const { asks, guards, prompt } = preset.hear({ event, input: { prompt: 'x' } })
  if (asks !== null) return 'ask'
  if (guards !== null) return 'guard'
  return prompt === null ? 'tell' : 'prompt'
}

/** For a shell. `bin` is the folder of the `gt` that sessions find first. */
export function hookCommand(
  preset: Preset,
  { bin, env }: { readonly bin: string; readonly env: Readonly<Record<string, string | undefined>> },
): (event: string) => string {
  const perl = onPath('perl', env)
  const launcher = perl === null ? [nodeBeside(bin), join(bin, 'gt-hook.mjs')] : [perl, join(bin, 'gt-hook')]
  const quotedLauncher = launcher.map(quoted).join(' ')
  return (event) => `${quotedLauncher} ${hookMode(preset, event)} ${quoted(event)}`
}

/** By a path that outlives the program that runs us: a session may see several. */
function nodeBeside(bin: string): string {
  const node = join(bin, '../node_modules/node/bin/node')
  return existsSync(node) ? node : process.execPath
}

const quoted = (text: string): string =>
  /^[\w./+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
