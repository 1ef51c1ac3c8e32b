// Calls of hooks that nobody answered: their launcher leaves them in files, and they are heard later.
//
//   <session's folder>/unheard/<ms>.<pid>.json    {"event": "Stop", "input": {...}}

import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { HookCall } from '../../ports/presets.ts'

/** Calls that are read at a time; a launcher leaves no more. */
const CALLS_MAX = 1_000

/** Hands over each call that was left, oldest first, and removes its file after that. `name` is unique. */
export async function eachUnheard(
  folder: string,
  hear: (call: HookCall, name: string) => Promise<void>,
): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  const left = names.filter((name) => name.endsWith('.json')).sort()
  for (const name of left.slice(0, CALLS_MAX)) {
    const path = join(folder, name)
    const call = parsed(await readFile(path, 'utf8').catch(() => ''))
    if (call !== null) await hear(call, name.slice(0, -'.json'.length))
    await rm(path, { force: true })
  }
}

/** What is cut off, or no call, is nothing. */
function parsed(text: string): HookCall | null {
  try {
    const { event, input } = JSON.parse(text) as { event?: unknown; input?: unknown }
    return typeof event === 'string' ? { event, input } : null
  } catch {
    return null
  }
}
