// Which processes of a town are still there.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { claim } from './stage.ts'

/** Claims that the town, which is down, has left none. */
export function claimNoneLeft(dir: string, townId: string): void {
  const left = processesOf(dir, townId)
  claim(left.length === 0, `No process of the town should be left, but these are: ${left.join(', ')}.`)
}

/** Processes, other than this one, whose command line or environment names the town's folder or its id. */
function processesOf(dir: string, townId: string): number[] {
  const marks = [dir, `GT_TOWN_ID=${townId}`]
  return all()
    .filter(({ pid, text }) => pid !== process.pid && marks.some((mark) => text.includes(mark)))
    .map(({ pid }) => pid)
}

function all(): { pid: number; text: string }[] {
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({
        pid: Number(name),
        text: read(`/proc/${name}/cmdline`) + read(`/proc/${name}/environ`),
      }))
  }
  const { stdout } = spawnSync('ps', ['-axwwE', '-o', 'pid=,command='], { encoding: 'utf8' })
  return (stdout ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !line.includes(' ps -axwwE'))
    .map((line) => ({ pid: Number.parseInt(line, 10), text: line }))
}

/** One that has ended meanwhile has nothing to read. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
