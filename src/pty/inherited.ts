// Descriptors that whoever started us left open by accident.
//
// Always: what Node opened itself is marked close-on-exec and stays; standard ones and `keep` stay.

import { closeSync, readdirSync, readFileSync } from 'node:fs'

/** O_CLOEXEC as /proc/<pid>/fdinfo writes it. */
const CLOSE_ON_EXEC = 0o2000000

/** Closes the others: a pipe that we hold would keep its reader waiting for as long as agents live. Linux only. */
export function closeInherited(keep: readonly number[]): void {
  let names: string[]
  try {
    names = readdirSync('/proc/self/fd')
  } catch {
    return
  }
  for (const descriptor of names.map(Number)) {
    if (descriptor <= 2 || keep.includes(descriptor)) continue
    try {
      const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')
      const flags = Number.parseInt(/^flags:\s+(\d+)/m.exec(info)?.[1] ?? '', 8)
      if ((flags & CLOSE_ON_EXEC) === 0) closeSync(descriptor)
    } catch {
      // It was the one that listed the folder.
    }
  }
}
